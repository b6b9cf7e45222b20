# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Names beside points, placed so that they cover neither each other nor a point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from .style import INK, PAPER, plain, settle

_DISTANCES = (7, 14, 24, 36, 50, 66)
_DIRECTIONS = [
    np.array([np.cos(a), np.sin(a)])
    for a in np.radians([0, 180, 90, 270, 45, 135, 225, 315, 20, 160, 200, 340])
]


def place_labels(
    axes: Axes, points: np.ndarray, names: Sequence[str], obstacles: np.ndarray
) -> None:
    """Write a name beside each point, at the first free place around it, with a thin line where it is far
    or could be another's.

    The layout of the figure is settled before, so this comes last.

    Args:
        axes (Axes): The axes, with its limits set.
        points (np.ndarray): Points in data coordinates, shape (n, 2).
        names (Sequence[str]): Their n names.
        obstacles (np.ndarray): Further points not to be covered, shape (m, 2).
    """
    figure = axes.figure
    settle(figure)
    renderer = figure.canvas.get_renderer()
    scale = figure.dpi / 72
    frame = axes.get_window_extent(renderer)
    marks = axes.transData.transform(np.concatenate([points, obstacles]))
    taken: list[Bbox] = []
    for i in np.lexsort((points[:, 0], -points[:, 1].round(1))):
        text = axes.annotate(
            plain(names[i]),
            points[i],
            (0, 0),
            textcoords='offset points',
            color=INK,
            fontsize=8.5,
            fontweight='bold',
            annotation_clip=False,
            zorder=6,
            bbox=dict(facecolor=PAPER, edgecolor='none', alpha=0.75, pad=0.6),
        )
        size = text.get_window_extent(renderer)
        best = None
        for distance in _DISTANCES:
            for direction in _DIRECTIONS:
                middle = marks[i] + direction * (
                    distance * scale + np.abs(direction) * [size.width / 2, size.height / 2]
                )
                half = np.array([size.width, size.height]) / 2
                box = Bbox([middle - half, middle + half])
                cost = _cost(box, taken, marks, frame) + distance
                if best is None or cost < best[0]:
                    best = cost, box, distance
        _, box, distance = best
        taken.append(box)
        text.set_position((box.min - marks[i]) / scale)
        crowded = (np.hypot(*(marks - marks[i]).T) < 24 * scale)[: len(points)].sum() > 1
        if distance > _DISTANCES[1] or crowded:
            end = np.clip(marks[i], box.min, box.max)
            inverse = axes.transData.inverted()
            line = inverse.transform([marks[i], end])
            axes.plot(*line.T, color=INK, linewidth=0.6, zorder=5, scalex=False, scaley=False)


def _cost(box: Bbox, taken: Sequence[Bbox], marks: np.ndarray, frame: Bbox) -> float:
    """How bad a place is: covered points, area shared with other names, part outside the frame."""
    covered = ((marks > box.min - 4) & (marks < box.max + 4)).all(axis=1).sum()
    shared = 0.0
    for other in taken:
        both = Bbox.intersection(box, other)
        shared += 0.0 if both is None else both.width * both.height + 50
    outside = max(0, frame.x0 - box.x0, box.x1 - frame.x1, frame.y0 - box.y0, box.y1 - frame.y1)
    return 60.0 * covered + shared + 20.0 * outside
