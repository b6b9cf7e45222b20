# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How far anonymized skeletons lie from the original ones.

All measures compare bodies that are present: where every coordinate of a body is exactly zero in the original (an absent
person or a padded frame), nothing is compared, so that padding dilutes no mean. Each measure is a quotient of two sums;
:func:`batch_fidelity_sums` gives the sums of each sample of a batch of tensors, :func:`fidelity_sums` those of NumPy arrays. They add
over samples, batches and processes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

SUM_KEYS = ('sum_sq', 'sum_dist', 'count', 'coords', 'bone_dev_sum', 'bone_count')
MIN_BONE_LENGTH = 1e-6
"""float: Bones that are not longer than this in the original, a micrometre, have no relative change of length."""


def batch_fidelity_sums(
    original: torch.Tensor, anonymized: torch.Tensor, bones: Sequence[tuple[int, int]] = ()
) -> dict[str, torch.Tensor]:
    """Return, for each sample of a batch, the sums from which the fidelity measures follow.

    Args:
        original (Tensor): Original coordinates, shape (N, ..., V, C), without score channels, in metres.
        anonymized (Tensor): Anonymized coordinates of the same shape, unit and frame of reference.
        bones (Sequence[tuple[int, int]]): (joint, parent) pairs; a root paired with itself and bones of the original that are not
            longer than :data:`MIN_BONE_LENGTH` are left out. Defaults to ().

    Returns:
        dict[str, Tensor]: Each of shape (N,) and in double precision: ``sum_sq`` of squared coordinate differences over ``coords``
        coordinates, ``sum_dist`` of Euclidean joint distances over ``count`` joints, ``bone_dev_sum`` of relative bone length changes
        over ``bone_count`` bones.
    """
    original, anonymized = original.double(), anonymized.double()
    present = (original != 0).any(-1).any(-1)[..., None]
    square = ((anonymized - original) ** 2).sum(-1).where(present, 0.0)
    joints = present.flatten(1).sum(1).double() * original.shape[-2]
    child, parent = ([bone[end] for bone in bones if bone[0] != bone[1]] for end in (0, 1))
    before, after = (
        (a[..., child, :] - a[..., parent, :]).norm(dim=-1) for a in (original, anonymized)
    )
    measurable = (before > MIN_BONE_LENGTH) & present
    change = ((after - before).abs() / before).where(measurable, 0.0)
    return dict(
        sum_sq=square.flatten(1).sum(1),
        sum_dist=square.sqrt().flatten(1).sum(1),
        count=joints,
        coords=joints * original.shape[-1],
        bone_dev_sum=change.flatten(1).sum(1),
        bone_count=measurable.flatten(1).sum(1).double(),
    )


def fidelity_sums(
    original: np.ndarray, anonymized: np.ndarray, bones: Sequence[tuple[int, int]] = ()
) -> dict[str, float]:
    """Return :func:`batch_fidelity_sums` of NumPy arrays that are one sample, after checking them.

    Args:
        original (np.ndarray): Original coordinates (..., V, C), without score channels.
        anonymized (np.ndarray): Anonymized coordinates of the same shape, unit and frame of reference.
        bones (Sequence[tuple[int, int]]): (joint, parent) pairs. Defaults to ().

    Returns:
        dict[str, float]: ``sum_sq``, ``sum_dist``, ``count``, ``coords``, ``bone_dev_sum`` and ``bone_count``.

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
    # Absent bodies are left out here, so that padding does not change even the rounding of the sums.
    present = original.any(axis=(-2, -1))
    bodies = (torch.from_numpy(a[present])[None] for a in (original, anonymized))
    return {key: value.item() for key, value in batch_fidelity_sums(*bodies, bones).items()}


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


def motion_energy(skeletons: torch.Tensor) -> torch.Tensor:
    """Return the mean squared displacement of a joint between consecutive frames.

    Args:
        skeletons (Tensor): Coordinates in metres, shape (N, M, T, V, C).

    Returns:
        Tensor: A scalar in squared metres, zero for a single frame.
    """
    if skeletons.shape[2] < 2:
        return skeletons.new_zeros(())
    return skeletons.diff(dim=2).square().sum(-1).mean()
