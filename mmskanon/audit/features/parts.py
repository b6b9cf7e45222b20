# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What all features share: the frames in which a person is there, directions of bones, and the parts of a body."""

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


def body_parts(layout: SkeletonLayout) -> list[list[int]]:
    """Split a body into its limbs and what lies between them.

    A limb is a connected set of joints of one side; the joints of no side are the trunk.

    Args:
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        list[list[int]]: Joints of each part: trunk, limbs of the left, limbs of the right. Each joint is in one part.

    Example:
        >>> from mmskanon.skeletons.layouts import get_layout
        >>> body_parts(get_layout('kinect_v1'))
        [[0, 1, 2, 3], [4, 5, 6, 7], [12, 13, 14, 15], [8, 9, 10, 11], [16, 17, 18, 19]]
    """
    side = dict.fromkeys(range(layout.num_joints), 0)
    for left, right in layout.pairs:
        side[left], side[right] = 1, 2
    trunk = [joint for joint, which in side.items() if which == 0]
    parts = [trunk] if trunk else []
    for which in (1, 2):
        limbs: dict[int, list[int]] = {}
        for joint in (j for j in side if side[j] == which):
            top = joint
            while layout.parents[top] != top and side[layout.parents[top]] == which:
                top = layout.parents[top]
            limbs.setdefault(top, []).append(joint)
        parts += limbs.values()
    return parts
