# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How far joints were moved, and the colours for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from mmskanon.skeletons.layouts import SkeletonLayout

from .views import joints_seen

# The farther, the darker, so that the order is seen with every colour vision and in print; all stand out from light paper.
HEAT_COLORS = LinearSegmentedColormap.from_list(
    'moved', ['#8FB8D8', '#8C7BC0', '#B5307A', '#7A0019']
)
# For joints that the original does not have at that time.
NO_COUNTERPART = '#7A828D'


def displacement(
    original: np.ndarray, anonymized: np.ndarray, layout: SkeletonLayout, up: str = 'y'
) -> np.ndarray:
    """Return how far each joint stands from its place in the original.

    Args:
        original (np.ndarray): Original skeletons (M, T, V, C).
        anonymized (np.ndarray): Anonymized skeletons (M', T, V, C), same unit.
        layout (SkeletonLayout): Layout, which knows the unit.
        up (str): Which way is up, see :func:`~mmskanon.visualization.views.joints_seen`. Defaults to ``'y'``.

    Returns:
        np.ndarray: Distances (M', T, V) in millimetres, of layouts in pixels in pixels; NaN where one of the two lacks that joint.

    Example:
        >>> clip = np.ones((1, 1, 20, 3))
        >>> displacement(clip, clip + [0.003, 0.004, 0.0], get_layout('kinect_v1'))[0, 0, 0].round(6)
        5.0
    """
    moved = np.full(anonymized.shape[:3], np.nan)
    shared = min(len(original), len(anonymized))
    before, after = original[:shared], anonymized[:shared]
    both = joints_seen(before, up, layout.center) & joints_seen(after, up, layout.center)
    scale = 1000.0 if layout.unit == 'm' else 1.0
    moved[:shared][both] = scale * np.linalg.norm(after[both] - before[both], axis=-1)
    return moved


class HeatScale:
    """One scale of colours for all methods and the whole clip.

    Args:
        moved (Sequence[np.ndarray]): Distances of each method (M, T, V), NaN where unknown.
        unit (str): Their unit, ``'mm'`` or ``'px'``.
        top (float, optional): Distance of the darkest colour; what is farther has it too. Defaults to None, the largest distance,
            rounded up.

    Raises:
        ValueError: If ``top`` is not positive.
    """

    def __init__(self, moved: Sequence[np.ndarray], unit: str, top: float | None = None) -> None:
        if top is not None and not 0 < top < np.inf:
            raise ValueError(f'heat_max must be a positive number of {unit}, found {top}')
        largest = max((float(np.nanmax(m)) for m in moved if np.isfinite(m).any()), default=0.0)
        self.top = top or _round_up(largest)
        self.unit = unit
        self.label = f'{"≥ " if largest > self.top else ""}{self.top:g} {unit}'

    def colors(self, moved: np.ndarray) -> np.ndarray:
        """Return the colour of each distance.

        Args:
            moved (np.ndarray): Distances, any shape; NaN where unknown.

        Returns:
            np.ndarray: RGBA from 0 to 1, one more dimension.
        """
        known = np.isfinite(moved)
        colors = HEAT_COLORS(np.clip(np.where(known, moved, 0.0) / self.top, 0, 1))
        colors[~known] = to_rgba(NO_COUNTERPART)
        return colors

    def stops(self, number: int = 64) -> np.ndarray:
        """Return so many colours of the scale (number, 3), RGB, uint8, from near to far."""
        shades = HEAT_COLORS(np.linspace(0, 1, number), bytes=True)
        return shades[:, :3].copy()


def unit_of(layout: SkeletonLayout) -> str:
    """Return the unit of :func:`displacement` for a layout."""
    return 'mm' if layout.unit == 'm' else 'px'


def _round_up(value: float) -> float:
    """Return the next number of two digits, at least 1."""
    if value <= 1:
        return 1.0
    step = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(np.ceil(np.round(value / step, 6)) * step)
