# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How well a private number, such as an age, is estimated, beside guesses that never look at a skeleton.

As with accuracies, the private mark is that of the guesses: an attacker at their error reads nothing. A correlation below 0 is as
much of a leak as one above: its estimates need only be turned round.
"""

from __future__ import annotations

import numpy as np


def _checked(values: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, labels = np.asarray(values, np.float64), np.asarray(labels, np.float64)
    if values.ndim != 1 or values.shape != labels.shape:
        raise ValueError(
            f'expected estimates and labels of the same shape (N,), found {values.shape} and {labels.shape}'
        )
    if not len(labels):
        raise ValueError('an error needs at least one sample, found none')
    for name, numbers in (('estimates', values), ('labels', labels)):
        bad = int((~np.isfinite(numbers)).sum())
        if bad:
            raise ValueError(
                f'{bad} of {len(numbers)} {name} are NaN or infinite; '
                'the model has diverged or the annotations are at fault'
            )
    return values, labels


def mean_absolute_error(values: np.ndarray, labels: np.ndarray) -> float:
    """Return ``mean_i |value_i - label_i|``, in the unit of the attribute, at least 0.

    For a private attribute lower is less private, up to the error of the guesses (:func:`guess_errors`) and no further.

    Args:
        values (np.ndarray): Estimates (N,).
        labels (np.ndarray): True values (N,).

    Returns:
        float: Mean absolute error.

    Raises:
        ValueError: If shapes disagree, there is no sample, or a number is not finite.

    Example:
        >>> mean_absolute_error([70, 20], [80, 24])
        7.0
    """
    values, labels = _checked(values, labels)
    return float(np.abs(values - labels).mean())


def guess_errors(labels: np.ndarray) -> dict[str, float]:
    """Return the mean absolute errors of always saying the mean, and the median, of the labels.

    No constant has a smaller mean absolute error than the median, so only what is below it is a leak for sure.

    Args:
        labels (np.ndarray): True values (N,).

    Returns:
        dict[str, float]: ``mean`` and ``median``, in the unit of the attribute.

    Raises:
        ValueError: If there is no label, or one is not finite.

    Example:
        >>> guess_errors([20, 20, 80])
        {'mean': 26.666666666666668, 'median': 20.0}
    """
    labels, _ = _checked(labels, labels)
    return {
        'mean': float(np.abs(labels - labels.mean()).mean()),
        'median': float(np.abs(labels - np.median(labels)).mean()),
    }


def correlation(values: np.ndarray, labels: np.ndarray) -> float:
    """Return Pearson's correlation of estimates and labels, in [-1, 1]; 0 is private.

    Estimates that are all the same say nothing, and labels that are all the same leave nothing to say: both give 0.

    Args:
        values (np.ndarray): Estimates (N,).
        labels (np.ndarray): True values (N,).

    Returns:
        float: Correlation.

    Raises:
        ValueError: See :func:`mean_absolute_error`.

    Example:
        >>> correlation([1, 2, 3], [30, 20, 10])
        -1.0
    """
    values, labels = _checked(values, labels)
    if np.ptp(values) == 0 or np.ptp(labels) == 0:
        return 0.0
    # In units of the range, so that no square overflows or vanishes.
    x = (values - values.mean()) / np.ptp(values)
    y = (labels - labels.mean()) / np.ptp(labels)
    return float(np.clip((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()), -1, 1))
