# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Chance that follows from a seed: of a clip, whatever else is in the batch, or of a call, whatever other threads do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Chance:
    """Where the draws of a call come from instead of PyTorch's generators, which all threads share.

    Attributes:
        seed (int): The same seed gives the same draws.
        first_frame (int): Frame of the recording that the first frame of the input is, so that parts of a recording get the draws
            that they get within it. Defaults to 0.
    """

    seed: int
    first_frame: int = 0

    def normal(self, places: Iterable[int], shape: Sequence[int]) -> Tensor:
        """Draw standard normal numbers for places of a recording, the same for a place whatever others are asked for.

        Args:
            places (Iterable[int]): P numbers of places, for instance frames.
            shape (Sequence[int]): Shape for each of them.

        Returns:
            Tensor: Shape (P, \\*shape), float32, on the CPU.
        """
        drawn = [torch.randn(*shape, generator=_generator(f'{self.seed} {p}')) for p in places]
        return torch.stack(drawn)


_CHANCE: ContextVar[Chance | None] = ContextVar('chance', default=None)


@contextmanager
def drawing_from(chance: Chance | None) -> Iterator[None]:
    """Let the anonymizers that this thread calls draw from ``chance``, which goes before their own seeds; None changes nothing."""
    token = _CHANCE.set(chance or _CHANCE.get())
    try:
        yield
    finally:
        _CHANCE.reset(token)


def current_chance() -> Chance | None:
    """Chance | None: What this thread draws from; None for PyTorch's generators."""
    return _CHANCE.get()


def clip_generator(seed: int | None, clip: np.ndarray) -> torch.Generator | None:
    """Give the generator that draws for one clip.

    Args:
        seed (int, optional): Seed of the anonymizer, None for a fresh draw each time; that of :func:`current_chance` goes before it.
        clip (np.ndarray): Coordinates of the clip, shape (M, T, V, C), float32. Equal clips get equal draws.

    Returns:
        torch.Generator | None: A generator of the CPU; None, which means PyTorch's own, without a seed.
    """
    chance = current_chance()
    seed = seed if chance is None else chance.seed
    if seed is None:
        return None
    return _generator(f'{seed} {clip.shape}', clip)


def _generator(text: str, clip: np.ndarray | None = None) -> torch.Generator:
    digest = hashlib.sha256(text.encode())
    if clip is not None:
        digest.update(np.ascontiguousarray(clip).data)
    return torch.Generator().manual_seed(int.from_bytes(digest.digest()[:7], 'big'))
