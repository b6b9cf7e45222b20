# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Linear attackers on what is left of a clip when the mean of its action has been taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mmskanon.audit.clips import FeatureFunction, View
from mmskanon.audit.features import (
    anthropometric_features,
    centred_position,
    kinematic_features,
    motion_residual,
    speed_profile,
)
from mmskanon.registry import ATTACKERS

from .base import FitReport, Scores
from .statistics import StatisticsAttacker

TABLES: dict[str, FeatureFunction] = {
    'anthropometrics': anthropometric_features,
    'kinematics': kinematic_features,
    'motion_residual': motion_residual,
    'speed_profile': speed_profile,
    'centred_position': centred_position,
}


class ClassMeans:
    """The mean of each action in a table of features."""

    def fit(self, table: np.ndarray, actions: np.ndarray) -> ClassMeans:
        """Learn from a table (n, D) and the actions of its clips (n,)."""
        self.actions, inverse = np.unique(actions, return_inverse=True)
        self.means = np.zeros((len(self.actions) + 1, table.shape[1]))
        for number in range(len(self.actions)):
            self.means[number] = table[inverse == number].mean(axis=0, dtype=np.float64)
        self.means[-1] = table.mean(axis=0, dtype=np.float64)
        self.means = self.means.astype(np.float32)
        return self

    def remove(self, table: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Take out the mean of each clip's action, or of all clips where the action was not learned: shape (n, D)."""
        at = np.searchsorted(self.actions, actions)
        at[self.actions[np.minimum(at, len(self.actions) - 1)] != actions] = len(self.actions)
        return table - self.means[at]


@ATTACKERS.register_module()
class ClassCentred(StatisticsAttacker):
    """Names people by how their clips differ from the mean of the action.

    Args:
        tables (Sequence[str]): Features, see :data:`TABLES`. Defaults to kinematic statistics, anthropometrics
            and speed profiles.
        classifier (str): Name of a classifier, see :class:`~mmskanon.audit.attackers.statistics.TableClassifier`. Defaults to
            ``'logistic'``.
        options (dict, optional): Further arguments of the classifier in scikit-learn. Defaults to None.
        components (int): Principal components kept where there are more features. Defaults to 256.
        device (str): Not used. Defaults to ``'cpu'``.
    """

    family = 'class-centred linear models'

    def __init__(
        self,
        tables: Sequence[str] = ('kinematics', 'anthropometrics', 'speed_profile'),
        classifier: str = 'logistic',
        options: dict[str, Any] | None = None,
        components: int = 256,
        device: str = 'cpu',
    ) -> None:
        super().__init__(classifier, options, components, device)
        unknown = sorted(set(tables) - set(TABLES))
        if unknown or not tables:
            raise ValueError(
                f'tables of ClassCentred must be some of {sorted(TABLES)}, found {unknown or "none"}'
            )
        self.tables = tuple(tables)

    def features(self, view: View) -> np.ndarray:
        """The tables side by side, shape (n, D)."""
        return np.concatenate([view.features(name, TABLES[name]) for name in self.tables], axis=1)

    def fit(
        self,
        view: View,
        labels: np.ndarray,
        num_classes: int,
        seed: int,
        start: dict[str, torch.Tensor] | None = None,
    ) -> FitReport:
        """Learn from clips; see :meth:`Attacker.fit`."""
        table = self.features(view)
        self.means = ClassMeans().fit(table, view.actions)
        return self.table.fit(self.means.remove(table, view.actions), labels, num_classes, seed)

    def score(self, view: View) -> Scores:
        """Judge clips; see :meth:`Attacker.score`."""
        table = self.means.remove(self.features(view), view.actions)
        return Scores(self.table.log_posterior(table), self.table.embedding(table))
