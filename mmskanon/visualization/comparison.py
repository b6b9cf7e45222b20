# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Figures that show two clips side by side: one that moves, and one of several moments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from mmskanon.skeletons.layouts import SkeletonLayout

from .panel import GHOST_COLOR, PERSON_COLORS, SkeletonPanel
from .views import common_limits, project

TITLES = ('original', 'anonymized')
_INK, _QUIET, _PAPER = '#1F2328', '#57606A', '#F4F5F7'


def spread(num_frames: int, num_shown: int) -> np.ndarray:
    """Return at most ``num_shown`` indices from 0 to ``num_frames - 1``, evenly spread."""
    return np.unique(np.linspace(0, num_frames - 1, min(num_shown, num_frames)).round().astype(int))


class ComparisonScene:
    """Both clips, projected, with the axes they share."""

    def __init__(
        self,
        clips: Sequence[np.ndarray],
        layout: SkeletonLayout,
        view: str,
        up: str,
        fps: float,
    ) -> None:
        self.layout = layout
        self.fps = fps
        self.present = [clip.any(axis=(2, 3)) for clip in clips]
        self.points = [project(clip, view, up) for clip in clips]
        self.num_frames = clips[0].shape[1]
        self.num_persons = max(int(p.any(axis=1).sum()) for p in self.present)
        left, right, bottom, top = common_limits(
            points[present].reshape(-1, 3)
            for points, present in zip(self.points, self.present, strict=True)
        )
        if layout.unit == 'm':
            # A strip for the ruler below the feet.
            bottom -= 0.06 * (top - bottom)
        self.limits = left, right, bottom, top

    def contact_sheet(self, title: str | None, num_columns: int) -> Figure:
        """Draw evenly spread moments, original above, anonymized below."""
        shown = spread(self.num_frames, num_columns)
        width, height = self._panel_size(2.75, 1.3, 3.4)
        side, top = 0.34, 0.42 + 0.3 * bool(title)
        total = side + len(shown) * (width + 0.06) + 0.06
        bottom = self._bottom(total)
        size = (total, top + 2 * (height + 0.06) + bottom)
        figure = _figure(size, dpi=160)
        for row, name in enumerate(TITLES):
            for column, frame in enumerate(shown):
                x = side + column * (width + 0.06)
                y = bottom + (1 - row) * (height + 0.06)
                axes = self._axes(figure, (x, y, width, height))
                self._show(SkeletonPanel(axes, self.layout, scale=0.72), row, frame)
                if not row:
                    _text(figure, x + width / 2, size[1] - top + 0.1, self._time(frame), 10)
                if not column:
                    if row:
                        self._ruler(axes, width)
                    middle = y + height / 2
                    _text(
                        figure, side / 2, middle, name, 12, rotation=90, weight='bold', va='center'
                    )
        self._furnish(figure, title)
        return figure

    def film(self, title: str | None, shown: Sequence[int]) -> Iterator[np.ndarray]:
        """Draw frames (H, W, 3), uint8, redrawing only what moves."""
        width, height = self._panel_size(4.2, 2.4, 5.2)
        gap, top = 0.1, 0.42 + 0.32 * bool(title)
        total = 2 * width + 3 * gap
        bottom = self._bottom(total)
        size = (total, top + height + bottom)
        figure = _figure(size, dpi=100)
        panels = []
        for column, name in enumerate(TITLES):
            x = gap + column * (width + gap)
            axes = self._axes(figure, (x, bottom, width, height))
            panels.append(SkeletonPanel(axes, self.layout, scale=1.15))
            if not column:
                self._ruler(axes, width)
            _text(figure, x + width / 2, size[1] - top + 0.1, name, 13, weight='bold')
        time = _text(figure, size[0] - gap - 0.12, bottom + 0.12, '', 9.5, ha='right', color=_QUIET)
        self._furnish(figure, title)
        canvas = figure.canvas
        moving = [*(artist for panel in panels for artist in panel.artists), time]
        for artist in moving:
            artist.set_animated(True)
        canvas.draw()
        still = canvas.copy_from_bbox(figure.bbox)
        for frame in shown:
            canvas.restore_region(still)
            for row, panel in enumerate(panels):
                self._show(panel, row, frame)
            time.set_text(self._time(frame))
            for artist in moving:
                figure.draw_artist(artist)
            yield np.array(canvas.buffer_rgba())[..., :3]

    def _show(self, panel: SkeletonPanel, row: int, frame: int) -> None:
        ghost = (
            self.points[0][self.present[0][:, frame], frame] if row else self.points[0][:0, frame]
        )
        panel.update(self.points[row][:, frame], self.present[row][:, frame], ghost)

    def _time(self, frame: int) -> str:
        return f'{frame / self.fps:.2f} s'

    def _panel_size(self, height: float, narrowest: float, widest: float) -> tuple[float, float]:
        """Return width and height in inches that suit the proportions of the clip."""
        left, right, bottom, top = self.limits
        return float(np.clip(height * (right - left) / (top - bottom), narrowest, widest)), height

    def _axes(self, figure: Figure, box: tuple[float, float, float, float]) -> Axes:
        """Add axes at a place given in inches, with the common limits and nothing but paper in them."""
        width, height = figure.get_size_inches()
        axes = figure.add_axes(
            (box[0] / width, box[1] / height, box[2] / width, box[3] / height), facecolor=_PAPER
        )
        left, right, bottom, top = self.limits
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

    def _ruler(self, axes: Axes, inches: float) -> None:
        """Draw a bar of a round length in metres into the lower left corner of axes of that width."""
        (left, right), bottom = axes.get_xlim(), axes.get_ylim()[0]
        unit = (right - left) / inches
        fitting = [step for step in (1.0, 0.5, 0.2, 0.1) if step < 0.4 * (right - left)]
        if self.layout.unit != 'm' or not fitting:
            return
        x, y, length = left + 0.12 * unit, bottom + 0.12 * unit, fitting[0]
        axes.plot([x, x + length], [y, y], color=_QUIET, linewidth=1.4, solid_capstyle='butt')
        label = f'{length:g} m'
        axes.text(x + length / 2, y + 0.05 * unit, label, color=_QUIET, fontsize=8, ha='center')

    def _legend(self) -> list[Line2D]:
        """Return what the colours mean."""
        colors = PERSON_COLORS[0]
        entries = [
            ('left side', colors['left'], 3.2),
            ('right side', colors['right'], 3.2),
            ('original (behind)', GHOST_COLOR, 2.4),
        ]
        handles = [Line2D([], [], color=c, linewidth=w, label=n) for n, c, w in entries]
        if self.num_persons > 1:
            lighter = PERSON_COLORS[1]['trunk']
            handles.append(Line2D([], [], color=lighter, linewidth=3.2, label='second person'))
        return handles

    def _bottom(self, width: float) -> float:
        """Return the height in inches that the legend takes in a figure of that width."""
        return 0.18 + 0.24 * -(-len(self._legend()) // _legend_columns(width))

    def _furnish(self, figure: Figure, title: str | None) -> None:
        """Add title and legend."""
        width, height = figure.get_size_inches()
        if title:
            _text(figure, width / 2, height - 0.32, title, 12)
        handles = self._legend()
        figure.legend(
            handles=handles,
            loc='lower center',
            ncols=min(len(handles), _legend_columns(width)),
            frameon=False,
            fontsize=9.5,
            labelcolor=_INK,
            handlelength=1.6,
            columnspacing=1.6,
            borderaxespad=0.35,
        )


def _legend_columns(width: float) -> int:
    """Return how many legend entries fit beside each other into a figure of that width in inches."""
    return max(1, int(width / 1.5))


def _figure(size: tuple[float, float], dpi: int) -> Figure:
    """Return a figure that knows its canvas, whatever backend the host program uses."""
    figure = Figure(figsize=size, dpi=dpi, facecolor='white')
    FigureCanvasAgg(figure)
    return figure


def _text(figure: Figure, x: float, y: float, text: str, size: float, **style) -> Text:
    """Write at a place given in inches."""
    width, height = figure.get_size_inches()
    style = {'ha': 'center', 'va': 'baseline', 'color': _INK, **style}
    return figure.text(x / width, y / height, text, fontsize=size, **style)
