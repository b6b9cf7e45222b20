# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How far anonymized skeletons lie from the original ones.

All measures compare bodies that are present: where every coordinate of a body is exactly zero in the original (an absent
person or a padded frame), nothing is compared, so that padding dilutes no mean. Each measure is a quotient of two sums;
:func:`fidelity_sums` gives the sums, which add over samples, batches and processes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

SUM_KEYS = ('sum_sq', 'sum_dist', 'count', 'coords', 'bone_dev_sum', 'bone_count')


def fidelity_sums(
    original: np.ndarray, anonymized: np.ndarray, bones: Sequence[tuple[int, int]] = ()
) -> dict[str, float]:
    """Return the sums from which the fidelity measures follow.

    Args:
        original (np.ndarray): Original coordinates (..., V, C), without score channels.
        anonymized (np.ndarray): Anonymized coordinates of the same shape, unit and frame of reference.
        bones (Sequence[tuple[int, int]]): (joint, parent) pairs; a root paired with itself and bones of length zero in the
            original are left out. Defaults to ().

    Returns:
        dict[str, float]: ``sum_sq`` of squared coordinate differences over ``coords`` coordinates, ``sum_dist`` of Euclidean
        joint distances over ``count`` joints, ``bone_dev_sum`` of relative bone length changes over ``bone_count`` bones.

    Raises:
        ValueError: If the shapes differ or a value is not finite.
    """
    original, anonymized = (np.asarray(a, dtype=np.float64) for a in (original, anonymized))
    if original.shape != anonymized.shape or original.ndim < 2:
        raise ValueError(
            f'expected original and anonymized skeletons of one shape (..., V, C), '
            f'found {original.shape} and {anonymized.shape}'
        )
    for name, array in (('original', original), ('anonymized', anonymized)):
        if not np.isfinite(array).all():
            raise ValueError(f'the {name} skeletons hold NaN or infinite coordinates')
    present = original.any(axis=(-2, -1))
    original, anonymized = original[present], anonymized[present]
    squares = (anonymized - original) ** 2
    pairs = np.array([(j, p) for j, p in bones if j != p], dtype=int).reshape(-1, 2)
    before, after = (
        np.linalg.norm(a[:, pairs[:, 0]] - a[:, pairs[:, 1]], axis=-1)
        for a in (original, anonymized)
    )
    measurable = before > 0
    change = np.abs(after - before)[measurable] / before[measurable]
    return dict(
        sum_sq=float(squares.sum()),
        sum_dist=float(np.sqrt(squares.sum(axis=-1)).sum()),
        count=float(squares.shape[0] * squares.shape[1]),
        coords=float(squares.size),
        bone_dev_sum=float(change.sum()),
        bone_count=float(change.size),
    )


def merge_fidelity_sums(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Add sums of several samples, correctly rounded, so that neither order nor grouping changes the result.

    Args:
        parts (Iterable[Mapping[str, float]]): Results of :func:`fidelity_sums`.

    Returns:
        dict[str, float]: Their sum.
    """
    parts = list(parts)
    return {key: math.fsum(float(part[key]) for part in parts) for key in SUM_KEYS}


def _ratio(
    sums: Mapping[str, float], numerator: str, denominator: str, what: str, also: str = ''
) -> float:
    if not sums[denominator] > 0:
        raise ValueError(
            f'no {what} to compare: every body of the original is absent (all zero){also}'
        )
    return sums[numerator] / sums[denominator]


def mse(original: np.ndarray, anonymized: np.ndarray) -> float:
    """Return the mean squared difference of a coordinate.

    ``mean (x' - x)^2`` over joints and coordinates of present bodies, in [0, inf), 0 for an unchanged skeleton, in squared
    units of the input. The reconstruction error of Moon et al. also averages over absent bodies.

    Args:
        original (np.ndarray): Original coordinates (..., V, C).
        anonymized (np.ndarray): Anonymized coordinates (..., V, C).

    Returns:
        float: Mean squared error.

    Raises:
        ValueError: If shapes differ, a value is not finite, or no body is present.
    """
    return mse_from_sums(fidelity_sums(original, anonymized))


def mpjpe_mm(original: np.ndarray, anonymized: np.ndarray, unit_mm: float = 1000.0) -> float:
    """Return the mean per-joint position error in millimetres.

    ``mean ||x' - x||_2`` over joints of present bodies, without alignment, in [0, inf), 0 for an unchanged skeleton.

    Args:
        original (np.ndarray): Original coordinates (..., V, C).
        anonymized (np.ndarray): Anonymized coordinates (..., V, C).
        unit_mm (float): Millimetres in a unit of the input. Defaults to 1000.0, for metres.

    Returns:
        float: Error in millimetres.

    Raises:
        ValueError: If shapes differ, a value is not finite, or no body is present.
    """
    return unit_mm * mpjpe_from_sums(fidelity_sums(original, anonymized))


def bone_length_deviation(
    original: np.ndarray, anonymized: np.ndarray, bones: Sequence[tuple[int, int]]
) -> float:
    """Return the mean relative change of bone lengths.

    ``mean |l' - l| / l`` over bones of present bodies, in [0, inf): 0 keeps every bone, 0.1 changes them by a tenth. Bone
    lengths name the person, so that 0 is not private; large values are no human body.

    Args:
        original (np.ndarray): Original coordinates (..., V, C).
        anonymized (np.ndarray): Anonymized coordinates (..., V, C).
        bones (Sequence[tuple[int, int]]): (joint, parent) pairs, such as ``SkeletonLayout.bones``.

    Returns:
        float: Relative deviation.

    Raises:
        ValueError: If shapes differ, a value is not finite, or no bone has a length.
    """
    return bone_deviation_from_sums(fidelity_sums(original, anonymized, bones))


def mse_from_sums(sums: Mapping[str, float]) -> float:
    """Return :func:`mse` from :func:`fidelity_sums`."""
    return _ratio(sums, 'sum_sq', 'coords', 'coordinate')


def mpjpe_from_sums(sums: Mapping[str, float]) -> float:
    """Return the mean per-joint position error, in units of the coordinates, from :func:`fidelity_sums`."""
    return _ratio(sums, 'sum_dist', 'count', 'joint')


def bone_deviation_from_sums(sums: Mapping[str, float]) -> float:
    """Return :func:`bone_length_deviation` from :func:`fidelity_sums`."""
    return _ratio(sums, 'bone_dev_sum', 'bone_count', 'bone', ', or no bone has a length')
