# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Static anthropometrics: how long the bones of a body are and how steady they look."""

from __future__ import annotations

import numpy as np

from mmskanon.skeletons.geometry import bone_lengths
from mmskanon.skeletons.layouts import SkeletonLayout

from .parts import present_frames

_PERCENTILES = (50, 5, 25, 75, 95)


def anthropometric_features(clip: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    """Measure the bodies of a clip.

    For each person and each length (bones, distances between the two joints of a pair): percentiles 50, 5, 25, 75 and 95 over time, mean, standard
    deviation and mean change from frame to frame; ratio of its median to the sum of the bones' medians; for each left bone
    (l - r) / (l + r) of the medians; that sum; median and 95th percentile of the extent along each axis; whether the person is there.

    Args:
        clip (np.ndarray): Shape (M, T, V, C), absent persons all zero.
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        np.ndarray: Shape (D,), lengths in the unit of the clip, zero for absent persons.
    """
    return np.concatenate([_measure(present_frames(person), layout) for person in clip])


def _measure(person: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    there = len(person) > 0
    if not there:
        person = np.zeros((1, layout.num_joints, layout.dims))
    lengths = bone_lengths(person, layout)
    bones = np.array([j for j, _ in layout.graph_inward])
    columns = [lengths[:, bones]]
    if layout.pairs:
        left, right = np.array(layout.pairs).T
        seen = person[:, left].any(axis=-1) & person[:, right].any(axis=-1)
        apart = np.linalg.norm(person[:, left] - person[:, right], axis=-1)
        columns.append(np.where(seen, apart, 0))
    values = np.concatenate(columns, axis=1)
    spread = np.stack(
        [
            *_percentiles(values),
            values.mean(axis=0),
            values.std(axis=0),
            np.abs(np.diff(values, axis=0)).mean(axis=0) if len(values) > 1 else 0 * values[0],
        ]
    )
    median = spread[0]
    total = median[: len(bones)].sum()
    ratios = median / total if total > 0 else 0 * median
    of_joint = np.zeros(layout.num_joints)
    of_joint[bones] = median[: len(bones)]
    sides = [(of_joint[a] - of_joint[b], of_joint[a] + of_joint[b]) for a, b in layout.pairs]
    asymmetry = [difference / both if both > 0 else 0.0 for difference, both in sides]
    extent = np.percentile(np.ptp(person, axis=1), (50, 95), axis=0)
    return np.concatenate([spread.ravel(), ratios, asymmetry, [total], extent.ravel(), [there]])


def _percentiles(values: np.ndarray) -> np.ndarray:
    """Percentiles of lengths (T, D) over the frames in which they could be measured, shape (5, D)."""
    if (values > 0).all():
        return np.percentile(values, _PERCENTILES, axis=0)
    measured = [column[column > 0] for column in values.T]
    return np.stack(
        [
            np.percentile(c, _PERCENTILES) if len(c) else np.zeros(len(_PERCENTILES))
            for c in measured
        ],
        axis=1,
    )
