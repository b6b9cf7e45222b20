# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What all features share: the frames in which a person is there, and directions of bones."""

from __future__ import annotations

import numpy as np

from mmskanon.skeletons.layouts import SkeletonLayout


def present_frames(person: np.ndarray) -> np.ndarray:
    """Drop the frames in which a person is absent.

    Args:
        person (np.ndarray): Shape (T, V, C), absent frames all zero.

    Returns:
        np.ndarray: Shape (T', V, C), float64.
    """
    return person[person.any(axis=(1, 2))].astype(np.float64)


def unit_bones(person: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    """Directions of the bones, from parent to joint: what is left of a pose on a body of any size.

    Args:
        person (np.ndarray): Shape (..., V, C).
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        np.ndarray: Unit vectors of the bones without the root's own, shape (..., V - 1, C); zero where a joint or its parent is
        absent or both lie in one place.
    """
    joints, parents = np.array(layout.graph_inward).T
    bones = person[..., joints, :] - person[..., parents, :]
    there = person.any(axis=-1)
    length = np.linalg.norm(bones, axis=-1, keepdims=True)
    valid = (there[..., joints] & there[..., parents])[..., None] & (length > 1e-9)
    return np.where(valid, bones / np.where(valid, length, 1), 0)
