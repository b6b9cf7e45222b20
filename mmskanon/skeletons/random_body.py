# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Bone lengths of people who do not exist, drawn around those of a population."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from .layouts import SkeletonLayout, check_joint_count, get_layout

FARTHEST = 2.0
"""float: Draws are cut off at this many standard deviations, so that nobody gets an impossible body."""


def draw_bone_lengths(
    lengths: Tensor,
    size_spread: Tensor | float,
    proportion_spread: Tensor,
    layout: str | Mapping | SkeletonLayout,
    count: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw bodies as different from each other as the people of a population.

    l_j exp(size_spread a + proportion_spread_j b_j) with a, one for the body, and b_j, one for each bone and alike on both sides,
    standard normal, cut off at :data:`FARTHEST`. l_j is the mean of both sides. So a body is taller or smaller than the median one as
    a whole, and its parts differ a little from its size, each by itself: how thigh and shank go together in real people is not modelled.

    Args:
        lengths (Tensor): Median bone lengths, shape (V,), 0 for the root.
        size_spread (Tensor | float): Standard deviation of the logarithm of size, see
            :class:`~mmskanon.skeletons.population.Population`.
        proportion_spread (Tensor): The same of each bone's proportion, shape (V,).
        layout (str | dict | SkeletonLayout): Skeleton layout.
        count (int): Number of bodies n.
        generator (torch.Generator, optional): Generator of the CPU. Defaults to None, PyTorch's own.

    Returns:
        Tensor: Bone lengths of shape (n, V), in the unit, type and on the device of ``lengths``.

    Raises:
        ValueError: If the joints are not those of the layout.
    """
    layout = get_layout(layout)
    check_joint_count(layout, len(lengths), 'the body to draw from')
    uniform = torch.rand(count, 1 + len(lengths), generator=generator, dtype=torch.float64)
    # The inverse of the normal distribution function, between minus and plus FARTHEST.
    normal = math.sqrt(2) * torch.erfinv((2 * uniform - 1) * math.erf(FARTHEST / math.sqrt(2)))
    normal = normal.to(lengths)
    other = torch.tensor(layout.mirrored_bones, device=lengths.device)
    one_side = torch.minimum(other, torch.arange(len(other), device=lengths.device))
    logarithm = (size_spread * normal[:, :1] + proportion_spread * normal[:, 1:])[:, one_side]
    return (lengths + lengths[other]) / 2 * logarithm.exp()
