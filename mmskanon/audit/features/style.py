# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How an action is carried out, frame by frame, so that two clips of one action can be held against each other."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from mmskanon.skeletons.body_parts import body_parts
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.resampling import resample_frames

from .parts import present_frames, unit_bones

FRAMES = 32
"""Frames to which every clip is stretched."""
_SIGMA = 1.5


def motion_residual(clip: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    """Movement without body and posture: directions of the bones, smoothed over 1.5 frames, minus their mean over time.

    Args:
        clip (np.ndarray): Shape (M, T, V, C), absent persons all zero.
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        np.ndarray: 32 frames of V - 1 directions of each person, shape (M * 32 * (V - 1) * C,); zero for absent persons.
    """

    def residual(person: np.ndarray) -> np.ndarray:
        bones = gaussian_filter1d(unit_bones(person, layout), _SIGMA, axis=0, mode='nearest')
        return resample_frames(bones - bones.mean(axis=0), FRAMES)

    return _each(clip, residual, FRAMES * (layout.num_joints - 1) * layout.dims)


def speed_profile(clip: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    """How fast each body part moves over time, relative to the centre joint: its joints' mean speed, smoothed over 1.5 frames.

    Args:
        clip (np.ndarray): Shape (M, T, V, C), absent persons all zero.
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        np.ndarray: 32 frames of each body part of each person, shape (M * 32 * parts,), in the unit of the clip per frame.
    """
    parts = body_parts(layout)

    def speeds(person: np.ndarray) -> np.ndarray:
        relative = person - person[:, layout.center : layout.center + 1]
        speed = np.linalg.norm(np.gradient(relative, axis=0), axis=-1)
        profile = np.stack([speed[:, joints].mean(axis=1) for joints in parts], axis=1)
        smooth = gaussian_filter1d(profile, _SIGMA, axis=0, mode='nearest')
        return resample_frames(smooth, FRAMES)

    return _each(clip, speeds, FRAMES * len(parts))


def centred_position(clip: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    """Poses relative to the centre joint, and where that one stands.

    Args:
        clip (np.ndarray): Shape (M, T, V, C), absent persons all zero.
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        np.ndarray: 32 frames of V joints of each person, shape (M * 32 * V * C,), in the unit of the clip.
    """

    def position(person: np.ndarray) -> np.ndarray:
        centre = person[:, layout.center : layout.center + 1]
        relative = np.where(person.any(axis=-1, keepdims=True), person - centre, 0)
        relative[:, layout.center] = centre[:, 0]
        return resample_frames(relative, FRAMES)

    return _each(clip, position, FRAMES * layout.num_joints * layout.dims)


def _each(clip: np.ndarray, function, size: int) -> np.ndarray:
    """Join a function of the frames (T', V, C) of each person; zeros for persons with fewer than two frames."""
    rows = [present_frames(person) for person in clip]
    return np.concatenate(
        [np.ravel(function(person)) if len(person) > 1 else np.zeros(size) for person in rows]
    ).astype(np.float32)
