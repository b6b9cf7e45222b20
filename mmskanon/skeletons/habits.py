# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the timing of all clips of a person has in common, and how much of it to take out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from scipy.optimize import brentq

_TOLERANCE = 1e-3


def habits(
    paths: np.ndarray, people: np.ndarray, usable: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean path of each person, less the mean over people.

    Args:
        paths (np.ndarray): For each of n clips its path through each of D donors, shape (n, D, L).
        people (np.ndarray): Number of the person of each clip, 0 to P - 1, shape (n,).
        usable (np.ndarray): Which paths count, shape (n, D), boolean.

    Returns:
        tuple[np.ndarray, np.ndarray]: Habit of each person, shape (P, D, L), zero where none of their paths counts; and the mean over
        people, shape (D, L), zero where nobody's does.
    """
    count = int(people.max()) + 1
    sums = np.zeros((count, *paths.shape[1:]))
    clips = np.zeros((count, paths.shape[1], 1))
    np.add.at(sums, people, np.where(usable[..., None], paths, 0))
    np.add.at(clips, people, usable[..., None])
    known = clips > 0
    means = np.divide(sums, clips, out=np.zeros_like(sums), where=known)
    overall = means.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, means - overall, 0), overall


def alike(vectors: np.ndarray, people: np.ndarray, takes: Sequence[Hashable]) -> float | None:
    """How much more alike clips of a person are than clips of different people.

    The mean cosine of two clips of one person in different takes, less that of two clips of different people, after the mean over
    clips was taken from each. In [-2, 2]; 0 where knowing one clip of a person tells nothing, in this sense, of another.

    Args:
        vectors (np.ndarray): Description of each clip, shape (n, D).
        people (np.ndarray): Person of each clip, shape (n,).
        takes (Sequence): Take of each; views of one performance share it, and say nothing.

    Returns:
        float, optional: None where there are no two people, or nobody has two takes.
    """
    numbers: dict[Hashable, int] = {}
    take = np.array([numbers.setdefault(t, len(numbers)) for t in takes])
    centred = vectors - vectors.mean(axis=0)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.maximum(length, 1e-12)
    cosine = unit @ unit.T
    same_person = people[:, None] == people[None]
    again = same_person & (take[:, None] != take[None])
    if not again.any() or same_person.all():
        return None
    return float(cosine[again].mean() - cosine[~same_person].mean())


def balancing_strength(likeness: Callable[[float], float | None]) -> float | None:
    """How much of each habit has to go until clips of a person are no more alike than clips of different people.

    Taking out too little leaves clips of a person alike; too much makes them unlike, since what was left of them adds up to nothing, and
    whoever looks for unlike clips finds them just as well.

    Args:
        likeness (Callable): From a strength in [0, 1] to :func:`alike`, which falls with it.

    Returns:
        float, optional: Strength in [0, 1]: 0 where clips of a person are no more alike than others to begin with, 1 where they
        are even without any habit; None where that cannot be seen.
    """
    none, all_of_it = likeness(0.0), likeness(1.0)
    if none is None or all_of_it is None:
        return None
    if none <= 0:
        return 0.0
    if all_of_it >= 0:
        return 1.0
    return float(brentq(likeness, 0, 1, xtol=_TOLERANCE))
