# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The baseline that sees no skeleton, only which action a clip shows."""

from __future__ import annotations

import numpy as np
import torch

from mmskanon.audit.clips import View
from mmskanon.registry import ATTACKERS

from .base import Attacker, FitReport, Scores


@ATTACKERS.register_module()
class ContentBaseline(Attacker):
    """Answers with how often each class showed the action of the clip in training.

    One clip of each class is added to those counted (Laplace). What it reaches is no fault of an anonymizer that keeps the action.

    Args:
        device (str): Not used. Defaults to ``'cpu'``.
    """

    family = 'content: the action label alone'
    counts = False

    def fit(
        self,
        view: View,
        labels: np.ndarray,
        num_classes: int,
        seed: int,
        start: dict[str, torch.Tensor] | None = None,
    ) -> FitReport:
        """Count; see :meth:`Attacker.fit`."""
        counts = np.ones((view.num_actions, num_classes))
        np.add.at(counts, (view.actions, labels), 1)
        self.log_share = np.log(counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
        right = self.log_share[view.actions].argmax(axis=1) == labels
        return FitReport(float(right.mean()), True, 'counted')

    def score(self, view: View) -> Scores:
        """Judge clips by their actions; see :meth:`Attacker.score`."""
        log_posterior = self.log_share[view.actions]
        return Scores(log_posterior, np.exp(log_posterior))
