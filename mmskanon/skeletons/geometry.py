# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Normalization of skeletons that can be undone, and measures of the body."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral

import numpy as np

from .layouts import SkeletonLayout, check_joint_count, get_layout
from .upright import about_shoulders, upright

CENTERS = ('first_frame', 'every_frame', None)
# First coordinate given to a present joint that would come to lie at exactly zero, which means absent.
PRESENT = 1e-7


def body_mask(keypoint: np.ndarray) -> np.ndarray:
    """Tell in which frames each person is there: where any coordinate is not zero.

    Args:
        keypoint (np.ndarray): Skeletons of shape (M, T, V, C), without score channels.

    Returns:
        np.ndarray: Boolean mask of shape (M, T).
    """
    return _joint_mask(keypoint).any(axis=2)


def bone_lengths(keypoint: np.ndarray, layout: str | Mapping | SkeletonLayout) -> np.ndarray:
    """Measure the distance of each joint from its parent.

    Args:
        keypoint (np.ndarray): Skeletons of shape (..., V, C); channels after the layout's ``dims`` are left out.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        np.ndarray: Lengths of shape (..., V) in the unit of the input, 0 for the root, and 0 where the joint or its parent is
        absent (exactly zero).

    Raises:
        ValueError: If the joints are not those of the layout.
    """
    layout = get_layout(layout)
    check_joint_count(layout, keypoint.shape[-2], 'the input of bone_lengths')
    coords = keypoint[..., : layout.dims]
    parents = np.asarray(layout.parents)
    present = _joint_mask(coords)
    lengths = np.linalg.norm(coords - coords[..., parents, :], axis=-1)
    return np.where(present & present[..., parents], lengths, 0).astype(lengths.dtype)


def check_normalization(
    layout: str | Mapping | SkeletonLayout, center: str | None, center_joint: int | str | None
) -> int:
    """Check how to centre, and find the joint.

    Args:
        layout (str | dict | SkeletonLayout): Skeleton layout.
        center (str, optional): One of :data:`CENTERS`.
        center_joint (int | str, optional): Index or name of a joint; None means the layout's own.

    Returns:
        int: Index of the centre joint.

    Raises:
        ValueError: If ``center`` is unknown or the layout has no such joint.
    """
    layout = get_layout(layout)
    if center not in CENTERS:
        raise ValueError(f'center must be one of {CENTERS}, found {center!r}')
    if center_joint is None:
        return layout.center
    if center_joint in layout.joints:
        return layout.joints.index(center_joint)
    if not isinstance(center_joint, Integral) or not 0 <= center_joint < layout.num_joints:
        raise ValueError(
            f'center_joint must be 0 to {layout.num_joints - 1} or a joint name of layout {layout.name!r}, '
            f'found {center_joint!r}'
        )
    return int(center_joint)


def normalize_skeleton(
    keypoint: np.ndarray,
    layout: str | Mapping | SkeletonLayout,
    center: str | None = 'first_frame',
    center_joint: int | str | None = None,
    rotate: bool | str = True,
) -> tuple[np.ndarray, dict]:
    """Move skeletons to the origin and turn them upright and to the front.

    The reference person is the one with the most frames, the first of equals. The reference frame is the first in which it
    has the centre joint. All persons are moved so that this joint lies at the origin, in the reference frame or in every
    frame, and turned about it so that, in the reference frame, the spine points along z, and then the line from left to
    right shoulder along x. Absent joints (all coordinates exactly zero) stay exactly zero, and present ones never become so: a
    joint that comes to lie at the origin is put 1e-7 beside it.

    Where the reference person lacks the centre joint in some frame, ``'every_frame'`` keeps the last origin before (or, at the
    start, the first one after). Where it lacks it in all, the reference frame is its first, and the mean of the joints
    there serves as the origin throughout. A spine or a shoulder line with an absent joint turns nothing.

    2-D skeletons (two coordinates, or a layout with ``dims=2``) are centred and not turned; scores stay untouched.

    Method: the pre-processing of 2s-AGCN (Shi et al., CVPR 2019); with ``'every_frame'``, that of Moon et al., AAAI 2023.
    Results equal MMAction2's ``PreNormalize3D`` for the 25-joint layout, centred on the first frame, wherever the first person
    is the reference and has no empty frames, up to that 1e-7 and rounding. Differences: no frame is dropped and persons are not swapped, so that it can be
    undone; any number of persons; any centre joint; arithmetic in float64 also for half-precision input; where a direction
    is exactly opposite to its axis, the body is turned by half a turn rather than left.

    Args:
        keypoint (np.ndarray): Skeletons of shape (M, T, V, C) in camera space, metres or pixels; finite.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        center (str, optional): ``'first_frame'``, ``'every_frame'`` or None for no centring. Defaults to ``'first_frame'``.
        center_joint (int | str, optional): Index or name of the joint moved to the origin. Defaults to None, the layout's.
        rotate (bool | str): Whether to turn. Two short turns, as the method has it, leave in the body how it stood before: the
            spine ends within the angle between spine and shoulders of z, on a side that depends on the turns. ``'invariant'`` turns on about
            the shoulders until the spine lies above them in the x-z plane, so that a clip turned beforehand gives the same result, up to
            rounding, wherever spine and shoulders are there. Defaults to True.

    Returns:
        tuple[np.ndarray, dict]: Skeletons of the same shape in body space, float32, same unit; and the record for
        :func:`denormalize_skeleton`, a dict of arrays: ``origin`` of shape (1, dims) or (T, dims), ``rotation`` of shape (dims, dims)
        with ``body = rotation @ (camera - origin)``, and ``present``, a boolean mask of shape (M, T, V).

    Raises:
        ValueError: If the shape does not fit the layout, or the joint, the way to centre or to turn is unknown.

    Example:
        >>> import numpy as np
        >>> from mmskanon.skeletons.geometry import denormalize_skeleton, normalize_skeleton
        >>> camera = np.random.default_rng(0).normal(size=(2, 30, 25, 3)).astype(np.float32)
        >>> body, record = normalize_skeleton(camera, 'nturgb+d')
        >>> body.shape, bool(np.abs(denormalize_skeleton(body, record) - camera).max() < 1e-6)
        ((2, 30, 25, 3), True)
    """
    layout = get_layout(layout)
    joint = check_normalization(layout, center, center_joint)
    if rotate not in (True, False, 'invariant'):
        raise ValueError(f"rotate must be True, False or 'invariant', found {rotate!r}")
    _check_shape(keypoint, layout)
    dims = min(layout.dims, keypoint.shape[3])
    coords = keypoint[..., :dims].astype(np.float64)
    present = _joint_mask(coords)
    person, frame = _reference(present, joint)
    origin = np.zeros((1, dims))
    rotation = np.eye(dims)
    if frame is not None:
        body, seen = coords[person], present[person]
        if center is not None:
            if not seen[frame, joint]:
                origin = body[frame, seen[frame]].mean(axis=0)[None]
            elif center == 'first_frame':
                origin = body[frame, joint][None].copy()
            else:
                origin = _track(body[:, joint], seen[:, joint])
        if rotate and dims == 3:
            rotation = upright(body[frame], seen[frame], layout)
            if rotate == 'invariant':
                rotation = about_shoulders(rotation, body[frame], seen[frame], layout)
    return _move(coords, origin, rotation, present, keypoint)


def to_body_space(
    keypoint: np.ndarray, origin: np.ndarray, rotation: np.ndarray
) -> tuple[np.ndarray, dict]:
    """Move and turn skeletons as told, for parts of a recording whose reference is known.

    Args:
        keypoint (np.ndarray): Skeletons of shape (M, T, V, C) in camera space.
        origin (np.ndarray): Origin of body space in camera space, shape (1, dims) or (T, dims).
        rotation (np.ndarray): Shape (dims, dims), with ``body = rotation @ (camera - origin)``.

    Returns:
        tuple[np.ndarray, dict]: Skeletons in body space and their record, as :func:`normalize_skeleton` gives them.
    """
    coords = keypoint[..., : len(rotation)].astype(np.float64)
    return _move(coords, origin, rotation, _joint_mask(coords), keypoint)


def denormalize_skeleton(keypoint: np.ndarray, record: Mapping) -> np.ndarray:
    """Return normalized skeletons, changed or not, to where they came from.

    The inverse of :func:`normalize_skeleton`, up to the rounding of float32: below 1e-6 m for bodies within 4 m of the origin
    and 8 m of the camera.

    Args:
        keypoint (np.ndarray): Skeletons of shape (M, T, V, C) in body space.
        record (dict): What :func:`normalize_skeleton` returned with them.

    Returns:
        np.ndarray: Skeletons of the same shape in camera space, float32. Joints that were absent are exactly zero.

    Raises:
        ValueError: If the record is of a clip with another number of persons, frames or joints.
    """
    origin, rotation, present = record['origin'], record['rotation'], record['present']
    if keypoint.ndim != 4 or keypoint.shape[:3] != present.shape:
        raise ValueError(
            f'the normalization record is of skeletons of shape (M, T, V) = {present.shape}, found {keypoint.shape[:3]}: '
            f'denormalize the same persons and frames that were normalized'
        )
    coords = keypoint[..., : len(rotation)].astype(np.float64) @ rotation
    coords += origin[:, None]
    return _pack(coords, present, keypoint)


def _joint_mask(coords: np.ndarray) -> np.ndarray:
    """True where a joint of (..., V, C) has a coordinate that is not zero; faster than ``any`` over a short axis."""
    mask = coords[..., 0] != 0
    for axis in range(1, coords.shape[-1]):
        mask |= coords[..., axis] != 0
    return mask


def _check_shape(keypoint: np.ndarray, layout: SkeletonLayout) -> None:
    if keypoint.ndim != 4:
        raise ValueError(
            f'expected skeletons of shape (M, T, V, C), found an array of shape {keypoint.shape}'
        )
    check_joint_count(layout, keypoint.shape[2], 'the skeleton to normalize')
    if keypoint.shape[3] < 2:
        raise ValueError(
            f'expected at least 2 coordinates a joint, found {keypoint.shape[3]}: shape {keypoint.shape}'
        )


def _reference(present: np.ndarray, joint: int) -> tuple[int, int | None]:
    """Return the reference person and frame of a mask (M, T, V); the frame is None if nobody is there."""
    seen = present.any(axis=2)
    if not seen.any():
        return 0, None
    person = int(seen.sum(axis=1).argmax())
    centred = present[person, :, joint]
    return person, int((centred if centred.any() else seen[person]).argmax())


def _track(positions: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Fill positions (T, C) where not seen with the last one seen before, or else with the first one seen."""
    last = np.maximum.accumulate(np.where(seen, np.arange(len(seen)), -1))
    last[last < 0] = seen.argmax()
    return positions[last]


def _move(
    coords: np.ndarray,
    origin: np.ndarray,
    rotation: np.ndarray,
    present: np.ndarray,
    like: np.ndarray,
) -> tuple[np.ndarray, dict]:
    """Bring coordinates (M, T, V, dims), which are overwritten, to body space; with the record."""
    coords -= origin[:, None]
    out = _pack(coords @ rotation.T, present, like)
    return out, dict(origin=origin, rotation=rotation, present=present)


def _pack(coords: np.ndarray, present: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Set absent joints of (M, T, V, dims) to zero, keep present ones off it, and append the score channels of ``like``, as float32."""
    out = np.empty(like.shape, np.float32)
    dims = coords.shape[3]
    out[..., :dims] = coords
    out[..., dims:] = like[..., dims:]
    if not present.all():
        out[..., :dims][~present] = 0
    out[..., 0][present & ~_joint_mask(out[..., :dims])] = PRESENT
    return out
