# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What attackers compare clips by, as differentiable tensor operations."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from mmskanon.skeletons.kinematics import inverse_kinematics
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout

FRAMES = 32
"""int: Frames to which clips are brought for comparison."""


def motion_spaces(x: Tensor, layout: str | Mapping | SkeletonLayout) -> dict[str, Tensor]:
    """Describe clips in the four ways in which the class-aware attackers of the audit compare them.

    Args:
        x (Tensor): Skeletons of shape (N, M, T, V, C), T at least 2.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        dict[str, Tensor]: Vectors of shape (N, D): ``'posture'``, mean directions of the bones over time; ``'residual'``, directions of
        the bones minus their mean over time; ``'speed'``, speed of each joint relative to the centre joint; ``'position'``, joints relative to the
        centre joint, and its own path. Parts of absent persons are zero.
    """
    layout = get_layout(layout)
    x = x[..., : layout.dims].float()
    present = (x != 0).flatten(3).any(-1)[..., None, None]
    inner = [j for j in range(layout.num_joints) if j != layout.root]
    directions = inverse_kinematics(x, layout)[1][..., inner, :] * present
    count = present.sum(2, keepdim=True).clamp(min=1)
    posture = directions.sum(2, keepdim=True) / count
    center = x[..., layout.center : layout.center + 1, :]
    relative = (x - center) * present
    # The square root has no slope at rest.
    speed = (relative.diff(dim=2).square().sum(-1) + 1e-8).sqrt() * (
        present[:, :, 1:] & present[:, :, :-1]
    )[..., 0]
    return dict(
        posture=posture.flatten(1),
        residual=_resample(((directions - posture) * present).flatten(3)),
        speed=_resample(speed),
        position=_resample(torch.cat([relative, center * present], dim=-2).flatten(3)),
    )


def _resample(x: Tensor) -> Tensor:
    """From (N, M, T, D) to (N, M * D * FRAMES), linear in time."""
    channels = x.permute(0, 1, 3, 2).flatten(1, 2)
    return F.interpolate(channels, FRAMES, mode='linear', align_corners=True).flatten(1)
