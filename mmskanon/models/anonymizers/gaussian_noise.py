# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The baseline that hides identity under noise."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from mmskanon.registry import MODELS
from mmskanon.skeletons.layouts import SkeletonLayout

from .base import BaseAnonymizer
from .chance import current_chance


@MODELS.register_module()
class GaussianNoiseAnonymizer(BaseAnonymizer):
    """Add independent Gaussian noise to every coordinate of every joint of every present person, in train and eval mode.

    The noise comes from PyTorch's random generator of the input's device, so that ``torch.manual_seed`` governs it. It is
    drawn anew for each frame: averaging over time removes much of it, which makes this a baseline, not a protection. Calls of
    :func:`~mmskanon.apis.anonymize_skeletons` with a seed, and streams, draw the noise of a frame from seed and number of the frame.

    Args:
        std (float): Standard deviation of the noise in the unit of the input: metres for 3-D layouts, normalized or not, since
            normalization only moves and turns.
        seed (int, optional): If given, every call draws the same noise for an input of the same shape, whatever its content,
            on every device, and leaves PyTorch's generators alone. For tests and repeatable exports: who knows the seed can
            subtract the noise. Such an instance cannot be traced by ``torch.export``. Defaults to None.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        ValueError: If ``std`` is negative or not finite.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import GaussianNoiseAnonymizer
        >>> anonymizer = GaussianNoiseAnonymizer(std=0.05, layout='nturgb+d', num_person=2)
        >>> anonymizer(torch.randn(4, 2, 64, 25, 3)).shape
        torch.Size([4, 2, 64, 25, 3])
    """

    framewise = True
    draws = True

    def __init__(
        self,
        std: float,
        seed: int | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        if not (math.isfinite(std) and std >= 0):
            raise ValueError(
                f'GaussianNoiseAnonymizer: std must be a finite number >= 0 in {self.layout.unit}, found {std}'
            )
        self.std = float(std)
        self.seed = seed

    @property
    def export_obstacle(self) -> str:
        """str: See :class:`BaseAnonymizer`."""
        return 'it draws noise, and the seed of a graph would be the same for everybody who has the file'

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Add noise to ``coords``, shape (N, M, T, V, C)."""
        chance = current_chance()
        if chance is not None:
            frames = range(chance.first_frame, chance.first_frame + coords.shape[2])
            shape = (*coords.shape[:2], *coords.shape[3:])
            noise = chance.normal(frames, shape).movedim(0, 2).to(coords)
        elif self.seed is None:
            noise = torch.randn_like(coords)
        else:
            generator = torch.Generator().manual_seed(self.seed)
            noise = torch.randn(coords.shape, generator=generator).to(coords)
        return coords + self.std * noise

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f'std={self.std}, seed={self.seed}'
