# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Linkability of clips by the distributions of their scores."""

from __future__ import annotations

import numpy as np

from .verification import equal_error_rate


def linkability(scores: np.ndarray, genuine: np.ndarray, omega: float = 1.0) -> float:
    r"""Return the global linkability D_sys of Gomez-Barrero et al. ("General Framework to Evaluate Unlinkability in Biometric
    Template Protection Systems", IEEE TIFS 13, 2018).

    .. math::
        D_{sys} = \int D(s)\, p(s | genuine)\, ds, \quad D(s) = \max(0, 2 \omega LR(s) / (1 + \omega LR(s)) - 1), \quad
        LR(s) = p(s | genuine) / p(s | impostor)

    with both densities estimated by histograms. Bins hold equally much of both kinds together, each weighted one half; there are as
    many as the cube root of the number of genuine pairs. Equal bins over the range, as in the authors' programs, leave bins empty, and
    an empty bin looks like perfect linkability; these do not depend on the scale of the scores. In [0, 1]: 1 tells every genuine
    pair, 0 is private. Chance alone gives more than 0: 0.039 on average over 200 draws of 200 genuine and 1400 impostor pairs of one
    distribution, and 0.022 with 1000 and 7000 (``tests/test_evaluation/test_functional/test_linkability.py`` measures it).

    Args:
        scores (np.ndarray): Scores (P,).
        genuine (np.ndarray): Whether each pair is genuine, boolean (P,).
        omega (float): Prior odds of a genuine pair. Defaults to 1.0.

    Returns:
        float: D_sys.

    Raises:
        ValueError: If shapes disagree, a score is NaN, or genuine or impostor pairs are missing.
    """
    equal_error_rate(scores, genuine)  # checks
    scores, genuine = np.asarray(scores, np.float64), np.asarray(genuine)
    bins = max(2, round(float(genuine.sum()) ** (1 / 3)))
    weights = np.where(genuine, 0.5 / genuine.sum(), 0.5 / (~genuine).sum())
    order = np.argsort(scores, kind='stable')
    mass = np.cumsum(weights[order])
    cuts = scores[order][np.searchsorted(mass, np.arange(1, bins) / bins)]
    # Equal scores are never parted.
    place = np.searchsorted(np.unique(cuts), scores, side='left')
    mated, other = (
        np.bincount(place[part], minlength=place.max() + 1) / part.sum()
        for part in (genuine, ~genuine)
    )
    filled = mated > 0
    posterior = omega * mated[filled] / (omega * mated[filled] + other[filled])
    return float((np.maximum(0.0, 2 * posterior - 1) * mated[filled]).sum())
