# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Orthographic views of skeletons: from coordinates in space to positions on paper."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

# Turn around the vertical axis and tilt from above, in degrees.
VIEWS = {'front': (0.0, 0.0), 'side': (90.0, 0.0), 'top': (0.0, 90.0), 'oblique': (35.0, 15.0)}
UPS = ('y', 'z', '-y')


def project(keypoint: np.ndarray, view: str = 'front', up: str = 'y') -> np.ndarray:
    """Look at coordinates from one side, without perspective.

    Args:
        keypoint (np.ndarray): Coordinates (..., C), C = 3, or C = 2 for images.
        view (str): ``'front'`` (from the camera), ``'side'`` (to the right: away from the camera), ``'top'`` or ``'oblique'``.
            Coordinates with C = 2 only have a front. Defaults to ``'front'``.
        up (str): Which way is up. ``'y'``: camera space of depth sensors, x right, y up, z away from the camera. ``'z'``: normalised
            body space, which is camera space turned, x right, y towards the camera, z up. ``'-y'``: image space, x right, y down. Defaults to ``'y'``.

    Returns:
        np.ndarray: (..., 3): position to the right, position upwards, distance away from the viewer; same unit.

    Raises:
        ValueError: If view or up is unknown, or the coordinates are too few for them.

    Example:
        >>> project(np.array([0.2, 1.1, 3.0]), view='side').round(3).tolist()
        [3.0, 1.1, -0.2]
    """
    if view not in VIEWS:
        raise ValueError(f'no view is called {view!r}: choose one of {sorted(VIEWS)}')
    if up not in UPS:
        raise ValueError(f'up must be one of {list(UPS)}, found {up!r}')
    num_coords = keypoint.shape[-1]
    if num_coords not in (2, 3):
        raise ValueError(f'expected 2 or 3 coordinates a joint, found {num_coords}')
    if num_coords == 2 and (view != 'front' or up == 'z'):
        raise ValueError(
            f'two coordinates a joint can only be seen from the front with y or -y up, found view={view!r}, up={up!r}'
        )
    right, second = keypoint[..., 0], keypoint[..., 1]
    third = keypoint[..., 2] if num_coords == 3 else np.zeros_like(right)
    height, away = (third, -second) if up == 'z' else (second, third)
    height = -height if up == '-y' else height
    turn, tilt = np.radians(VIEWS[view])
    across = np.cos(turn) * right + np.sin(turn) * away
    away = np.cos(turn) * away - np.sin(turn) * right
    upwards = np.cos(tilt) * height + np.sin(tilt) * away
    away = np.cos(tilt) * away - np.sin(tilt) * height
    return np.stack([across, upwards, away], axis=-1)


def joints_seen(keypoint: np.ndarray, up: str, center: int | None = None) -> np.ndarray:
    """Tell which joints are there: those of which a coordinate is not zero.

    Args:
        keypoint (np.ndarray): Coordinates (M, T, V, C), without scores.
        up (str): Which way is up, see :func:`project`.
        center (int, optional): Joint that normalization moves to the origin. With ``up='z'``, normalised body space, it is there wherever
            its person is, also at exactly zero. Defaults to None, none.

    Returns:
        np.ndarray: Boolean mask (M, T, V).
    """
    seen = keypoint.any(axis=-1)
    if up == 'z' and center is not None:
        seen[..., center] |= seen.any(axis=-1)
    return seen


def common_limits(
    clouds: Iterable[np.ndarray], margin: float = 0.08
) -> tuple[float, float, float, float]:
    """Return one frame that holds all points.

    Args:
        clouds (Iterable[np.ndarray]): Projected points (P, 3) or (P, 2).
        margin (float): Space around, as a fraction of the longer side. Defaults to 0.08.

    Returns:
        tuple[float, float, float, float]: Left, right, bottom, top.

    Raises:
        ValueError: If there is no point, or one is not finite.
    """
    points = np.concatenate([np.asarray(c)[:, :2] for c in clouds])
    if not len(points):
        raise ValueError('no body to draw: every coordinate of the clip is zero')
    if not np.isfinite(points).all():
        raise ValueError('the clip holds NaN or infinite coordinates, which cannot be drawn')
    low, high = points.min(axis=0), points.max(axis=0)
    space = margin * max(float((high - low).max()), 1e-6)
    left, bottom = (float(v) for v in low - space)
    right, top = (float(v) for v in high + space)
    return left, right, bottom, top
