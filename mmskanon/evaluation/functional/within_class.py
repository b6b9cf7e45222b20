# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Fidelity within a person's repetitions of an action, and linkage of single recordings.

Accuracy of the action, re-identification and distance together can be had by a method that replaces every clip by one typical clip
of its action. Its data are useless. The measures here see that: they compare what differs between clips of *one* person doing *one*
thing, so that a method scores by keeping the recording, and not by keeping who it is.

All take tables with one row a clip: ``motion`` has directions of bones over time less their mean, and ``speed`` the speed of body
parts over time, such as :func:`mmskanon.audit.features.motion_residual` and :func:`mmskanon.audit.features.speed_profile` give.

Where several cameras film one performance, its views are numbered (``view``) and repetitions are compared as one and the same view shows
them. Another view of the own performance is then neither a wrong answer nor part of what a clip is compared with; chance is one in the
number of repetitions; and what a camera adds to all that it films earns nothing.
"""

from __future__ import annotations

import numpy as np


def _checked(
    original: np.ndarray, anonymized: np.ndarray, *groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    original, anonymized = (np.asarray(a, np.float64) for a in (original, anonymized))
    numbers = [np.unique(np.asarray(g), return_inverse=True)[1].ravel() for g in groups]
    if original.ndim != 2 or original.shape != anonymized.shape or not len(original):
        raise ValueError(
            f'expected two tables of one shape (N, D) with N > 0, found {original.shape} and {anonymized.shape}'
        )
    for name, table in (('original', original), ('anonymized', anonymized)):
        bad = int((~np.isfinite(table)).any(axis=1).sum())
        if bad:
            raise ValueError(
                f'{bad} of {len(table)} {name} clips have NaN or infinite values, which cannot be compared'
            )
    if any(len(g) != len(original) for g in numbers):
        raise ValueError(
            f'expected subject and action of {len(original)} clips, found {[len(g) for g in numbers]}'
        )
    return original, anonymized, numbers


def _repetitions(people: np.ndarray, kinds: np.ndarray, view: np.ndarray | None) -> np.ndarray:
    """A number for the subject, action and view of each clip (N,)."""
    view = np.zeros(len(people), int) if view is None else np.asarray(view)
    if len(view) != len(people):
        raise ValueError(f'expected the view of {len(people)} clips, found {len(view)}')
    rows = np.stack([people, kinds, view], axis=1)
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel()


def _centred(table: np.ndarray, group: np.ndarray) -> np.ndarray:
    """A table less the mean of each group; what only rounding leaves is zero."""
    sums = np.zeros((group.max() + 1, table.shape[1]))
    np.add.at(sums, group, table)
    rest = table - (sums / np.maximum(np.bincount(group), 1)[:, None])[group]
    size = np.abs(table).max(initial=0.0)
    return np.where(np.abs(rest) > 1e-6 * size, rest, 0.0)


def _unit(table: np.ndarray) -> np.ndarray:
    return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)


def _first(scores: np.ndarray, own: int) -> float:
    """Credit for the own entry being the highest; ties are shared."""
    best = scores >= scores.max() - 1e-9
    return float(best[own] / best.sum())


def trial_match(
    original: np.ndarray,
    anonymized: np.ndarray,
    subject: np.ndarray,
    action: np.ndarray,
    rows: np.ndarray | None = None,
    view: np.ndarray | None = None,
) -> tuple[float, float]:
    """Return how often a clip's source is recognized among its subject's repetitions of the action (TM).

    The cosine of the motion of an anonymized clip with that of each original of the same subject, action and view, both less the mean of
    the action over their file; the hit rate of the own source, ties shared. In [0, 1], more is better: an unchanged file gives 1, the
    replacement of every clip by one of its action gives chance, and knowing who it is, or which camera it was, helps nothing.

    Args:
        original (np.ndarray): Motion of the originals (N, D).
        anonymized (np.ndarray): Motion of the anonymized clips in the same order (N, D).
        subject (np.ndarray): Subject of each clip (N,).
        action (np.ndarray): Action of each clip (N,).
        rows (np.ndarray, optional): Clips that are tried, positions; their sources are found among all. Defaults to None, all.
        view (np.ndarray, optional): Number of the view of its performance that each clip is (N,). Defaults to None, one view of each.

    Returns:
        tuple[float, float]: Hit rate and chance. Clips without a second repetition in their view are left out; both nan if none is left.

    Raises:
        ValueError: If shapes disagree or a value is not finite.
    """
    original, anonymized, (people, kinds) = _checked(original, anonymized, subject, action)
    a, b = (_unit(_centred(t, kinds)) for t in (original, anonymized))
    repetition = _repetitions(people, kinds, view)
    hits, chance = [], []
    for i in range(len(a)) if rows is None else rows:
        group = np.flatnonzero(repetition == repetition[i])
        if len(group) > 1:
            hits.append(_first(a[group] @ b[i], int(np.searchsorted(group, i))))
            chance.append(1 / len(group))
    return _means(hits, chance)


def instance_linkage(
    original: np.ndarray,
    anonymized: np.ndarray,
    subject: np.ndarray,
    action: np.ndarray,
    rows: np.ndarray | None = None,
) -> tuple[float, float]:
    """Return how often a clip's source is recognized among other people's clips of the action (R1).

    As :func:`trial_match`, but the own source stands among the originals of all *other* subjects. A risk and no merit: whoever holds
    originals can link single recordings that far. In [0, 1].

    Args:
        original (np.ndarray): Motion of the originals (N, D).
        anonymized (np.ndarray): Motion of the anonymized clips in the same order (N, D).
        subject (np.ndarray): Subject of each clip (N,).
        action (np.ndarray): Action of each clip (N,).
        rows (np.ndarray, optional): Clips that are tried. Defaults to None, all.

    Returns:
        tuple[float, float]: Hit rate and chance; both nan where no action has two subjects.

    Raises:
        ValueError: If shapes disagree or a value is not finite.
    """
    original, anonymized, (people, kinds) = _checked(original, anonymized, subject, action)
    a, b = (_unit(_centred(t, kinds)) for t in (original, anonymized))
    hits, chance = [], []
    for i in range(len(a)) if rows is None else rows:
        others = np.flatnonzero((people != people[i]) & (kinds == kinds[i]))
        if len(others):
            group = np.append(others, i)
            hits.append(_first(a[group] @ b[i], len(others)))
            chance.append(1 / len(group))
    return _means(hits, chance)


def _means(hits: list[float], chance: list[float]) -> tuple[float, float]:
    if not hits:
        return float('nan'), float('nan')
    return float(np.mean(hits)), float(np.mean(chance))


def residual_amplitude(
    original: np.ndarray, anonymized: np.ndarray, action: np.ndarray, rows: np.ndarray | None = None
) -> float:
    """Return how large what differs between clips of an action is, after over before.

    Ratio of the mean lengths of the motion less the mean of the action. Cosines and correlations do not see size: a typical clip with a
    hundredth of the true motion added passes :func:`trial_match`, and has an amplitude of 0.01. 1 is as varied as before, 0 one clip
    for all, above 1 noisier.

    Args:
        original (np.ndarray): Motion of the originals (N, D).
        anonymized (np.ndarray): Motion of the anonymized clips in the same order (N, D).
        action (np.ndarray): Action of each clip (N,).
        rows (np.ndarray, optional): Clips that are measured; the means are over all. Defaults to None, all.

    Returns:
        float: Ratio, at least 0; nan where the originals do not vary.

    Raises:
        ValueError: If shapes disagree or a value is not finite.
    """
    original, anonymized, (kinds,) = _checked(original, anonymized, action)
    chosen = slice(None) if rows is None else rows
    before, after = (
        float(np.linalg.norm(_centred(t, kinds)[chosen], axis=1).mean())
        for t in (original, anonymized)
    )
    return after / before if before > 0 else float('nan')


def speed_correlation(
    original: np.ndarray,
    anonymized: np.ndarray,
    subject: np.ndarray,
    action: np.ndarray,
    rows: np.ndarray | None = None,
    view: np.ndarray | None = None,
) -> float:
    """Return how far the timing of single repetitions is kept (rho_sub).

    Pearson's correlation, over clips, body parts and moments together, of the speeds of the anonymized clips with those of the
    originals, each less the mean over the repetitions of the same subject and action in the same view. In [-1, 1], more is better: 1 for
    an unchanged file, about 0 where repetitions are no longer told apart.

    Args:
        original (np.ndarray): Speeds of the originals (N, D).
        anonymized (np.ndarray): Speeds of the anonymized clips in the same order (N, D).
        subject (np.ndarray): Subject of each clip (N,).
        action (np.ndarray): Action of each clip (N,).
        rows (np.ndarray, optional): Clips over which the correlation runs; the means are over all. Defaults to None, all.
        view (np.ndarray, optional): Number of the view of its performance that each clip is (N,). Defaults to None, one view of each.

    Returns:
        float: Correlation; 0 where one side does not vary.

    Raises:
        ValueError: If shapes disagree or a value is not finite.
    """
    original, anonymized, (people, kinds) = _checked(original, anonymized, subject, action)
    group = _repetitions(people, kinds, view)
    chosen = slice(None) if rows is None else rows
    x, y = (_centred(t, group)[chosen].ravel() for t in (original, anonymized))
    x, y = x - x.mean(), y - y.mean()
    size = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / size) if size > 0 else 0.0
