# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Paths of chosen joints: which joints, and the line that each has drawn so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmskanon.skeletons.layouts import SkeletonLayout

_FAINTEST = 0.12


def joint_indices(joints: Sequence[str | int], layout: SkeletonLayout) -> list[int]:
    """Return the indices of joints given by name or index.

    Args:
        joints (Sequence[str | int]): Names of the layout's joints, or indices from 0.
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        list[int]: Their indices, each once, in the order given.

    Raises:
        ValueError: If the layout has no such joint; the sentence lists those it has.

    Example:
        >>> joint_indices(['left_wrist', 0], get_layout('kinect_v1'))
        [6, 0]
    """
    found = []
    for joint in joints:
        word = str(joint)
        if word in layout.joints:
            found.append(layout.joints.index(word))
        elif word.isascii() and word.isdigit() and int(word) < layout.num_joints:
            found.append(int(word))
        else:
            raise ValueError(
                f'the skeleton layout {layout.name!r} has no joint {word!r}: choose among {", ".join(layout.joints)}, '
                f'or an index from 0 to {layout.num_joints - 1}'
            )
    return list(dict.fromkeys(found))


def path_segments(
    points: np.ndarray, present: np.ndarray, colors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the paths of joints as short lines, fainter the longer ago.

    Args:
        points (np.ndarray): Positions on paper of the joints, oldest first (M, F, J, 2).
        present (np.ndarray): Whether the person was there (M, F), bool. A path is broken where it was not.
        colors (np.ndarray): RGBA of each position (M, F, J, 4).

    Returns:
        tuple[np.ndarray, np.ndarray]: Ends (S, 2, 2) and RGBA (S, 4) of the lines.
    """
    steps = points.shape[1] - 1
    ends = np.stack([points[:, :-1], points[:, 1:]], axis=-2)
    shades = np.array(colors[:, 1:], dtype=float)
    shades[..., 3] *= np.linspace(_FAINTEST, 1.0, max(steps, 1))[:steps, None]
    whole = present[:, :-1] & present[:, 1:]
    return ends[whole].reshape(-1, 2, 2), shades[whole].reshape(-1, 4)
