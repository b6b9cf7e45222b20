# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Clips of another length."""

from __future__ import annotations

import numpy as np


def resample_frames(x: np.ndarray, frames: int) -> np.ndarray:
    """Resample a clip to another number of frames by linear interpolation, first and last frame kept.

    Args:
        x (np.ndarray): Array of shape (T, ...), T at least 1.
        frames (int): Number of frames wanted, at least 1.

    Returns:
        np.ndarray: Array of shape (frames, ...).
    """
    positions = np.linspace(0, len(x) - 1, frames)
    lower = positions.astype(int)
    upper = np.minimum(lower + 1, len(x) - 1)
    weight = (positions - lower).reshape(-1, *[1] * (x.ndim - 1))
    return x[lower] + weight * (x[upper] - x[lower])


def resample_clip(clip: np.ndarray, length: int, present: np.ndarray | None = None) -> np.ndarray:
    """Stretch or shrink a clip to a number of frames, linearly between frames.

    Where a joint is absent in one of the two frames between which a new one falls, the nearer of them counts alone, so that
    nothing is drawn halfway to the origin.

    Args:
        clip (np.ndarray): Shape (M, T, V, C), absent joints all zero.
        length (int): Number of frames L.
        present (np.ndarray, optional): Which joints are there, shape (M, T, V), where not all channels are coordinates. Defaults to None,
            those with a channel that is not zero.

    Returns:
        np.ndarray: Shape (M, L, V, C), float32.
    """
    frames = clip.shape[1]
    at = np.linspace(0, frames - 1, length)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, frames - 1)
    share = (at - low).astype(np.float32)[None, :, None, None]
    present = clip.any(axis=3) if present is None else present
    both = (present[:, low] & present[:, high])[..., None]
    nearer = clip[:, np.rint(at).astype(int)]
    return np.where(both, clip[:, low] * (1 - share) + clip[:, high] * share, nearer).astype(
        np.float32
    )
