# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Where a person stands and faces in what is published."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import find_objects, gaussian_filter1d, label

from .geometry import check_normalization, denormalize_skeleton, normalize_skeleton
from .layouts import SkeletonLayout

PLACEMENTS = ('keep', 'smooth', 'canonical')
"""tuple[str]: ``'keep'`` puts bodies back to where they were recorded; ``'smooth'`` is :func:`place_smoothly`, ``'canonical'``
:func:`place_canonically`."""

SMOOTHED_FRAMES = 10.0
"""float: Standard deviation of the Gaussian over the path of a person under ``'smooth'``, in frames: a third of a second at 30 a second."""


def place(
    body: np.ndarray,
    record: Mapping,
    layout: str | Mapping | SkeletonLayout,
    placement: str,
    center_joint: int | str | None = None,
) -> np.ndarray:
    """Put bodies to where they are published.

    Args:
        body (np.ndarray): Skeletons of shape (M, T, V, C) in body space, metres; changed by an anonymizer or not.
        record (Mapping): What :func:`~mmskanon.skeletons.geometry.normalize_skeleton` returned with them.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        placement (str): One of :data:`PLACEMENTS`.
        center_joint (int | str, optional): Joint whose place counts. Defaults to None, the layout's.

    Returns:
        np.ndarray: Skeletons of the same shape, float32, metres. Joints that were absent are exactly zero.

    Raises:
        ValueError: If there is no such placement.
    """
    if placement == 'keep':
        return denormalize_skeleton(body, record)
    if placement == 'smooth':
        return place_smoothly(body, record, layout, center_joint)
    if placement == 'canonical':
        return place_canonically(body, record, layout, center_joint)
    raise ValueError(f'placement must be one of {PLACEMENTS}, found {placement!r}')


def place_smoothly(
    body: np.ndarray,
    record: Mapping,
    layout: str | Mapping | SkeletonLayout,
    center_joint: int | str | None = None,
) -> np.ndarray:
    """Put bodies back to where they were recorded, each carried along a smoothed path.

    The path of the centre joint of each person is smoothed by a Gaussian of :data:`SMOOTHED_FRAMES`, cut off at four of them, as
    :func:`scipy.ndimage.gaussian_filter1d` does with its ends repeated, within each contiguous presence; the body moves with it and keeps its posture. That takes out
    how somebody sways and bounces, jumps included. Where somebody stands, and how they face, stays.

    Args:
        body (np.ndarray): See :func:`place`.
        record (Mapping): See :func:`place`.
        layout (str | dict | SkeletonLayout): See :func:`place`.
        center_joint (int | str, optional): See :func:`place`. Defaults to None.

    Returns:
        np.ndarray: See :func:`place`. In frames that show a person without the centre joint, the body moves by what is between its neighbours.
    """
    joint = check_normalization(layout, 'first_frame', center_joint)
    placed, dims = denormalize_skeleton(body, record), len(record['rotation'])
    for person, seen in zip(placed, record['present'], strict=True):  # (T, V, C) and (T, V)
        for (run,) in find_objects(label(seen.any(axis=-1))[0]):
            known = run.start + np.flatnonzero(seen[run, joint])
            if not len(known):
                continue
            path = person[known, joint, :dims].astype(np.float64)
            change = gaussian_filter1d(path, SMOOTHED_FRAMES, axis=0, mode='nearest') - path
            frames = np.arange(run.start, run.stop)
            shift = np.stack([np.interp(frames, known, c) for c in change.T], axis=-1)
            person[run, :, :dims] += (shift[:, None] * seen[run, :, None]).astype(np.float32)
    return placed


def place_canonically(
    body: np.ndarray,
    record: Mapping,
    layout: str | Mapping | SkeletonLayout,
    center_joint: int | str | None = None,
) -> np.ndarray:
    """Put the centre joint of the first frame at the origin and turn the body upright and to the front.

    It starts from body space and never passes through camera coordinates, so that neither place nor orientation can leave rounding
    errors behind. All persons are moved together and keep their places relative to each other. What normalization took out of every
    frame (``center='every_frame'``) stays out.

    Args:
        body (np.ndarray): Skeletons of shape (M, T, V, C) in body space, metres; changed by an anonymizer or not.
        record (Mapping): What :func:`~mmskanon.skeletons.geometry.normalize_skeleton` returned with them. Only who is present is read.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        center_joint (int | str, optional): Joint moved to the origin. Defaults to None, the layout's.

    Returns:
        np.ndarray: Skeletons of the same shape, float32, in metres: z along the spine and x along the shoulders in the first frame. Joints
        that were absent are exactly zero. Two-dimensional skeletons are moved and not turned.

    Example:
        >>> import numpy as np
        >>> clip = np.random.default_rng(0).normal(size=(1, 30, 25, 3)).astype(np.float32)
        >>> body, record = normalize_skeleton(clip + 3, 'nturgb+d')
        >>> placed = place_canonically(body, record, 'nturgb+d')
        >>> placed.shape, bool(np.abs(placed[0, 0, 1]).max() < 1e-6)
        ((1, 30, 25, 3), True)
    """
    dims = len(record['rotation'])
    here = dict(
        origin=np.zeros((1, dims)),
        rotation=np.eye(dims),
        present=record['present'],
    )
    masked = denormalize_skeleton(body, here)
    return normalize_skeleton(masked, layout, 'first_frame', center_joint, rotate='invariant')[0]
