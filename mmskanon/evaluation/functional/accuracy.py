# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Accuracy of a classifier from its scores: top-k, per class, and balanced over classes.

The same numbers serve two opposite readings. For the action, higher is better. For a private attribute, what matters is the
distance to chance: an attacker at chance reads nothing, an attacker above it reads something, and an attacker of a binary
attribute far *below* chance reads just as much, with its answers swapped.
"""

from __future__ import annotations

import numpy as np


def _checked(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 2 or labels.ndim != 1 or len(scores) != len(labels):
        raise ValueError(
            f'expected scores of shape (N, K) and labels of shape (N,), found {scores.shape} and {labels.shape}'
        )
    if not len(labels):
        raise ValueError('an accuracy needs at least one sample, found none')
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f'labels must be integer class indices, found dtype {labels.dtype}')
    num_classes = scores.shape[1]
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f'{num_classes} scores a sample need labels from 0 to {num_classes - 1}, '
            f'found labels from {labels.min()} to {labels.max()}'
        )
    rows = np.isnan(scores).any(axis=1)
    if rows.any():
        raise ValueError(
            f'{int(rows.sum())} of {len(rows)} samples have NaN scores, which cannot be ranked; '
            'the model that gave them has diverged'
        )
    return scores, labels


def top_k_credit(scores: np.ndarray, labels: np.ndarray, k: int = 1) -> np.ndarray:
    """Return for each sample whether its label is among the k highest scores.

    Ties are shared: where the label ties with others over the last places, the credit is the chance that a random order of the
    tied classes puts it in. A classifier whose output is constant thus scores exactly ``k / K`` on every sample, chance,
    whatever the labels are, and neither 0 nor 1 by an accident of sorting.

    Args:
        scores (np.ndarray): Scores, logits or probabilities (N, K), any monotonic scale.
        labels (np.ndarray): Class indices (N,).
        k (int): Number of guesses. Defaults to 1.

    Returns:
        np.ndarray: Credit in [0, 1], float64 (N,); 0 or 1 where nothing ties.

    Raises:
        ValueError: If shapes disagree, a label has no score, a score is NaN, or k is not in 1..K.
    """
    scores, labels = _checked(scores, labels)
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(
            f'k must be between 1 and the number of classes {scores.shape[1]}, found {k}'
        )
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    above = (scores > own).sum(axis=1)
    tied = (scores == own).sum(axis=1)
    return np.clip((k - above) / tied, 0.0, 1.0)


def top_k_accuracy(scores: np.ndarray, labels: np.ndarray, k: int = 1) -> float:
    """Return the fraction of samples whose label is among the k highest scores.

    ``mean_i [rank_i(label_i) <= k]``, in [0, 1], ties shared as in :func:`top_k_credit`. For a private attribute the value
    at chance is private: ``k / K`` for a guess without knowledge, more where a class is frequent (see
    :func:`~mmskanon.evaluation.functional.majority_level`).

    Args:
        scores (np.ndarray): Scores (N, K).
        labels (np.ndarray): Class indices (N,).
        k (int): Number of guesses. Defaults to 1.

    Returns:
        float: Accuracy in [0, 1].

    Raises:
        ValueError: See :func:`top_k_credit`.

    Example:
        >>> top_k_accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1])
        0.5
    """
    return float(top_k_credit(scores, labels, k).mean())


def class_recall(scores: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    """Return the top-1 accuracy within each class that occurs.

    Args:
        scores (np.ndarray): Scores (N, K).
        labels (np.ndarray): Class indices (N,).

    Returns:
        dict[int, float]: Recall in [0, 1] of each class among the labels, by ascending class index.

    Raises:
        ValueError: See :func:`top_k_credit`.
    """
    credit = top_k_credit(scores, labels)
    classes, index, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    sums = np.bincount(index, weights=credit, minlength=len(classes))
    return {int(c): float(s / n) for c, s, n in zip(classes, sums, counts, strict=True)}


def balanced_accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean recall over the classes that occur among the labels.

    ``mean_c recall_c``, in [0, 1]: every class weighs the same, however many samples it has. Any constant answer reaches at
    most ``1 / (number of classes that occur)``, so that value, :func:`~mmskanon.evaluation.functional.chance_level`, is the
    private one; top-1 accuracy on unbalanced classes lacks such a fixed mark.

    Args:
        scores (np.ndarray): Scores (N, K).
        labels (np.ndarray): Class indices (N,).

    Returns:
        float: Balanced accuracy in [0, 1].

    Raises:
        ValueError: See :func:`top_k_credit`.
    """
    return float(np.mean(list(class_recall(scores, labels).values())))


def mean_class_accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean class accuracy, as action recognition calls :func:`balanced_accuracy`.

    MMAction2's function of the same name also averages in, as zeros, classes that were predicted but never occur; this one
    does not, like scikit-learn's ``balanced_accuracy_score``. On a test set with every class the two agree.

    Args:
        scores (np.ndarray): Scores (N, K).
        labels (np.ndarray): Class indices (N,).

    Returns:
        float: Mean class accuracy in [0, 1], higher is better.

    Raises:
        ValueError: See :func:`top_k_credit`.
    """
    return balanced_accuracy(scores, labels)
