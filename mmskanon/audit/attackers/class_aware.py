# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Attackers that compare a clip with clips of the same action only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.special import logsumexp
from sklearn.decomposition import PCA

from mmskanon.audit.clips import FeatureFunction, View
from mmskanon.audit.features import centred_position, motion_residual, speed_profile
from mmskanon.registry import ATTACKERS

from .base import Attacker, FitReport, Scores
from .class_centred import ClassMeans

SPACES: dict[str, tuple[tuple[str, FeatureFunction], ...]] = {
    'residual': (('motion_residual', motion_residual),),
    'speed': (('speed_profile', speed_profile),),
    'both': (('motion_residual', motion_residual), ('speed_profile', speed_profile)),
    'position': (('centred_position', centred_position),),
}
"""What clips are compared by: tables of features, each weighted so that it counts as much as the others."""
KINDS = ('nearest', 'kernel', 'far')
_BANDWIDTHS = (0.15, 0.25, 0.4, 0.6, 0.9, 1.3, 2.0)
_FLOOR = 1e-4
_COMPONENTS = 96
_CHUNK = 2048
_FOLDS = 4


class Space:
    """A space in which clips are compared, of few dimensions.

    Args:
        name (str): One of :data:`SPACES`.
    """

    def __init__(self, name: str) -> None:
        if name not in SPACES:
            raise ValueError(f'a space must be one of {sorted(SPACES)}, found {name!r}')
        self.name = name

    def fit(self, view: View, seed: int) -> np.ndarray:
        """Learn scale and main directions from clips, and place them: shape (n, D), float32."""
        some = view[np.sort(np.random.default_rng(seed).permutation(len(view))[:4000])]
        self.parts: list[tuple[str, FeatureFunction, float, PCA]] = []
        for name, function in SPACES[self.name]:
            table = some.features(name, function)
            limit = max(min(_COMPONENTS, len(table) - 1, table.shape[1]), 1)
            pca = PCA(limit, svd_solver='randomized', random_state=seed).fit(table)
            scale = float(np.sqrt(table.var(axis=0, dtype=np.float64).sum())) + 1e-9
            self.parts.append((name, function, scale, pca))
        return self.place(view)

    def place(self, view: View) -> np.ndarray:
        """Place clips, shape (n, D), float32."""
        rows = []
        for first in range(0, len(view), _CHUNK):
            some = view[first : first + _CHUNK]
            parts = [pca.transform(some.features(n, f)) / s for n, f, s, pca in self.parts]
            rows.append(np.concatenate(parts, axis=1).astype(np.float32))
        return np.concatenate(rows)


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of rows (n, D) and (m, D), shape (n, m), float64."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    square = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.maximum(square, 0)


def class_log_posterior(
    distances: np.ndarray, labels: np.ndarray, num_classes: int, bandwidth: float, kind: str
) -> np.ndarray:
    """Log-probabilities of the classes from distances to clips of known class.

    The density of a class is a Gaussian kernel estimate, or that of its nearest clip alone; with ``'far'`` its logarithm grows with the mean
    squared distance to its clips, for methods that make clips of a person unlike, by which they are found as well. All classes are
    taken to be as frequent as one another. A share of 1e-4 goes to all classes alike, so that no class is ruled out.

    Args:
        distances (np.ndarray): Squared distances of n clips to m, infinite where one must not be used, shape (n, m).
        labels (np.ndarray): Class of each of the m, shape (m,).
        num_classes (int): Number of classes K.
        bandwidth (float): Standard deviation of the kernel.
        kind (str): ``'kernel'``, ``'nearest'`` or ``'far'``.

    Returns:
        np.ndarray: Shape (n, K).
    """
    exponent = -distances / (2 * bandwidth**2)
    density = np.full((len(distances), num_classes), -np.inf)
    for label in np.unique(labels):
        own = exponent[:, labels == label]
        usable = np.isfinite(own).sum(axis=1)
        with np.errstate(
            divide='ignore', invalid='ignore'
        ):  # nothing of that class to compare with
            if kind == 'nearest':
                density[:, label] = own.max(axis=1)
            elif kind == 'kernel':
                density[:, label] = logsumexp(own, axis=1) - np.log(usable)
            else:
                density[:, label] = -np.where(np.isfinite(own), own, 0).sum(axis=1) / usable
    density = np.where(np.isnan(density), -np.inf, density)
    nobody = ~np.isfinite(density).any(axis=1)
    density[nobody] = 0
    posterior = np.exp(density - logsumexp(density, axis=1, keepdims=True))
    return np.log((1 - _FLOOR) * posterior + _FLOOR / num_classes)


@ATTACKERS.register_module()
class ClassAware(Attacker):
    """Names people by how they carry out an action, against clips of that action alone.

    Space, kind and bandwidth are those that name the training clips best by training clips of other folds; a class has its first
    take of an action in the first fold, its second in the second, so that it never shows by a clip that is missing. Where nobody shows an
    action twice, they are those that name up to 2048 of them best by clips of other actions, all less the mean of their action. Where an action
    has no training clip, all of them are compared. The training accuracy is that of the clips left out; the embedding is
    the place in that space from the mean of the action.

    Args:
        spaces (Sequence[str]): Spaces to choose from, see :data:`SPACES`. Defaults to all.
        kinds (Sequence[str]): Some of ``'nearest'``, ``'kernel'`` and ``'far'``. Defaults to all.
        device (str): Not used. Defaults to ``'cpu'``.
    """

    family = 'class-aware neighbours and densities'

    def __init__(
        self,
        spaces: Sequence[str] = tuple(SPACES),
        kinds: Sequence[str] = KINDS,
        device: str = 'cpu',
    ) -> None:
        super().__init__(device)
        unknown = sorted(set(kinds) - set(KINDS))
        if unknown or not kinds or not spaces:
            raise ValueError(
                f'ClassAware needs spaces among {sorted(SPACES)} and kinds among {KINDS}, found {spaces} and {kinds}'
            )
        self.spaces, self.kinds = [Space(name) for name in spaces], tuple(kinds)

    def fit(
        self,
        view: View,
        labels: np.ndarray,
        num_classes: int,
        seed: int,
        start: dict[str, torch.Tensor] | None = None,
    ) -> FitReport:
        """Learn from clips; see :meth:`Attacker.fit`."""
        self.labels, self.actions, self.num_classes = labels, view.actions, num_classes
        folds = _folds(view, labels)
        repeated = folds.any()
        tries, best = [], None
        for space in self.spaces:
            places = space.fit(view, seed)
            unit = _typical_distance(places, view.actions)
            widths = [unit * factor for factor in _BANDWIDTHS]
            some = places, labels, view.actions, folds
            if not repeated:
                chosen = np.random.default_rng(seed).permutation(len(view))[:_CHUNK]
                centred = ClassMeans().fit(places, view.actions).remove(places, view.actions)
                some = centred[chosen], labels[chosen], np.zeros(len(chosen), int)
                some += (view.actions[chosen],)
            judged = cross_validate(*some, num_classes, widths, self.kinds)
            for kind in self.kinds:
                width = max(widths, key=lambda w, kind=kind: judged[kind, w][1])
                right, likelihood = judged[kind, width]
                tries.append(
                    dict(space=space.name, kind=kind, bandwidth=width, train_accuracy=right)
                )
                if best is None or (right, likelihood) > best[0]:
                    best = ((right, likelihood), space, kind, width, places)
        (accuracy, _), self.space, self.kind, self.bandwidth, self.places = best
        self.means = ClassMeans().fit(self.places, view.actions)
        how = f'nothing to train: {self.kind} in the space {self.space.name!r}, chosen on training clips left out'
        return FitReport(accuracy, True, how, 0, tries)

    def score(self, view: View) -> Scores:
        """Judge clips; see :meth:`Attacker.score`."""
        places = self.space.place(view)
        out = np.empty((len(view), self.num_classes), np.float32)
        for action, rows in by_action(view.actions):
            known = self.actions == action
            known = known if known.any() else np.ones(len(known), bool)
            for part in np.array_split(rows, len(rows) // _CHUNK + 1):
                out[part] = class_log_posterior(
                    squared_distances(places[part], self.places[known]),
                    self.labels[known],
                    self.num_classes,
                    self.bandwidth,
                    self.kind,
                )
        return Scores(out, self.means.remove(places, view.actions))


def by_action(actions: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Each action with the positions of its clips."""
    return [(int(action), np.flatnonzero(actions == action)) for action in np.unique(actions)]


def _typical_distance(places: np.ndarray, actions: np.ndarray) -> float:
    """Median distance of a clip to the nearest other of its action."""
    nearest = []
    for _, rows in by_action(actions):
        some = rows[:200]
        if len(some) > 1:
            square = squared_distances(places[some], places[some])
            np.fill_diagonal(square, np.inf)
            nearest.append(np.sqrt(square.min(axis=1)))
    typical = float(np.median(np.concatenate(nearest))) if nearest else 0.0
    return max(typical, 1e-6)


def cross_validate(
    places: np.ndarray,
    labels: np.ndarray,
    actions: np.ndarray,
    folds: np.ndarray,
    num_classes: int,
    bandwidths: Sequence[float],
    kinds: Sequence[str],
) -> dict[tuple[str, float], tuple[float, float]]:
    """How well clips are named by those of their action in other folds.

    Args:
        places (np.ndarray): Where the clips lie, shape (n, D).
        labels (np.ndarray): Class of each, shape (n,).
        actions (np.ndarray): Action of each, shape (n,).
        folds (np.ndarray): Fold of each, shape (n,).
        num_classes (int): Number of classes K.
        bandwidths (Sequence[float]): Bandwidths to judge.
        kinds (Sequence[str]): Kinds to judge.

    Returns:
        dict: For each kind and bandwidth the accuracy and the mean log-probability of the right class.
    """
    sums = {(kind, width): np.zeros(2) for kind in kinds for width in bandwidths}
    for _, rows in by_action(actions):
        square = squared_distances(places[rows], places[rows])
        square[folds[rows][:, None] == folds[rows][None]] = np.inf
        answer = labels[rows]
        for (kind, width), total in sums.items():
            posterior = class_log_posterior(square, answer, num_classes, width, kind)
            likelihood = posterior[np.arange(len(rows)), answer].sum()
            total += (posterior.argmax(axis=1) == answer).sum(), likelihood
    return {
        key: (float(right) / len(labels), float(likelihood) / len(labels))
        for key, (right, likelihood) in sums.items()
    }


def _folds(view: View, labels: np.ndarray) -> np.ndarray:
    """Fold of each clip (n,): the first, second, ... take of its class and action; views and draws of one take share a fold."""
    ranks: dict[tuple[int, int], dict[int, int]] = {}
    folds = np.empty(len(view), int)
    for row, (action, label, take) in enumerate(
        zip(view.actions, labels, view.takes().tolist(), strict=True)
    ):
        known = ranks.setdefault((int(action), int(label)), {})
        folds[row] = known.setdefault(take, len(known)) % _FOLDS
    return folds
