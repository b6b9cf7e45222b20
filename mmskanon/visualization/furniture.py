# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What stands around bodies in a picture and does not move: axes, ruler, texts, and the scale of colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from .heat import HEAT_COLORS, HeatScale

INK, QUIET, PAPER = '#1F2328', '#57606A', '#F4F5F7'
HEAT_HEIGHT = 0.56
_LONGEST = 26


def new_figure(size: tuple[float, float], dpi: int) -> Figure:
    """Return a figure of a size in inches that knows its canvas, whatever backend the host program uses."""
    figure = Figure(figsize=size, dpi=dpi, facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def picture_of(figure: Figure) -> np.ndarray:
    """Draw a figure and return it as an RGB image (H, W, 3), uint8."""
    figure.canvas.draw()
    return np.array(figure.canvas.buffer_rgba())[..., :3].copy()


def shortened(name: str, longest: int = _LONGEST) -> str:
    """Return a name that fits above a panel."""
    return name if len(name) <= longest else f'{name[: longest - 1]}…'


def headings(names: Sequence[str], longest: int = _LONGEST) -> list[str]:
    """Return names that fit above panels and still differ: cut at the end, else in the middle, else numbered."""
    half = (longest - 1) // 2
    inside = [n if len(n) <= longest else f'{n[:half]}…{n[-half:]}' for n in names]
    for found in ([shortened(name, longest) for name in names], inside):
        if len(set(found)) == len(set(names)):
            return found
    return [f'{i}: {shortened(name, longest - 4)}' for i, name in enumerate(names, 1)]


def write(figure: Figure, x: float, y: float, text: str, size: float, **style) -> Text:
    """Write at a place given in inches."""
    width, height = figure.get_size_inches()
    style = {'ha': 'center', 'va': 'baseline', 'color': INK, 'parse_math': False, **style}
    return figure.text(x / width, y / height, text, fontsize=size, **style)


def add_panel(
    figure: Figure,
    box: tuple[float, float, float, float],
    limits: tuple[float, float, float, float],
) -> Axes:
    """Add axes with nothing but paper in them.

    Args:
        figure (Figure): Where to.
        box (tuple[float, float, float, float]): Left, bottom, width and height in inches.
        limits (tuple[float, float, float, float]): Left, right, bottom and top of what has to fit in, at one scale for both axes.

    Returns:
        Axes: The axes.
    """
    width, height = figure.get_size_inches()
    axes = figure.add_axes(
        (box[0] / width, box[1] / height, box[2] / width, box[3] / height), facecolor=PAPER
    )
    left, right, bottom, top = limits
    unit = max((right - left) / box[2], (top - bottom) / box[3])
    for center, inches, set_limits in (
        ((left + right) / 2, box[2], axes.set_xlim),
        ((bottom + top) / 2, box[3], axes.set_ylim),
    ):
        set_limits(center - unit * inches / 2, center + unit * inches / 2)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return axes


def add_ruler(axes: Axes, inches: float) -> None:
    """Draw a bar of a round length in metres into the lower left corner of axes of that width."""
    (left, right), bottom = axes.get_xlim(), axes.get_ylim()[0]
    unit = (right - left) / inches
    fitting = [step for step in (1.0, 0.5, 0.2, 0.1) if step < 0.4 * (right - left)]
    if not fitting:
        return
    x, y, length = left + 0.12 * unit, bottom + 0.12 * unit, fitting[0]
    axes.plot([x, x + length], [y, y], color=QUIET, linewidth=1.4, solid_capstyle='butt')
    label = f'{length:g} m'
    axes.text(x + length / 2, y + 0.05 * unit, label, color=QUIET, fontsize=8, ha='center')


def add_heat_scale(figure: Figure, scale: HeatScale, bottom: float) -> None:
    """Draw what the colours of displacement mean into a strip that begins at a height given in inches."""
    width, height = figure.get_size_inches()
    label = write(
        figure, width / 2, bottom + 0.36, 'distance from the original', 9.5, va='baseline'
    )
    label.set_in_layout(False)
    length = float(np.clip(width - 1.9, 0.6, 3.0))
    left = (width - length) / 2
    axes = figure.add_axes(
        (left / width, (bottom + 0.14) / height, length / width, 0.13 / height), frameon=False
    )
    axes.imshow(HEAT_COLORS(np.linspace(0, 1, 256))[None], aspect='auto')
    axes.set_axis_off()
    write(figure, left - 0.08, bottom + 0.15, f'0 {scale.unit}', 9, ha='right')
    write(figure, left + length + 0.08, bottom + 0.15, scale.label, 9, ha='left')


def legend_columns(width: float) -> int:
    """Return how many legend entries fit beside each other into a figure of that width in inches."""
    return max(1, int(width / 1.5))


def add_legend(figure: Figure, entries: list[tuple[str, str, float]]) -> None:
    """Add the legend below everything: name, colour and thickness of each line."""
    figure.legend(
        handles=[Line2D([], [], color=c, linewidth=w, label=n) for n, c, w in entries],
        loc='lower center',
        ncols=min(len(entries), legend_columns(figure.get_size_inches()[0])),
        frameon=False,
        fontsize=9.5,
        labelcolor=INK,
        handlelength=1.6,
        columnspacing=1.6,
        borderaxespad=0.35,
    )
