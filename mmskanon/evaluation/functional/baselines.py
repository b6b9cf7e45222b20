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


def content_level(
    train_labels: np.ndarray,
    train_content: np.ndarray,
    labels: np.ndarray,
    content: np.ndarray,
) -> float:
    """Return the accuracy of guessing from what a clip is about, such as its action, and nothing else.

    Guessed is the class that is most frequent among the training clips of the same content; of several equally frequent ones each with the
    same probability, and each class where training has no such clip. Where subjects and actions are crossed this is chance; where
    each subject does some of the actions only, it is more.

    Args:
        train_labels (np.ndarray): Labels of the training clips (M,).
        train_content (np.ndarray): Their contents (M,).
        labels (np.ndarray): Labels (N,).
        content (np.ndarray): Contents (N,).

    Returns:
        float: Expected accuracy in [0, 1].

    Raises:
        ValueError: If there is no label.

    Example:
        >>> content_level([0, 1, 2], [7, 7, 8], [0, 1, 2], [7, 7, 8])
        0.6666666666666666
    """
    _counts(labels)
    train_labels, train_content, labels, content = map(
        np.asarray, (train_labels, train_content, labels, content)
    )
    classes = np.union1d(train_labels, labels)
    right = 0.0
    for value in np.unique(content):
        known = train_labels[train_content == value]
        counts = (known[:, None] == classes).sum(axis=0)
        guessed = classes[counts == counts.max()]
        right += np.isin(labels[content == value], guessed).sum() / len(guessed)
    return float(right / len(labels))
