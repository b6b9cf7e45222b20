# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Names beside points, placed so that they cover neither each other nor a point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from .style import INK, PAPER, plain, settle

_DISTANCES = (7, 14, 24, 36, 50, 66)
_ANGLES = np.radians([0, 180, 90, 270, 45, 135, 225, 315, 20, 160, 200, 340])
_DIRECTIONS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
# Points closer than this, in points of type, are one crowd; a crowd of so many gets a list of names beside it.
_CLOSE, _CROWD = 30, 3


def place_labels(
    axes: Axes, points: np.ndarray, names: Sequence[str], obstacles: np.ndarray
) -> None:
    """Write a name beside each point, at the first free place around it, with a thin line where it could be another's.

    Where three or more points are crowded their names form a list beside them. The layout of the figure is settled before, so
    this comes last.

    Args:
        axes (Axes): The axes, with its limits set.
        points (np.ndarray): Points in data coordinates, shape (n, 2).
        names (Sequence[str]): Their n names.
        obstacles (np.ndarray): Further points not to be covered, shape (m, 2).
    """
    settle(axes.figure)
    renderer = axes.figure.canvas.get_renderer()
    scale = axes.figure.dpi / 72
    frame = axes.get_window_extent(renderer)
    marks = axes.transData.transform(np.concatenate([points, obstacles]))
    texts = [_text(axes, point, name) for point, name in zip(points, names, strict=True)]
    sizes = np.array([text.get_window_extent(renderer).size for text in texts])
    taken: list[Bbox] = []
    crowds = _crowds(marks[: len(points)], _CLOSE * scale)
    for crowd in sorted(crowds, key=len, reverse=True):
        if len(crowd) >= _CROWD:
            boxes = _listed(marks[crowd], sizes[crowd], frame, scale)
        else:
            boxes = []
            for i in crowd:
                boxes.append(_beside(marks[i], sizes[i], [*taken, *boxes], marks, frame, scale))
        taken += boxes
        for i, box in zip(crowd, boxes, strict=True):
            texts[i].set_position((box.min - marks[i]) / scale)
            end = np.clip(marks[i], box.min, box.max)
            if len(crowd) > 1 or np.hypot(*(marks[i] - end)) > _DISTANCES[1] * scale:
                line = axes.transData.inverted().transform([marks[i], end])
                axes.plot(*line.T, color=INK, linewidth=0.5, zorder=7, scalex=False, scaley=False)


def _text(axes: Axes, point: np.ndarray, name: str) -> Annotation:
    return axes.annotate(
        plain(name),
        point,
        (0, 0),
        textcoords='offset points',
        color=INK,
        fontsize=8.5,
        fontweight='bold',
        annotation_clip=False,
        zorder=6,
        bbox=dict(facecolor=PAPER, edgecolor='none', alpha=0.75, pad=0.6),
    )


def _crowds(marks: np.ndarray, close: float) -> list[list[int]]:
    """Positions of points, chained where two are close; within a crowd from the highest down."""
    crowd = np.arange(len(marks))
    for i, mark in enumerate(marks):
        near = np.unique(crowd[np.hypot(*(marks - mark).T) < close])
        crowd[np.isin(crowd, near)] = crowd[i]
    order = np.argsort(-marks[:, 1], kind='stable')
    return [[int(i) for i in order if crowd[i] == number] for number in np.unique(crowd)]


def _listed(marks: np.ndarray, sizes: np.ndarray, frame: Bbox, scale: float) -> list[Bbox]:
    """Boxes of a list of names beside a crowd, in such an order that the lines to the points do not cross."""
    low, high = marks.min(axis=0), marks.max(axis=0)
    gap, line, width = 20 * scale, sizes[:, 1].max() + scale, sizes[:, 0].max()
    left = low[0] - gap - width > frame.x0
    edge = low[0] - gap if left else high[0] + gap
    height = line * len(marks)
    top = np.clip((low[1] + high[1] + height) / 2, frame.y0 + height, frame.y1)
    # From the list, the lines fan out: the steepest upwards belongs to the first name.
    across = np.abs(marks[:, 0] - edge)
    order = np.argsort(-np.arctan2(marks[:, 1] - (top - height / 2), across), kind='stable')
    boxes: list[Bbox] = [Bbox.null()] * len(marks)
    for row, i in enumerate(order):
        x = edge - sizes[i, 0] if left else edge
        y = top - (row + 1) * line
        boxes[i] = Bbox.from_bounds(x, y, *sizes[i])
    return boxes


def _beside(
    mark: np.ndarray,
    size: np.ndarray,
    taken: Sequence[Bbox],
    marks: np.ndarray,
    frame: Bbox,
    scale: float,
) -> Bbox:
    """The best box around a point: near, free and inside the frame."""
    best = None
    for distance in _DISTANCES:
        for direction in _DIRECTIONS:
            middle = mark + direction * (distance * scale + np.abs(direction) * size / 2)
            box = Bbox([middle - size / 2, middle + size / 2])
            cost = _cost(box, taken, marks, frame) + distance
            if best is None or cost < best[0]:
                best = cost, box
    return best[1]


def _cost(box: Bbox, taken: Sequence[Bbox], marks: np.ndarray, frame: Bbox) -> float:
    """How bad a place is: covered points, area shared with other names, part outside the frame."""
    covered = ((marks > box.min - 4) & (marks < box.max + 4)).all(axis=1).sum()
    shared = 0.0
    for other in taken:
        both = Bbox.intersection(box, other)
        shared += 0.0 if both is None else both.width * both.height + 50
    outside = max(0, frame.x0 - box.x0, box.x1 - frame.x1, frame.y0 - box.y0, box.y1 - frame.y1)
    return 60.0 * covered + shared + 20.0 * outside
