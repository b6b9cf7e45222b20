# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Where a person stands and faces in what is published."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .geometry import denormalize_skeleton, normalize_skeleton
from .layouts import SkeletonLayout

PLACEMENTS = ('keep', 'canonical')
"""tuple[str]: ``'keep'`` puts bodies back to where they were recorded; ``'canonical'`` is :func:`place_canonically`."""


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
