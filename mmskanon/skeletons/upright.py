# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Rotations that put a single pose upright and to the front."""

from __future__ import annotations

import math

import numpy as np

from .layouts import SkeletonLayout

_TINY = 1e-6


def upright(body: np.ndarray, seen: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    """Return the rotation (3, 3) that turns the spine of a pose (V, 3) to z and then its shoulders to x."""
    rotation = np.eye(3)
    for pair, target, fallback in (
        (layout.spine and layout.spine[::-1], (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
        (layout.shoulders, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    ):
        if pair is not None and seen[pair[0]] and seen[pair[1]]:
            direction = rotation @ (body[pair[0]] - body[pair[1]])
            rotation = _turn(direction.tolist(), target, fallback) @ rotation
    return rotation


def about_shoulders(
    rotation: np.ndarray, body: np.ndarray, seen: np.ndarray, layout: SkeletonLayout
) -> np.ndarray:
    """Follow a rotation that puts the shoulders of a pose (V, 3) on x by one about x that puts its spine above them."""
    pairs = (layout.spine, layout.shoulders)
    if any(pair is None or not seen[pair[0]] or not seen[pair[1]] for pair in pairs):
        return rotation
    low, high = layout.spine
    _, y, z = (rotation @ (body[high] - body[low])).tolist()
    length = math.hypot(y, z)
    if length < _TINY:
        return rotation
    sine, cosine = y / length, z / length
    return np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]) @ rotation


def _turn(source: list[float], target: tuple, fallback: tuple) -> np.ndarray:
    """Return the rotation (3, 3) that turns ``source`` to the unit vector ``target`` the short way (Rodrigues).

    ``fallback`` is the unit axis of the half turn where they are opposite. In plain floats: NumPy costs more on so few numbers.
    """
    length = math.hypot(*source)
    if length < _TINY:
        return np.eye(3)
    (x, y, z), (p, q, r) = (value / length for value in source), target
    a, b, c = y * r - z * q, z * p - x * r, x * q - y * p
    cosine, sine_squared = x * p + y * q + z * r, a * a + b * b + c * c
    if sine_squared < _TINY**2:
        if cosine > 0:
            return np.eye(3)
        axis = np.asarray(fallback)
        return 2 * np.outer(axis, axis) - np.eye(3)
    k = 1 / (1 + cosine) if cosine > 0 else (1 - cosine) / sine_squared
    return np.array(
        [
            [cosine + k * a * a, k * a * b - c, k * a * c + b],
            [k * a * b + c, cosine + k * b * b, k * b * c - a],
            [k * a * c - b, k * b * c + a, cosine + k * c * c],
        ]
    )
