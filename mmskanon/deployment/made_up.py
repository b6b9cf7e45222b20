# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Made-up clips, for checks that need skeletons and nobody's recordings."""

from __future__ import annotations

import numpy as np

from mmskanon.skeletons.layouts import SkeletonLayout

SIZES = ((1, 1), (2, 5), (3, 16), (1, 33), (2, 64))
"""tuple: Numbers N of clips and T of frames that an export is checked with."""


def made_up_clips(
    layout: SkeletonLayout, clips: int, persons: int, frames: int, seed: int = 0
) -> np.ndarray:
    """Draw people who move smoothly some metres before a camera; a person comes late, and some frames and joints are absent.

    Args:
        layout (SkeletonLayout): Skeleton layout.
        clips (int): Number of clips N.
        persons (int): Number of persons M.
        frames (int): Number of frames T.
        seed (int): Seed of the draw. Defaults to 0.

    Returns:
        np.ndarray: Skeletons of shape (N, M, T, V, dims), camera space, in the unit of the layout, float32; what is absent is zero.
    """
    rng = np.random.default_rng(seed)
    shape = clips, persons, 1, layout.num_joints, layout.dims
    bones = rng.normal(size=shape)
    bones *= 0.25 / np.linalg.norm(bones, axis=-1, keepdims=True)
    phase = rng.uniform(0, 2 * np.pi, size=shape)
    time = np.arange(frames)[:, None, None] / 15
    bones = bones + 0.1 * np.sin(rng.uniform(0.5, 2, size=shape) * time + phase)
    made = bones.copy()
    for joint in _from_the_root(layout):
        parent = layout.parents[joint]
        made[..., joint, :] = 0 if joint == parent else made[..., parent, :] + bones[..., joint, :]
    made += rng.uniform(-0.5, 0.5, size=(clips, persons, 1, 1, layout.dims))
    made[..., -1] += 3
    if layout.unit == 'px':
        made *= 200
    if frames > 2:
        made[:, -1, : frames // 3] = (
            0  # comes late; nobody is there yet where it is the only person
        )
        made[0, :, frames // 2] = 0
        made[-1, 0, frames // 2 :, -1] = 0
    return made.astype(np.float32)


def _from_the_root(layout: SkeletonLayout) -> list[int]:
    """Joints, each after its parent."""
    order = [layout.root]
    for joint in order:
        order += [j for j, p in enumerate(layout.parents) if p == joint and j != p]
    return order
