# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Rotations that take one rest pose to another, as differentiable tensor operations."""

from __future__ import annotations

import torch
from torch import Tensor

from .kinematics import split_length

_OPPOSITE = (
    1e-10  # squared sine below which opposite directions leave the axis of the half turn open
)


def rotate_shortest(vectors: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Turn vectors by the shortest rotation that takes one direction to another.

    With k = source x target, c = source . target and s^2 = k . k, it is v + k x v + f k x (k x v), f = 1 / (1 + c) = (1 - c) /
    s^2 (Moeller and Hughes, "Efficiently Building a Matrix to Rotate One Vector to Another", Journal of Graphics Tools 4(4),
    1999). Opposite directions are joined by a half turn about an axis that is perpendicular to both and follows from ``source``
    alone.

    Args:
        vectors (Tensor): Vectors to turn, shape (..., 3).
        source (Tensor): Directions, length 1, of a shape that broadcasts to that of ``vectors``. Where it is zero, nothing is
            turned.
        target (Tensor): Directions, length 1, likewise.

    Returns:
        Tensor: Turned vectors of shape (..., 3). Lengths are kept up to rounding; in single precision, within 1e-3 rad of
        opposite directions, up to a thousandth.
    """
    source, target = torch.broadcast_tensors(source, target)
    k = torch.linalg.cross(source, target)
    cosine = (source * target).sum(-1, keepdim=True)
    sine_squared = k.square().sum(-1, keepdim=True)
    acute = cosine > 0
    factor = torch.where(
        acute,
        1 / torch.where(acute, 1 + cosine, 1),
        (1 - cosine) / torch.where(sine_squared > _OPPOSITE, sine_squared, 1),
    )
    k, vectors = torch.broadcast_tensors(k, vectors)
    first = torch.linalg.cross(k, vectors)
    turned = vectors + first + factor * torch.linalg.cross(k, first)
    axis = _perpendicular(source).expand_as(vectors)
    half_turn = 2 * axis * (axis * vectors).sum(-1, keepdim=True) - vectors
    turned = torch.where(~acute & (sine_squared <= _OPPOSITE), half_turn, turned)
    known = (source != 0).any(-1, keepdim=True) & (target != 0).any(-1, keepdim=True)
    return torch.where(known, turned, vectors)


def turn_to_heading(rest: Tensor, own: Tensor) -> Tensor:
    """Turn a rest pose about the vertical until it faces where another one faces.

    The angle is the one that brings all directions closest in the least-squares sense (a Procrustes rotation in the ground
    plane): the direction of (sum_j own_j . rest_j, sum_j rest_j x own_j) over the horizontal coordinates. Where neither pose has
    a horizontal extent, nothing is turned.

    Args:
        rest (Tensor): Directions of the rest pose, shape (V, 3), z upwards.
        own (Tensor): Directions to follow, shape (..., V, 3); those of bones without one are zero.

    Returns:
        Tensor: Turned directions of shape (..., V, 3).
    """
    x, y, z = rest.unbind(-1)
    own_x, own_y = own[..., 0], own[..., 1]
    along = (own_x * x + own_y * y).sum(-1)
    across = (own_y * x - own_x * y).sum(-1)
    heading, found = split_length(torch.stack([along, across], -1))
    cosine = torch.where(found > 0, heading[..., 0], 1)[..., None]
    sine = heading[..., 1, None]
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y, z.expand_as(own_x)], -1)


def rest_poses(
    directions: Tensor, rest: Tensor, keep_heading: bool = True
) -> tuple[Tensor, Tensor]:
    """Find the rest pose of each clip, and the one of a population that stands for it.

    The rest direction of a bone in a clip is its mean direction over time, brought to length 1; zero where directions cancel.
    :func:`rotate_shortest` from one to the other moves the posture of a clip to that of the population, and back.

    Args:
        directions (Tensor): Bone directions of shape (N, M, T, V, 3), those of absent persons zero.
        rest (Tensor): Rest directions of the population, shape (V, 3), z upwards.
        keep_heading (bool): Whether the population's pose is turned to where the clip's faces (:func:`turn_to_heading`). Defaults to
            True.

    Returns:
        tuple[Tensor, Tensor]: Rest directions of each clip and person, shape (N, M, 1, V, 3), and the population's, of the same
        shape or (V, 3).
    """
    own = split_length(directions.mean(2, keepdim=True))[0]
    return own, turn_to_heading(rest, own) if keep_heading else rest


def fit_rotation(points: Tensor, target: Tensor) -> Tensor:
    """Find the rotation that brings points closest to others in the least-squares sense, about the origin.

    Kabsch, "A solution for the best rotation to relate two sets of vectors", Acta Crystallographica A32, 1976: with the singular
    value decomposition U S V^T of sum_i p_i t_i^T it is V diag(1, 1, d) U^T, d = 1 or -1 so that it is no reflection.

    Args:
        points (Tensor): Points p of shape (n, 3).
        target (Tensor): Points t of shape (n, 3), one for each.

    Returns:
        Tensor: Rotation of shape (3, 3) that minimizes sum_i |R p_i - t_i|^2.
    """
    u, _, vh = torch.linalg.svd(points.double().transpose(0, 1) @ target.double())
    sign = torch.ones_like(vh[0])
    sign[-1] = torch.linalg.det(u) * torch.linalg.det(vh)
    return (vh.transpose(0, 1) @ (sign[:, None] * u.transpose(0, 1))).to(points.dtype)


def _perpendicular(source: Tensor) -> Tensor:
    """A direction of shape (..., 3) perpendicular to the given ones, by the coordinate axis that is farthest from them."""
    axis = torch.nn.functional.one_hot(source.detach().abs().argmin(-1), 3).to(source)
    return split_length(torch.linalg.cross(source, axis))[0]
