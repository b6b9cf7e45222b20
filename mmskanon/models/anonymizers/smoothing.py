# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The baseline that hides how a person moves under a low-pass filter over time."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import joint_mask
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.tracing import is_traced

from .base import BaseAnonymizer


@MODELS.register_module()
class SmoothingAnonymizer(BaseAnonymizer):
    """Replace each joint by its Gaussian-weighted mean over neighbouring frames.

    x'_t = sum_d w_d x_(t+d) / sum_d w_d with w_d = exp(-d^2 / (2 sigma^2)) and |d| at most ``truncate * sigma``: what
    ``scipy.ndimage.gaussian_filter1d`` computes, except near gaps and ends. There the sum runs over frames of the same contiguous
    presence alone, so that absence (exactly zero) is not smeared into motion and motion does not cross a gap. Presence is that of
    the single joint: a joint that is absent while the person is there stays exactly zero and takes no part.

    It removes tremor, sensor noise and the sharpness of movements. It removes neither body measures nor posture nor timing, so it
    is a baseline, not a protection.

    Args:
        sigma (float): Standard deviation of the Gaussian in frames of the input; 0 changes nothing.
        truncate (float): Where the Gaussian is cut off, in standard deviations. Defaults to 4.0.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        ValueError: If ``sigma`` is negative, ``truncate`` is not positive, or one of them is not finite.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import SmoothingAnonymizer
        >>> anonymizer = SmoothingAnonymizer(sigma=2, layout='nturgb+d', num_person=2)
        >>> anonymizer(torch.randn(4, 2, 64, 25, 3)).shape, anonymizer.receptive_field
        (torch.Size([4, 2, 64, 25, 3]), 17)
    """

    def __init__(
        self,
        sigma: float,
        truncate: float = 4.0,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        if not (math.isfinite(sigma) and sigma >= 0):
            raise ValueError(
                f'SmoothingAnonymizer: sigma must be a finite number of frames >= 0, found {sigma}'
            )
        if not (math.isfinite(truncate) and truncate > 0):
            raise ValueError(
                f'SmoothingAnonymizer: truncate must be a finite number > 0, found {truncate}'
            )
        self.sigma = float(sigma)
        self.radius = int(truncate * self.sigma + 0.5)  # SciPy's rounding

    def needed_frames(self, frame: int) -> tuple[int, int]:
        """See :class:`BaseAnonymizer`: frames on both sides within the cut-off."""
        return frame - self.radius, frame + self.radius

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Smooth ``coords``, shape (N, M, T, V, C), along T."""
        seen = joint_mask(coords)
        gaps = (~seen).cumsum(2)  # equal in two frames if there is no gap between them
        frames = coords.shape[2]
        # Differences to the frame itself are averaged, not positions: constant joints stay exactly where they are.
        moved = torch.zeros_like(coords)
        total = torch.ones_like(coords[..., :1])
        # A graph for any number of frames cannot stop at the end of a short clip; what lies beyond it is absent and adds nothing.
        reach = self.radius if is_traced() else min(self.radius, frames - 1)
        later = [_shift(x, -reach) for x in (coords, seen, gaps)]
        for distance in range(1, reach + 1):
            weight = math.exp(-0.5 * (distance / self.sigma) ** 2)
            late, late_seen, late_gaps = (x[:, :, distance : distance + frames] for x in later)
            joined = seen & late_seen & (gaps == late_gaps)
            step = weight * torch.where(joined, late - coords, 0)
            share = weight * joined.to(coords.dtype)
            moved = moved + step - _shift(step, distance)[:, :, :frames]
            total = total + share + _shift(share, distance)[:, :, :frames]
        return coords + moved / total

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f'sigma={self.sigma}, radius={self.radius}'


def _shift(x: Tensor, frames: int) -> Tensor:
    """Add frames of zeros to (N, M, T, V, C), before the first one or, where ``frames`` is negative, after the last one."""
    return torch.nn.functional.pad(x, (0, 0, 0, 0, max(frames, 0), max(-frames, 0)))
