# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Normalization as tensor operations, so that a graph can take camera coordinates and give camera coordinates."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmskanon.models.anonymizers import BaseAnonymizer
from mmskanon.skeletons.geometry import PRESENT, check_normalization
from mmskanon.skeletons.kinematics import joint_mask
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout

_TINY = 1e-6


class CameraSpaceAnonymizer(nn.Module):
    """An anonymizer between normalization and its inverse: camera coordinates in, camera coordinates out.

    Gives what :func:`~mmskanon.apis.anonymize_skeletons` gives for each clip of a batch, up to rounding, with tensor operations alone.
    Normalization is computed in double precision, as :func:`~mmskanon.skeletons.geometry.normalize_skeleton` does.

    Args:
        anonymizer (BaseAnonymizer): An anonymizer that knows its normalization (:func:`~mmskanon.apis.init_anonymizer`).

    Example:
        >>> import torch
        >>> from mmskanon.deployment import CameraSpaceAnonymizer
        >>> from mmskanon.models.anonymizers import IdentityAnonymizer
        >>> anonymizer = IdentityAnonymizer('nturgb+d', num_person=2).eval()
        >>> anonymizer.normalization = dict(layout='nturgb+d')
        >>> x = torch.randn(4, 2, 64, 25, 3) + 3
        >>> bool((CameraSpaceAnonymizer(anonymizer)(x) - x).abs().max() < 1e-5)
        True
    """

    def __init__(self, anonymizer: BaseAnonymizer) -> None:
        super().__init__()
        options = dict(anonymizer.normalization)
        self.layout = get_layout(options.pop('layout'))
        self.center = options.get('center', 'first_frame')
        self.joint = check_normalization(self.layout, self.center, options.get('center_joint'))
        self.rotate = options.get('rotate', True)
        self.anonymizer = anonymizer

    def forward(self, x: Tensor) -> Tensor:
        """Anonymize a batch of clips.

        Args:
            x (Tensor): Skeletons of shape (N, M, T, V, C), camera space, in the unit of the layout; C coordinates without scores.

        Returns:
            Tensor: Anonymized skeletons of the same shape, type and space; what is absent is exactly zero.
        """
        coords, present = x.double(), joint_mask(x)
        origin, rotation = find_body_space(
            coords, present, self.layout, self.joint, self.center, self.rotate
        )
        origin = origin[:, None, :, None]
        body = _turn_all(coords - origin, rotation)
        made = self.anonymizer(_pack(body, present).float()).double()
        placed = _turn_all(made, rotation.transpose(1, 2)) + origin
        return _pack(placed, present).to(x.dtype)


def find_body_space(
    coords: Tensor,
    present: Tensor,
    layout: SkeletonLayout,
    joint: int,
    center: str | None,
    rotate: bool | str,
) -> tuple[Tensor, Tensor]:
    """Find origin and rotation of body space for each clip, as :func:`~mmskanon.skeletons.geometry.normalize_skeleton` does for one.

    Args:
        coords (Tensor): Coordinates of shape (N, M, T, V, C), camera space, double precision.
        present (Tensor): Boolean mask of the joints that are there, shape (N, M, T, V, 1).
        layout (SkeletonLayout): Skeleton layout.
        joint (int): Index of the centre joint.
        center (str, optional): How to centre, see there.
        rotate (bool | str): How to turn, see there.

    Returns:
        tuple[Tensor, Tensor]: Origin of shape (N, 1, C) or (N, T, C), and rotation of shape (N, C, C), with
        ``body = rotation @ (camera - origin)``.
    """
    dims = coords.shape[4]
    seen = present[..., 0]
    persons = torch.arange(coords.shape[1], device=coords.device)
    # The person with the most frames, the first of equals.
    counts = seen.any(3).sum(2) * len(persons) - persons
    chosen = (persons == counts.argmax(1, keepdim=True))[:, :, None, None]
    seen = (seen & chosen).any(1)  # (N, T, V)
    body = torch.where(chosen[..., None], coords, 0).sum(1)  # (N, T, V, C)
    with_joint, anybody = seen[..., joint], seen.any(2)
    numbers = torch.arange(coords.shape[2], device=coords.device)
    candidates = with_joint | (anybody & ~with_joint.any(1, keepdim=True))
    first = torch.where(candidates, numbers, coords.shape[2]).amin(1, keepdim=True)
    here = (numbers == first)[..., None]  # (N, T, 1), nowhere if nobody is there
    pose_seen = (seen & here).any(1)  # (N, V)
    pose = torch.where(here[..., None], body, 0).sum(1)  # (N, V, C)

    origin = torch.zeros_like(pose[:, :1])
    if center is not None:
        mean = pose.sum(1) / pose_seen.sum(1, keepdim=True).clamp(min=1)  # absent joints are zero
        centred = pose_seen[:, joint, None]
        origin = torch.where(centred, pose[:, joint], mean)[:, None]
        if center == 'every_frame':
            tracked = _track(body[:, :, joint], with_joint)
            origin = torch.where(centred[..., None], tracked, origin)
    rotation = torch.eye(dims, dtype=coords.dtype, device=coords.device).expand(
        pose.shape[0], -1, -1
    )
    if rotate and dims == 3:
        rotation = _upright(pose, pose_seen, layout)
        if rotate == 'invariant':
            rotation = _about_shoulders(rotation, pose, pose_seen, layout)
    return origin, rotation


def _turn_all(coords: Tensor, rotation: Tensor) -> Tensor:
    """Apply rotations (N, C, C) to coordinates (N, M, T, V, C)."""
    return (coords[..., None, :] * rotation[:, None, None, None]).sum(-1)


def _pack(coords: Tensor, present: Tensor) -> Tensor:
    """Set absent joints of (N, M, T, V, C) to zero and keep present ones off it, in what single precision can tell from zero."""
    coords = coords.float()
    lost = present & ~joint_mask(coords)
    beside = torch.tensor([PRESENT] + [0.0] * (coords.shape[-1] - 1), device=coords.device)
    return torch.where(present, torch.where(lost, beside, coords), 0)


def _track(positions: Tensor, seen: Tensor) -> Tensor:
    """Fill positions (N, T, C) where not seen with the last one seen before, or else with the first one seen."""
    frames = seen.shape[1]
    numbers = torch.arange(frames, device=seen.device)
    in_order = torch.where(seen, numbers, frames).sort(1).values.clamp(max=frames - 1)
    last = in_order.gather(1, (seen.cumsum(1) - 1).clamp(min=0))
    return positions.gather(1, last[..., None].expand_as(positions))


def _upright(pose: Tensor, seen: Tensor, layout: SkeletonLayout) -> Tensor:
    """Rotations (N, 3, 3) that turn the spine of poses (N, V, 3) to z and then their shoulders to x."""
    eye = torch.eye(3, dtype=pose.dtype, device=pose.device)
    rotation = eye.expand(pose.shape[0], -1, -1)
    for pair, target, axis in (
        (layout.spine and layout.spine[::-1], eye[2], eye[0]),
        (layout.shoulders, eye[0], eye[2]),
    ):
        if pair is not None:
            direction = _apply(rotation, pose[:, pair[0]] - pose[:, pair[1]])
            turned = _matmul(_turn(direction, target, axis), rotation)
            rotation = torch.where(_both(seen, pair), turned, rotation)
    return rotation


def _about_shoulders(
    rotation: Tensor, pose: Tensor, seen: Tensor, layout: SkeletonLayout
) -> Tensor:
    """Follow rotations (N, 3, 3) by one about x that puts the spine of poses (N, V, 3) above the shoulders."""
    if layout.spine is None or layout.shoulders is None:
        return rotation
    low, high = layout.spine
    _, y, z = _apply(rotation, pose[:, high] - pose[:, low]).unbind(1)
    length = (y * y + z * z).sqrt()
    long = length >= _TINY
    safe = torch.where(long, length, 1)
    sine, cosine, zero = y / safe, z / safe, torch.zeros_like(y)
    rows = torch.stack([zero + 1, zero, zero, zero, cosine, -sine, zero, sine, cosine], 1)
    turned = _matmul(rows.unflatten(1, (3, 3)), rotation)
    usable = _both(seen, layout.spine) & _both(seen, layout.shoulders) & long[:, None, None]
    return torch.where(usable, turned, rotation)


def _turn(source: Tensor, target: Tensor, axis: Tensor) -> Tensor:
    """Rotations (N, 3, 3) that turn ``source`` (N, 3) to the unit vector ``target`` the short way; ``axis`` is that of a half turn.

    The formula is that of :func:`~mmskanon.skeletons.upright.upright`.
    """
    eye = torch.eye(3, dtype=source.dtype, device=source.device)
    length = source.square().sum(1, keepdim=True).sqrt()
    long = length >= _TINY
    unit = source / torch.where(long, length, 1)
    cross = torch.linalg.cross(unit, target.expand_as(unit))
    cosine = (unit * target).sum(1, keepdim=True)
    sine_squared = cross.square().sum(1, keepdim=True)
    turns = sine_squared >= _TINY**2
    acute = cosine > 0
    factor = torch.where(
        acute,
        1 / torch.where(acute, 1 + cosine, 1),
        (1 - cosine) / torch.where(turns, sine_squared, 1),
    )
    a, b, c = cross.unbind(1)
    zero = torch.zeros_like(a)
    skew = torch.stack([zero, -c, b, c, zero, -a, -b, a, zero], 1).unflatten(1, (3, 3))
    outer = cross[:, :, None] * cross[:, None, :]
    rotation = eye * cosine[..., None] + factor[..., None] * outer + skew
    half_turn = 2 * axis[:, None] * axis - eye
    rotation = torch.where(
        turns[..., None], rotation, torch.where(acute[..., None], eye, half_turn)
    )
    return torch.where(long[..., None], rotation, eye)


def _both(seen: Tensor, pair: tuple[int, int]) -> Tensor:
    """Whether both joints of a pair are there, shape (N, 1, 1)."""
    return (seen[:, pair[0]] & seen[:, pair[1]])[:, None, None]


def _apply(rotation: Tensor, vector: Tensor) -> Tensor:
    return (rotation * vector[:, None]).sum(2)


def _matmul(left: Tensor, right: Tensor) -> Tensor:
    return (left[..., None] * right[:, None]).sum(2)
