# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The average of several motions along the timing of another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .dtw import dtw, frames_at, smooth_path, squared_distances
from .kinematics import complete_directions, set_bone_lengths, split_length
from .layouts import SkeletonLayout
from .rotations import fit_rotation, rotate_shortest

_SAME_POSE = 0.025  # root mean squared distance of bone directions below which two poses are one
_POSES_COMPARED = 32  # poses by which a recording is known again
_NOISE_SIGMA = 6.0  # frames of the common length over which the noise of time changes


def timing_features(directions: Tensor, rest: Tensor, frames: int) -> Tensor:
    """Describe when a clip moves how, whoever moves: directions turned so that their mean is the population's rest pose.

    Args:
        directions (Tensor): Bone directions of shape (T, M, V, 3), of the persons to look at.
        rest (Tensor): Rest directions of the population, shape (V, 3).
        frames (int): Number of frames L of the result.

    Returns:
        Tensor: Shape (L, D). Squared distances are sums over bones, averaged over persons.
    """
    own = split_length(directions.mean(0))[0]
    turned = rotate_shortest(directions, own, rest)
    positions = torch.linspace(0, len(turned) - 1, frames, device=turned.device)
    return frames_at(turned, positions).flatten(1) / directions.shape[1] ** 0.5


def is_part_of(directions: Tensor, other: Tensor) -> bool:
    """Tell whether a clip was made of the frames of another clip: of all, some, or those that lie between them in time.

    It was where half of its poses lie on the straight way from some pose of the other clip to the next, up to 0.025 (root mean square
    over bones, about 1.4 degrees). Interpolation of joints is not quite one of directions, hence the tolerance; on UTD-MHAD clips brought to 64
    frames are within 0.013, and any two recordings of an action 0.06 apart.

    Args:
        directions (Tensor): Bone directions of the clip, shape (T, M, V, 3).
        other (Tensor): Bone directions of the other clip, shape (S, M, V, 3).

    Returns:
        bool: Whether it was.
    """
    bones = directions.shape[1] * (directions.shape[2] - 1)
    chosen = torch.linspace(0, len(directions) - 1, min(len(directions), _POSES_COMPARED))
    poses, steps = directions[chosen.round().long()].flatten(1), other.flatten(1)
    start = steps[: max(len(steps) - 1, 1)]
    step = steps[1:] - start if len(steps) > 1 else torch.zeros_like(start)
    square = squared_distances(poses[None], start[None])[0]
    along = poses @ step.T - (start * step).sum(1)
    length = step.square().sum(1)
    share = (along / length.clamp(min=1e-12)).clamp(0, 1)
    square = square - 2 * share * along + share.square() * length
    return bool(square.amin(1).median() < bones * _SAME_POSE**2)


def align(source: Tensor, targets: Tensor, band: int, penalty: float, sigma: float) -> Tensor:
    """Find for each frame of a clip the corresponding frames of others.

    Args:
        source (Tensor): Features of shape (B, L, D).
        targets (Tensor): Features of shape (B, L, D).
        band (int): See :func:`~mmskanon.skeletons.dtw.dtw`.
        penalty (float): Likewise.
        sigma (float): See :func:`~mmskanon.skeletons.dtw.smooth_path`.

    Returns:
        Tensor: Frames of the targets, shape (B, L), between 0 and L - 1, never decreasing.
    """
    return smooth_path(dtw(squared_distances(source, targets), band, penalty)[1], sigma)


def warped_time(
    frames: int, length: int, noise: float, generator: torch.Generator | None = None
) -> Tensor:
    """Spread the frames of a clip over another number of frames, with time running unevenly if wanted.

    Args:
        frames (int): Frames T of the clip.
        length (int): Frames L that they are spread over.
        noise (float): Standard deviation of the time in frames out of L; the noise is Gaussian and smooth over about 6 of them. Time
            stands still rather than run backwards, and stays within the clip.
        generator (torch.Generator, optional): Source of chance. Defaults to None, PyTorch's own.

    Returns:
        Tensor: Positions between 0 and L - 1, shape (T,), never decreasing.
    """
    time = torch.linspace(0, length - 1, frames)
    if noise == 0:
        return time
    pad = int(4 * _NOISE_SIGMA)  # so that the noise is as strong at the ends
    drawn = smooth_path(torch.randn(1, length + 2 * pad, generator=generator), _NOISE_SIGMA)
    impulse = torch.zeros(1, 2 * pad + 1)
    impulse[0, pad] = 1
    gain = smooth_path(impulse, _NOISE_SIGMA).norm()
    offset = frames_at(drawn[0, pad : pad + length] / gain, time)
    return (time + noise * offset).clamp(0, length - 1).cummax(0).values


def average_motion(
    directions: Sequence[Tensor],
    centers: Sequence[Tensor],
    positions: Sequence[Tensor],
    lengths: Tensor,
    layout: str | Mapping | SkeletonLayout,
    lent: Tensor | None = None,
) -> Tensor:
    """Average motions with equal weights, on one body.

    Bone directions and paths of the centre joint are read at the given frames and averaged; directions are brought to length 1, and
    forward kinematics builds bodies of the given bone lengths at the averaged place.

    Args:
        directions (Sequence[Tensor]): Bone directions of each motion, shape (S, M, V, 3), S its own.
        centers (Sequence[Tensor]): Position of the centre joint of each, shape (S, M, 3).
        positions (Sequence[Tensor]): Fractional frames of each that are averaged, shape (T,).
        lengths (Tensor): Bone lengths of shape (V,).
        layout (str | dict | SkeletonLayout): Skeleton layout.
        lent (Tensor, optional): Which bones each motion lends, boolean, shape (number of motions, V). All lend their place. Defaults to
            None, all bones.

    Returns:
        Tensor: Skeletons of shape (M, T, V, 3).
    """
    pairs = list(zip(directions, centers, positions, strict=True))
    read = torch.stack([frames_at(d, at) for d, _, at in pairs])
    if lent is not None:
        read = read * lent.to(read)[:, None, None, :, None]
    mean = read.mean(0)
    place = torch.stack([frames_at(c, at) for _, c, at in pairs]).mean(0)
    unit = complete_directions(split_length(mean)[0], layout)
    place = place[..., None, :].expand_as(unit)
    return set_bone_lengths(place, unit, lengths, layout).transpose(0, 1)


def match_orientation(
    bodies: Tensor, shown: Tensor, own: Tensor, lengths: Tensor, layout: SkeletonLayout
) -> Tensor:
    """Turn a scene as a whole, about the origin, until its people stand as those of a clip do on average.

    Body space is upright by the spine of a single frame, which leans differently for everybody; this takes back the difference.

    Args:
        bodies (Tensor): Skeletons of shape (M, T, V, 3).
        shown (Tensor): Which persons the clip shows, shape (M,), boolean.
        own (Tensor): Bone directions of the clip, shape (T, M', V, 3), M' persons shown.
        lengths (Tensor): Bone lengths of shape (V,), on which both are compared.
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        Tensor: Skeletons of shape (M, T, V, 3).
    """
    target = complete_directions(own.transpose(0, 1), layout)
    target = set_bone_lengths(torch.zeros_like(target), target, lengths, layout)
    center = slice(layout.center, layout.center + 1)
    points = bodies[shown] - bodies[shown][..., center, :]
    rotation = fit_rotation(points.reshape(-1, 3), target.reshape(-1, 3))
    return (bodies[..., None, :] * rotation).sum(
        -1
    )  # no matrix product, which autocast would round
