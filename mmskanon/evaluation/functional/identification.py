# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How identification errors are spread over people."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np


def per_group_accuracy(credit: np.ndarray, groups: np.ndarray) -> dict[int, float]:
    """Return the mean credit of each group, such as each person.

    Args:
        credit (np.ndarray): Credit of each clip in [0, 1] (N,), see :func:`top_k_credit`.
        groups (np.ndarray): Group of each clip, integers (N,).

    Returns:
        dict[int, float]: Mean of each group, in ascending order of the groups.

    Raises:
        ValueError: If shapes disagree or there is no clip.

    Example:
        >>> per_group_accuracy([1, 0, 1], [3, 3, 5])
        {3: 0.5, 5: 1.0}
    """
    credit, groups = np.asarray(credit, np.float64), np.asarray(groups)
    if credit.ndim != 1 or credit.shape != groups.shape or not len(credit):
        raise ValueError(
            f'expected at least one credit and its group in arrays of the same shape (N,), found {credit.shape} and {groups.shape}'
        )
    names, numbers = np.unique(groups, return_inverse=True)
    means = np.bincount(numbers, credit) / np.bincount(numbers)
    return {int(name): float(mean) for name, mean in zip(names, means, strict=True)}


def worst_decile(accuracy: Mapping[int, float]) -> float:
    """Return the mean accuracy over the tenth of the people who are named best, at least one person.

    A low average can hide a few who are named always; for them the method does nothing.

    Args:
        accuracy (Mapping[int, float]): Accuracy of each person.

    Returns:
        float: Mean over the most exposed tenth, rounded up to whole people.

    Raises:
        ValueError: If there is nobody.

    Example:
        >>> worst_decile({0: 0.1, 1: 0.9, 2: 0.3})
        0.9
    """
    if not accuracy:
        raise ValueError('the most exposed tenth needs at least one person, found none')
    ranked = sorted(accuracy.values(), reverse=True)
    return float(np.mean(ranked[: math.ceil(len(ranked) / 10)]))
