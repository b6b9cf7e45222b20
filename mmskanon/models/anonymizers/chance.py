# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Chance that follows from a seed and a clip, whatever else is in the batch."""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def clip_generator(seed: int | None, clip: np.ndarray) -> torch.Generator | None:
    """Give the generator that draws for one clip.

    Args:
        seed (int, optional): Seed of the anonymizer, None for a fresh draw each time.
        clip (np.ndarray): Coordinates of the clip, shape (M, T, V, C), float32. Equal clips get equal draws.

    Returns:
        torch.Generator | None: A generator of the CPU; None, which means PyTorch's own, without a seed.
    """
    if seed is None:
        return None
    digest = hashlib.sha256(f'{seed} {clip.shape}'.encode())
    digest.update(np.ascontiguousarray(clip).data)
    return torch.Generator().manual_seed(int.from_bytes(digest.digest()[:7], 'big'))
