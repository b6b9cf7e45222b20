# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Figures that show clips side by side: one that moves, and one of several moments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure

from mmskanon.skeletons.layouts import SkeletonLayout

from .furniture import (
    HEAT_HEIGHT,
    QUIET,
    add_heat_scale,
    add_legend,
    add_panel,
    add_ruler,
    headings,
    legend_columns,
    new_figure,
    shortened,
    write,
)
from .panel import GHOST_COLOR, PERSON_COLORS
from .scene import Marks, Scene

TITLES = ('original', 'anonymized')
_WIDEST_ROW = 4


def spread(num_frames: int, num_shown: int) -> np.ndarray:
    """Return at most ``num_shown`` indices from 0 to ``num_frames - 1``, evenly spread."""
    return np.unique(np.linspace(0, num_frames - 1, min(num_shown, num_frames)).round().astype(int))


class ComparisonScene(Scene):
    """Clips of one performance, and how they are laid out on paper.

    Args:
        clips (Sequence[np.ndarray]): Coordinates (M, T, V, C), the original first.
        layout (SkeletonLayout): Skeleton layout.
        view (str): Where to look from, see :class:`Camera`.
        up (str): Which way is up.
        fps (float, optional): Frames a second; with None, frames are counted.
        titles (Sequence[str]): Name of each clip. Defaults to those of two clips.
        marks (Marks, optional): What to show beside the bodies. Defaults to None, nothing.
    """

    def __init__(
        self,
        clips: Sequence[np.ndarray],
        layout: SkeletonLayout,
        view: str,
        up: str,
        fps: float | None,
        titles: Sequence[str] = TITLES,
        marks: Marks | None = None,
    ) -> None:
        super().__init__(clips, layout, view, up, marks or Marks())
        self.fps, self.titles = fps, headings(titles)
        self.shown = list(range(len(clips)))[self.marks.arrangement == 'over' :]
        left, right, bottom, top = self.camera.limits
        if layout.unit == 'm':
            # A strip for the ruler below the feet.
            bottom -= 0.06 * (top - bottom)
        self.limits = left, right, bottom, top

    def contact_sheet(self, title: str | None, num_columns: int, dpi: int = 160) -> Figure:
        """Draw evenly spread moments beside each other, clips below each other."""
        moments = spread(self.num_frames, num_columns)
        width, height = self._panel_size(2.75, 1.3, 3.4)
        side, top = 0.34, 0.42 + 0.3 * bool(title)
        total = side + len(moments) * (width + 0.06) + 0.06
        bottom = self._bottom(total)
        figure = new_figure((total, top + len(self.shown) * (height + 0.06) + bottom), dpi)
        for row, clip in enumerate(self.shown):
            y = bottom + (len(self.shown) - 1 - row) * (height + 0.06)
            for column, frame in enumerate(moments):
                x = side + column * (width + 0.06)
                axes = add_panel(figure, (x, y, width, height), self.limits)
                self.show(self.panel(axes, scale=0.72), clip, frame)
                if not row:
                    above = figure.get_size_inches()[1] - top + 0.1
                    write(figure, x + width / 2, above, self._time(frame), 10)
                if not column and row == len(self.shown) - 1:
                    self._ruler(axes, width)
            style = dict(rotation=90, weight='bold', va='center')
            write(figure, side / 2, y + height / 2, self.titles[clip], 12, **style)
        self._furnish(figure, title)
        return figure

    def film(self, title: str | None, frames: Sequence[int]) -> Iterator[np.ndarray]:
        """Draw frames, RGBA (H, W, 4), uint8, redrawing only what moves."""
        number = len(self.shown)
        columns = number if number <= _WIDEST_ROW else -(-number // 2)
        rows = -(-number // columns)
        width, height = (
            self._panel_size(4.2, 2.4, 5.2) if number < 3 else self._panel_size(3.3, 1.9, 4.1)
        )
        gap, head = 0.1, 0.42
        total = columns * (width + gap) + gap
        bottom = self._bottom(total)
        size = (total, 0.32 * bool(title) + rows * (head + height) + bottom)
        figure = new_figure(size, dpi=100)
        panels = []
        for place, clip in enumerate(self.shown):
            row, column = divmod(place, columns)
            x = gap + column * (width + gap)
            y = bottom + (rows - 1 - row) * (head + height)
            axes = add_panel(figure, (x, y, width, height), self.limits)
            panels.append(self.panel(axes, scale=1.15 if number < 3 else 0.95))
            if not place:
                self._ruler(axes, width)
            write(figure, x + width / 2, y + height + 0.1, self.titles[clip], 13, weight='bold')
        corner = x + width - 0.12, y + 0.12
        time = write(figure, *corner, '', 9.5, ha='right', color=QUIET)
        self._furnish(figure, title)
        canvas = figure.canvas
        moving = [*(artist for panel in panels for artist in panel.artists), time]
        for artist in moving:
            artist.set_animated(True)
        canvas.draw()
        still = canvas.copy_from_bbox(figure.bbox)
        for frame in frames:
            canvas.restore_region(still)
            for clip, panel in zip(self.shown, panels, strict=True):
                self.show(panel, clip, frame)
            time.set_text(self._time(frame))
            for artist in moving:
                figure.draw_artist(artist)
            yield np.array(canvas.buffer_rgba())

    def _time(self, frame: int) -> str:
        return f'frame {frame}' if self.fps is None else f'{frame / self.fps:.2f} s'

    def _panel_size(self, height: float, narrowest: float, widest: float) -> tuple[float, float]:
        """Return width and height in inches that suit the proportions of the clip."""
        left, right, bottom, top = self.limits
        return float(np.clip(height * (right - left) / (top - bottom), narrowest, widest)), height

    def _ruler(self, axes, inches: float) -> None:
        if self.layout.unit == 'm':
            add_ruler(axes, inches)

    def _legend(self) -> list[tuple[str, str, float]]:
        """Return what the colours mean: name, colour and thickness of a line."""
        first, ghost = PERSON_COLORS[0], ('original (behind)', GHOST_COLOR, 2.4)
        beside = 0 in self.shown
        second = [('second person', PERSON_COLORS[1]['trunk'], 3.2)] * (self.num_persons > 1)
        if self.heat:
            entries = [('original', first['trunk'], 3.2), ghost, *second] if beside else [ghost]
        else:
            sides = [(f'{side} side', first[side], 3.2) for side in ('left', 'right')]
            entries = [*sides, ghost, *second]
        if self.joints:
            trail = self.marks.trail
            span = f'{trail} frames' if self.fps is None else f'{trail / self.fps:.2g} s'
            entries.append((f'path, last {span}', QUIET, 1.6))
        return entries

    def _legend_height(self, width: float) -> float:
        return 0.18 + 0.24 * -(-len(self._legend()) // legend_columns(width))

    def _bottom(self, width: float) -> float:
        """Return the height in inches of what stands below the panels in a figure of that width."""
        return self._legend_height(width) + (HEAT_HEIGHT if self.heat else 0)

    def _furnish(self, figure: Figure, title: str | None) -> None:
        """Add title, legend and scale of colours."""
        width, height = figure.get_size_inches()
        if title:
            write(figure, width / 2, height - 0.32, shortened(title, int(width * 11)), 12)
        add_legend(figure, self._legend())
        if self.heat:
            add_heat_scale(figure, self.heat, self._legend_height(width))
