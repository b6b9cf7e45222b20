# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The attacker who sees which action a clip shows and how long it takes, nothing else."""

from __future__ import annotations

import numpy as np
import torch

from mmskanon.audit.clips import View
from mmskanon.registry import ATTACKERS

from .base import Attacker, FitReport, Scores
from .class_aware import by_action, class_log_posterior, squared_distances

_BANDWIDTH = 0.1


@ATTACKERS.register_module()
class Duration(Attacker):
    """Names people by how long they take for an action: kernel densities of the logarithm of the number of frames.

    Whoever keeps the number of frames gives this away, whatever becomes of the skeletons. It does not count for the verdict, for the other
    attackers see the number of frames as well; it tells how much of what they find is that.

    Args:
        device (str): Not used. Defaults to ``'cpu'``.
    """

    family = 'content: action and number of frames alone'
    counts = False

    def fit(
        self,
        view: View,
        labels: np.ndarray,
        num_classes: int,
        seed: int,
        start: dict[str, torch.Tensor] | None = None,
    ) -> FitReport:
        """Remember the durations; see :meth:`Attacker.fit`."""
        self.actions, self.labels, self.num_classes = view.actions, labels, num_classes
        self.durations = np.log(view.num_frames())[:, None]
        answers = self.score(view).log_posterior.argmax(axis=1)
        return FitReport(float((answers == labels).mean()), True, 'nothing to train')

    def score(self, view: View) -> Scores:
        """Judge clips by their durations; see :meth:`Attacker.score`."""
        durations = np.log(view.num_frames())[:, None]
        out = np.empty((len(view), self.num_classes), np.float32)
        for action, rows in by_action(view.actions):
            known = self.actions == action
            known = known if known.any() else np.ones(len(known), bool)
            distances = squared_distances(durations[rows], self.durations[known])
            out[rows] = class_log_posterior(
                distances, self.labels[known], self.num_classes, _BANDWIDTH, 'kernel'
            )
        return Scores(out, np.exp(out))
