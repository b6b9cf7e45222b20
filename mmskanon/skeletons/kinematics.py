# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Skeletons as root, bone directions and bone lengths, and back: differentiable tensor operations for any layout."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from .layouts import SkeletonLayout, check_joint_count, get_layout
from .tracing import is_traced

MIN_BONE_LENGTH = 1e-6
"""float: Bones that are not longer than this, a micrometre where the unit is metres, have no direction."""


def joint_mask(x: Tensor) -> Tensor:
    """Tell which joints are there: those with a coordinate that is not exactly zero.

    Args:
        x (Tensor): Coordinates of shape (..., V, C), without score channels.

    Returns:
        Tensor: Boolean mask of shape (..., V, 1).
    """
    return (x != 0).any(-1, keepdim=True)


def fill_absent_joints(x: Tensor, layout: str | Mapping | SkeletonLayout) -> Tensor:
    """Put absent joints between their neighbours, so that every bone of a present body has two ends.

    An absent joint (all coordinates exactly zero) comes to lie at the mean of those of its parent and children that are there;
    where none is, it waits until one of them has been filled. So an absent knee lies halfway between hip and ankle, and an absent
    hand at the wrist. Bodies with no joint at all stay zero. Present joints are not touched; gradients reach the neighbours. A
    recorded graph makes as many passes as the tree could need, whoever is absent.

    Args:
        x (Tensor): Coordinates of shape (..., V, C), without score channels.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        Tensor: Coordinates of the same shape.

    Raises:
        ValueError: If the joints are not those of the layout.
    """
    layout = _checked(x, layout)
    known = joint_mask(x)
    missing = ~known & known.any(-2, keepdim=True)
    if not is_traced() and not missing.any():
        return x
    neighbours = _neighbours(layout)
    widest = max(len(others) for others in neighbours)
    # Joint V is nobody: zero and absent.
    table = [others + [layout.num_joints] * (widest - len(others)) for others in neighbours]
    rows = torch.tensor(table, device=x.device).flatten()
    # A tree is connected, so a pass fills every absent joint beside one that is there.
    for _ in range(_longest_way(neighbours) if is_traced() else layout.num_joints):
        there = _pick(known, rows, widest)
        count = there.sum(-2)
        mean = (_pick(x, rows, widest) * there).sum(-2) / count.clamp(1)
        fillable = missing & (count > 0)
        x, known, missing = torch.where(fillable, mean, x), known | fillable, missing & ~fillable
        if not is_traced() and not missing.any():
            break
    return x


def bone_vectors(x: Tensor, layout: str | Mapping | SkeletonLayout) -> Tensor:
    """Compute each joint minus its parent.

    Args:
        x (Tensor): Coordinates of shape (..., V, C), without score channels.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        Tensor: Vectors of shape (..., V, C), same unit; zero for the root.

    Raises:
        ValueError: If the joints are not those of the layout.
    """
    layout = _checked(x, layout)
    return x - x.index_select(-2, torch.tensor(layout.parents, device=x.device))


def inverse_kinematics(
    x: Tensor, layout: str | Mapping | SkeletonLayout
) -> tuple[Tensor, Tensor, Tensor]:
    """Take skeletons apart into position of the root, bone directions and bone lengths.

    :func:`forward_kinematics` puts them together again, up to rounding and to bones not longer than :data:`MIN_BONE_LENGTH`,
    which have direction and length zero and give and receive no gradient. Joints count as they stand, so fill absent ones first
    (:func:`fill_absent_joints`).

    Args:
        x (Tensor): Coordinates of shape (..., V, C), without score channels, any unit.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        tuple[Tensor, Tensor, Tensor]: Root of shape (..., C); directions from parent to joint of shape (..., V, C), of length 1,
        or 0 for the root and bones without length; lengths of shape (..., V) in the unit of the input.

    Raises:
        ValueError: If the joints are not those of the layout.

    Example:
        >>> import torch
        >>> from mmskanon.skeletons.kinematics import forward_kinematics, inverse_kinematics
        >>> x = torch.randn(4, 2, 64, 25, 3)
        >>> root, directions, lengths = inverse_kinematics(x, 'nturgb+d')
        >>> root.shape, directions.shape, lengths.shape
        (torch.Size([4, 2, 64, 3]), torch.Size([4, 2, 64, 25, 3]), torch.Size([4, 2, 64, 25]))
        >>> bool((forward_kinematics(root, directions, lengths, 'nturgb+d') - x).abs().max() < 1e-5)
        True
    """
    layout = _checked(x, layout)
    directions, lengths = split_length(bone_vectors(x, layout))
    return x[..., layout.root, :], directions, lengths


def split_length(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Split vectors into direction and length, with finite gradients everywhere.

    Args:
        vectors (Tensor): Vectors of shape (..., C).

    Returns:
        tuple[Tensor, Tensor]: Directions of shape (..., C) and lengths of shape (...); both zero, without gradient, for vectors
        not longer than :data:`MIN_BONE_LENGTH`.
    """
    square = vectors.square().sum(-1, keepdim=True)
    long = square > MIN_BONE_LENGTH**2
    length = torch.where(long, square, 1).sqrt()
    directions = torch.where(long, vectors / length, 0)
    return directions, torch.where(long, length, 0)[..., 0]


def forward_kinematics(
    root: Tensor, directions: Tensor, lengths: Tensor, layout: str | Mapping | SkeletonLayout
) -> Tensor:
    """Put skeletons together: each joint lies at the root plus the bones on the way to it.

    Args:
        root (Tensor): Positions of the root, shape (..., C).
        directions (Tensor): Directions from parent to joint, shape (..., V, C); that of the root does not matter.
        lengths (Tensor): Bone lengths in the unit of the root, shape (..., V) or (V,); that of the root does not matter.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        Tensor: Coordinates of shape (..., V, C).

    Raises:
        ValueError: If the joints are not those of the layout.
    """
    layout = _checked(directions, layout)
    positions = directions * lengths[..., None]
    inner = torch.arange(layout.num_joints, device=positions.device) != layout.root
    positions = torch.where(inner[:, None], positions, 0)
    # Sums over all ancestors in a number of steps that grows with the logarithm of the depth; no matrix product, which
    # autocast would round.
    for ancestors in _doubled_ancestors(layout, positions.device):
        positions = positions + positions.index_select(-2, ancestors)
    return root[..., None, :] + positions


def complete_directions(directions: Tensor, layout: str | Mapping | SkeletonLayout) -> Tensor:
    """Give bones without a direction that of the bone before them on the way from the root; up (the last axis) where there is none.

    Args:
        directions (Tensor): Directions of shape (..., V, C), zero where a bone has none.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        Tensor: Directions of the same shape, none of them zero.

    Raises:
        ValueError: If the joints are not those of the layout.
    """
    layout = _checked(directions, layout)
    for ancestors in _doubled_ancestors(layout, directions.device):
        inherited = directions.index_select(-2, ancestors)
        directions = torch.where(joint_mask(directions), directions, inherited)
    up = torch.zeros_like(directions)
    up[..., -1] = 1
    return torch.where(joint_mask(directions), directions, up)


def set_bone_lengths(
    x: Tensor, directions: Tensor, lengths: Tensor, layout: str | Mapping | SkeletonLayout
) -> Tensor:
    """Build bodies with other bones at the place of given ones: the layout's centre joint stays where it is.

    The centre joint rather than the root, because normalization puts it at the origin: were the root kept, its height above the
    origin would still tell a bone length of the person.

    Args:
        x (Tensor): Coordinates of shape (..., V, C), of which only the centre joint counts.
        directions (Tensor): Directions from parent to joint, shape (..., V, C).
        lengths (Tensor): Bone lengths in the unit of ``x``, shape (..., V) or (V,).
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        Tensor: Coordinates of shape (..., V, C).

    Raises:
        ValueError: If the joints are not those of the layout.
    """
    layout = _checked(x, layout)
    body = forward_kinematics(torch.zeros_like(x[..., 0, :]), directions, lengths, layout)
    center = slice(layout.center, layout.center + 1)
    return (body - body[..., center, :]) + x[..., center, :]  # exact at the centre joint


def _checked(x: Tensor, layout: str | Mapping | SkeletonLayout) -> SkeletonLayout:
    layout = get_layout(layout)
    check_joint_count(layout, x.shape[-2], 'the input of the kinematics')
    return layout


def _neighbours(layout: SkeletonLayout) -> list[list[int]]:
    """Parent and children of each joint."""
    neighbours: list[list[int]] = [[] for _ in layout.joints]
    for joint, parent in layout.graph_inward:
        neighbours[joint].append(parent)
        neighbours[parent].append(joint)
    return neighbours


def _longest_way(neighbours: list[list[int]]) -> int:
    """Largest number of bones between two joints: none is farther from one that is there."""
    longest = 0
    for start in range(len(neighbours)):
        reached, edge, steps = {start}, [start], 0
        while edge:
            edge = [other for joint in edge for other in neighbours[joint] if other not in reached]
            reached.update(edge)
            steps += bool(edge)
        longest = max(longest, steps)
    return longest


def _pick(x: Tensor, rows: Tensor, width: int) -> Tensor:
    """From (..., V, C) the neighbours of each joint, (..., V, width, C); zero where it has fewer."""
    padded = torch.cat([x, torch.zeros_like(x[..., :1, :])], dim=-2)
    return padded.index_select(-2, rows).unflatten(-2, (x.shape[-2], width))


def _doubled_ancestors(layout: SkeletonLayout, device: torch.device) -> list[Tensor]:
    """For each joint its parent, its ancestor two, four, ... bones away, until all are the root."""
    steps, ancestors = [], list(layout.parents)
    while True:
        steps.append(torch.tensor(ancestors, device=device))
        if all(a == layout.root for a in ancestors):
            return steps
        ancestors = [ancestors[a] for a in ancestors]
