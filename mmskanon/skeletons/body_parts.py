# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The parts of a body: its limbs and what lies between them."""

from __future__ import annotations

from .layouts import SkeletonLayout


def body_parts(layout: SkeletonLayout) -> list[list[int]]:
    """Split a body into its limbs and what lies between them.

    A limb is a connected set of joints of one side; the joints of no side are the trunk.

    Args:
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        list[list[int]]: Joints of each part: trunk, limbs of the left, limbs of the right. Each joint is in one part.

    Example:
        >>> from mmskanon.skeletons.body_parts import body_parts
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
