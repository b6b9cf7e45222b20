# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Whether two clips show one person: what scores of pairs tell.

A pair is genuine if both clips show the same person. Scores are higher for pairs that an attacker takes to be genuine; any monotonic
scale will do. Private is what guessing gives: an equal error rate and an area of 0.5.
"""

from __future__ import annotations

import numpy as np


def _checked(
    scores: np.ndarray, genuine: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores, genuine = np.asarray(scores, np.float64), np.asarray(genuine)
    if scores.ndim != 1 or scores.shape != genuine.shape:
        raise ValueError(
            f'expected scores and genuine of the same shape (P,), found {scores.shape} and {genuine.shape}'
        )
    if genuine.dtype != bool:
        raise ValueError(f'genuine must be boolean, found dtype {genuine.dtype}')
    bad = int(np.isnan(scores).sum())
    if bad:
        raise ValueError(f'{bad} of {len(scores)} pairs have NaN scores, which cannot be ranked')
    weights = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
    if weights.shape != scores.shape or (weights < 0).any():
        raise ValueError(
            f'expected {len(scores)} weights of at least 0, found shape {weights.shape} from {weights.min(initial=0)}'
        )
    for kind, part in (('genuine', genuine), ('impostor', ~genuine)):
        if not weights[part].sum() > 0:
            raise ValueError(f'verification needs genuine and impostor pairs, found no {kind} one')
    return scores, genuine, weights


def roc_points(
    scores: np.ndarray, genuine: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the receiver operating characteristic, a point for each threshold that can be told apart.

    Args:
        scores (np.ndarray): Scores (P,).
        genuine (np.ndarray): Whether each pair is genuine, boolean (P,).
        weights (np.ndarray, optional): How often each pair counts (P,), at least 0. Defaults to None, once.

    Returns:
        tuple[np.ndarray, np.ndarray]: False and true positive rates, from (0, 0) to (1, 1), both rising.

    Raises:
        ValueError: If shapes disagree, a score is NaN, a weight is negative, or genuine or impostor pairs are missing.

    Example:
        >>> roc_points([3, 2, 1], np.array([True, False, True]))
        (array([0., 0., 1., 1.]), array([0. , 0.5, 0.5, 1. ]))
    """
    scores, genuine, weights = _checked(scores, genuine, weights)
    order = np.argsort(-scores, kind='stable')
    ranked = scores[order]  # compared, not subtracted: equal infinities are ties, too
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(order) - 1)
    rates = []
    for part in (~genuine, genuine):
        passed = np.cumsum((weights * part)[order])[ends]
        rates.append(np.concatenate([[0.0], passed / passed[-1]]))
    return rates[0], rates[1]


def equal_error_rate(
    scores: np.ndarray, genuine: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the rate at which as many impostors are accepted as genuine pairs are rejected.

    Where no threshold makes both equal, it lies where the straight line between two neighbouring points of the ROC crosses
    ``false positives = 1 - true positives``; so constant scores give 0.5. In [0, 1]: 0 tells all apart, 0.5 is private; above 0.5
    scores are the wrong way round, which an attacker would notice.

    Args:
        scores (np.ndarray): Scores (P,).
        genuine (np.ndarray): Whether each pair is genuine, boolean (P,).
        weights (np.ndarray, optional): How often each pair counts (P,). Defaults to None, once.

    Returns:
        float: Equal error rate.

    Raises:
        ValueError: See :func:`roc_points`.

    Example:
        >>> equal_error_rate([4, 3, 2, 1], np.array([True, False, True, False]))
        0.5
    """
    false, true = roc_points(scores, genuine, weights)
    excess = false + true - 1  # rises from -1 to 1
    after = int(np.searchsorted(excess, 0.0))
    if excess[after] == 0:
        return float(false[after])
    before = after - 1
    share = -excess[before] / (excess[after] - excess[before])
    return float(false[before] + share * (false[after] - false[before]))


def area_under_roc(
    scores: np.ndarray, genuine: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the probability that a genuine pair scores higher than an impostor pair, ties counted half.

    In [0, 1]: 1 tells all apart, 0.5 is private.

    Args:
        scores (np.ndarray): Scores (P,).
        genuine (np.ndarray): Whether each pair is genuine, boolean (P,).
        weights (np.ndarray, optional): How often each pair counts (P,). Defaults to None, once.

    Returns:
        float: Area.

    Raises:
        ValueError: See :func:`roc_points`.
    """
    false, true = roc_points(scores, genuine, weights)
    return float(np.trapezoid(true, false) if hasattr(np, 'trapezoid') else np.trapz(true, false))


def tpr_at_fpr(scores: np.ndarray, genuine: np.ndarray, rate: float) -> float:
    """Return the share of genuine pairs accepted at the loosest threshold that accepts at most ``rate`` of the impostors.

    In [0, 1]; private is ``rate``. Nothing is interpolated: the threshold can be set. With fewer than ``1 / rate`` impostor pairs it
    accepts none of them.

    Args:
        scores (np.ndarray): Scores (P,).
        genuine (np.ndarray): Whether each pair is genuine, boolean (P,).
        rate (float): Largest false positive rate, in [0, 1].

    Returns:
        float: True positive rate.

    Raises:
        ValueError: See :func:`roc_points`; or if the rate is no fraction.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f'the false positive rate must be a fraction from 0 to 1, found {rate}')
    false, true = roc_points(scores, genuine)
    return float(true[false <= rate].max())
