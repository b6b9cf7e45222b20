# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the timing of all clips of a person has in common, and how much of it to take out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

_TOLERANCE, _STEP = 1e-3, 0.25  # of strengths
_NEGLIGIBLE = 1e-9  # of the largest path: no direction in which people differ
MOST_STRENGTH = 1.5
"""float: Largest strength that is looked for."""


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


def excess(
    offsets: np.ndarray,
    overall: np.ndarray,
    paths: np.ndarray,
    people: np.ndarray,
    usable: np.ndarray,
    takes: Sequence[Hashable],
) -> np.ndarray:
    """What of habits goes beyond the differences that means of as many takes have by chance, direction by direction.

    With takes x = h + e of a person, Cov(h) = H and Cov(e) = S, means of n takes vary with B = H + S / n. Of x - A mean(x), two
    takes of a person are uncorrelated where (I - A) B (I - A)^T = S / n: people's means then lie as far apart as means of n takes of
    anybody. That is asked for along each principal direction of the means, along which A is 1 - sqrt((S / n) / B), and at least 0.

    Args:
        offsets (np.ndarray): Habits of P people, shape (P, D, L), see :func:`habits`.
        overall (np.ndarray): Mean over people, shape (D, L).
        paths (np.ndarray): Paths of n clips, shape (n, D, L).
        people (np.ndarray): Person of each clip, shape (n,).
        usable (np.ndarray): Which paths count, shape (n, D), boolean.
        takes (Sequence): Take of each clip; views of one performance share it, and count as one.

    Returns:
        np.ndarray: A mean(x) of each person, shape (P, D, L). The habits as they are where nobody has two takes.
    """
    deviations = np.where(usable[..., None], paths - overall - offsets[people], 0)
    rows: dict[tuple[int, Hashable], list[int]] = {}
    for row, key in enumerate(zip(people.tolist(), takes, strict=True)):
        rows.setdefault(key, []).append(row)
    of_takes = np.stack([deviations[clips].mean(axis=0).ravel() for clips in rows.values()])
    counts = np.bincount([person for person, _ in rows], minlength=len(offsets))
    freedom = int((counts - 1).sum())
    means = offsets.reshape(len(offsets), -1)
    _, sizes, directions = np.linalg.svd(means, full_matrices=False)
    there = sizes > _NEGLIGIBLE * max(float(np.abs(paths).max()), 1)
    if freedom < 1 or not there.any():
        return offsets
    sizes, directions = sizes[there], directions[there]
    found = sizes**2 / (len(offsets) - 1)
    within = ((of_takes @ directions.T) ** 2).sum(axis=0) / freedom
    kept = np.minimum(np.sqrt(within * np.mean(1 / counts) / found), 1)
    return ((means @ directions.T * (1 - kept)) @ directions).reshape(offsets.shape)


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


@dataclass(frozen=True)
class Balance:
    """How much of the habits is taken out, and what is left.

    Args:
        strength (float): In [0, :data:`MOST_STRENGTH`].
        likeness (float): What :func:`alike` finds then.
    """

    strength: float
    likeness: float


def balance(likeness: Callable[[float], float | None]) -> Balance | None:
    """Find how much of each habit has to go until clips of a person are no more alike than clips of different people.

    Taking out too little leaves clips of a person alike; too much makes them unlike, since what was left of them adds up to nothing, and
    whoever looks for unlike clips finds them just as well.

    Args:
        likeness (Callable): From a strength in [0, :data:`MOST_STRENGTH`] to :func:`alike`.

    Returns:
        Balance, optional: The least strength at which they are not, 0 where they are not to begin with; where they are at every strength tried, the one
        at which they are least so; None where that cannot be seen.
    """
    tried, found = np.arange(0, MOST_STRENGTH + _STEP / 2, _STEP).tolist(), []
    for strength in tried:
        found.append(likeness(strength))
        if found[-1] is None:
            return None
        if found[-1] <= 0:
            if strength:
                strength = float(brentq(likeness, strength - _STEP, strength, xtol=_TOLERANCE))
            return Balance(strength, likeness(strength))
    least = int(np.argmin(found))
    return Balance(tried[least], found[least])
