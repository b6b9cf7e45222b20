# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What an attacker reaches without looking at a skeleton: the marks that an accuracy is read against."""

from __future__ import annotations

import numpy as np


def _counts(labels: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels):
        raise ValueError(
            f'expected at least one label in an array of shape (N,), found {labels.shape}'
        )
    return np.unique(labels, return_counts=True)[1]


def chance_level(labels: np.ndarray) -> float:
    """Return the accuracy of a uniform guess among the classes that occur.

    ``1 / K`` with K the number of different labels, in (0, 1]. The balanced accuracy of any guess that ignores the skeleton
    and names only classes that occur is expected to be this.

    Args:
        labels (np.ndarray): Labels (N,).

    Returns:
        float: Chance in (0, 1].

    Raises:
        ValueError: If there is no label.

    Example:
        >>> chance_level([0, 1, 1, 3])
        0.3333333333333333
    """
    return 1.0 / len(_counts(labels))


def majority_level(labels: np.ndarray) -> float:
    """Return the accuracy of always naming the most frequent class.

    ``max_c n_c / N``, in [1 / K, 1]. Without knowledge of the skeleton no top-1 accuracy is expected to exceed it, so only what
    lies above it is a leak for sure.

    Args:
        labels (np.ndarray): Labels (N,).

    Returns:
        float: Frequency of the most frequent class.

    Raises:
        ValueError: If there is no label.

    Example:
        >>> majority_level([0, 1, 1, 3])
        0.5
    """
    counts = _counts(labels)
    return float(counts.max() / counts.sum())
