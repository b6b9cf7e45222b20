# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Alignment of clips in time: band-limited dynamic time warping, batched, on tensors."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_DIAGONAL, _UP, _LEFT = range(3)  # the step that led to a cell; the first is taken among equals


def squared_distances(source: Tensor, target: Tensor) -> Tensor:
    """Compute |source_i - target_j|^2 for every pair of frames.

    Args:
        source (Tensor): Shape (B, T, D).
        target (Tensor): Shape (B, S, D).

    Returns:
        Tensor: Shape (B, T, S), without the cancellation of |a|^2 + |b|^2 - 2 a . b.
    """
    return torch.cdist(source, target, compute_mode='donot_use_mm_for_euclid_dist').square()


def dtw(costs: Tensor, band: int, penalty: float = 0.0) -> tuple[Tensor, Tensor]:
    """Find the cheapest monotone path through each matrix of costs, within a band about the diagonal.

    D_ij = c_ij + min(D_(i-1)(j-1), D_(i-1)j + penalty, D_i(j-1) + penalty) for |i - j| <= band (Sakoe and Chiba, "Dynamic
    programming algorithm optimization for spoken word recognition", IEEE Transactions on Acoustics, Speech, and Signal Processing
    26(1), 1978; their symmetric form without its weight of 2 on the diagonal, and with a penalty on the other steps). All paths of
    a batch advance together, one anti-diagonal at a time. Among equally cheap steps the diagonal one is taken, then that from
    (i - 1, j).

    Args:
        costs (Tensor): Cost c of pairing frame i with frame j, shape (B, T, T), finite.
        band (int): Largest difference of i and j, at least 0.
        penalty (float): Added for each step that is not diagonal. Defaults to 0.

    Returns:
        tuple[Tensor, Tensor]: Cost of the path, D_(T-1)(T-1), shape (B,); and for each frame i the mean of the frames j that
        the path pairs with it, shape (B, T), never decreasing, in the type of the costs.

    Raises:
        ValueError: If the matrices are empty or not square, or the band is negative.

    Example:
        >>> import torch
        >>> from mmskanon.skeletons.dtw import dtw, squared_distances
        >>> early, late = torch.tensor([0, 1, 0, 0, 0.0]), torch.tensor([0, 0, 0, 1, 0.0])
        >>> cost, path = dtw(squared_distances(early[None, :, None], late[None, :, None]), band=3)
        >>> cost.item(), path.tolist()
        (0.0, [[1.0, 3.0, 4.0, 4.0, 4.0]])
    """
    if costs.dim() != 3 or costs.shape[1] != costs.shape[2] or costs.shape[1] == 0:
        raise ValueError(
            f'dtw expects costs of shape (B, T, T), found {tuple(costs.shape)}: resample both clips to one length first'
        )
    if band < 0:
        raise ValueError(f'dtw: band must be at least 0, found {band}')
    batch, frames, _ = costs.shape
    i = torch.arange(frames, device=costs.device)
    before = costs.new_full((batch, 1), math.inf)
    previous = older = costs.new_full((batch, frames), math.inf)
    steps = []
    for total in range(2 * frames - 1):  # the cells with i + j = total
        j = total - i
        inside = (j >= 0) & (j < frames) & ((i - j).abs() <= band)
        here = costs[:, i, j.clamp(0, frames - 1)]
        if total == 0:
            best, step = torch.where(i == 0, 0, older), torch.zeros_like(older, dtype=torch.long)
        else:
            diagonal = torch.cat([before, older[:, :-1]], 1)
            up = torch.cat([before, previous[:, :-1]], 1) + penalty
            best, step = torch.stack([diagonal, up, previous + penalty]).min(0)
        steps.append(step)
        older, previous = previous, torch.where(inside, here + best, math.inf)
    return previous[:, -1], _trace(torch.stack(steps, 1)).to(costs.dtype)


def _trace(steps: Tensor) -> Tensor:
    """Follow the steps (B, 2 T - 1, T), indexed by i + j and i, back from the end; mean j for each i, shape (B, T)."""
    batch, _, frames = steps.shape
    rows = torch.arange(batch, device=steps.device)
    i = torch.full((batch,), frames - 1, device=steps.device)
    j, going = i.clone(), torch.ones_like(i)
    total, count = (torch.zeros(batch, frames, device=steps.device).long() for _ in range(2))
    for _ in range(2 * frames - 1):
        total[rows, i] += going * j
        count[rows, i] += going
        going = going * ((i > 0) | (j > 0))
        step = steps[rows, i + j, i]
        i = i - going * (step != _LEFT)
        j = j - going * (step != _UP)
    return total.double() / count


def smooth_path(path: Tensor, sigma: float) -> Tensor:
    """Smooth paths along time by a Gaussian; beyond the ends, their first and last values go on.

    Args:
        path (Tensor): Shape (B, T).
        sigma (float): Standard deviation of the Gaussian in frames, cut off at four of them; 0 changes nothing.

    Returns:
        Tensor: Shape (B, T); what never decreases still does not.
    """
    radius = int(4 * sigma + 0.5)
    if radius == 0:
        return path
    offsets = torch.arange(-radius, radius + 1, device=path.device, dtype=path.dtype)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    ends = path[:, :1].expand(-1, radius), path[:, -1:].expand(-1, radius)
    windows = torch.cat([ends[0], path, ends[1]], 1).unfold(1, 2 * radius + 1, 1)
    return (windows * (weights / weights.sum())).sum(-1)


def frames_at(x: Tensor, positions: Tensor) -> Tensor:
    """Read a clip at fractional frames by linear interpolation.

    Args:
        x (Tensor): Shape (T, ...), T at least 1.
        positions (Tensor): Frames between 0 and T - 1, shape (L,).

    Returns:
        Tensor: Shape (L, ...).
    """
    positions = positions.clamp(0, len(x) - 1)
    lower = positions.floor().long()
    upper = (lower + 1).clamp(max=len(x) - 1)
    weight = (positions - lower).to(x.dtype).view(-1, *[1] * (x.dim() - 1))
    return torch.lerp(x[lower], x[upper], weight)
