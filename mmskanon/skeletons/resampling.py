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
