# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How far each joint was moved in each frame, as one still picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from mmskanon.skeletons.layouts import SkeletonLayout, get_layout

from .comparison import TITLES
from .furniture import INK, PAPER, QUIET, headings, new_figure, shortened, write
from .heat import HEAT_COLORS, HeatScale, displacement, unit_of
from .skeleton_plot import check_clips, check_target, write_png

_ROW, _WIDTH, _LEFT, _RIGHT = 0.125, 6.4, 1.35, 0.95


def draw_heat_map(
    original: np.ndarray,
    anonymized: np.ndarray | Mapping[str, np.ndarray],
    layout: str | Mapping | SkeletonLayout,
    out_path: str | Path,
    fps: float = 30.0,
    title: str | None = None,
    heat_max: float | None = None,
    overwrite: bool = False,
) -> None:
    """Draw the displacement of all joints over time: joints downwards, time to the right, one part for each method and person.

    Args:
        original (np.ndarray): Original skeletons (M, T, V, C).
        anonymized (np.ndarray | dict[str, np.ndarray]): Anonymized skeletons (M', T, V, C), or those of several methods by their names.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        out_path (str | Path): File to write, ending in .png.
        fps (float): Frames a second. Defaults to 30.0.
        title (str, optional): Line above the picture. Defaults to None.
        heat_max (float, optional): Distance of the darkest colour, in mm, or in pixels for layouts in pixels. Defaults to None,
            the largest of the clip.
        overwrite (bool): Replace an existing file. Defaults to False.

    Raises:
        ValueError: If the arrays do not fit the layout or each other, no person is in both, or an option is out of range.
        FileExistsError: If the file exists and may not be replaced.

    Example:
        >>> draw_heat_map(clip, anonymized_clip, 'nturgb+d', 'heat.png')
    """
    layout = get_layout(layout)
    if check_target(out_path, overwrite) != '.png':
        raise ValueError(
            f'cannot write {out_path}: a heat map is a still picture, so the name must end in .png'
        )
    if not 0 < fps < np.inf:
        raise ValueError(f'fps must be positive, found {fps}')
    methods = anonymized if isinstance(anonymized, Mapping) else {TITLES[1]: anonymized}
    before, *after = check_clips(original, methods, layout)
    moved = [displacement(before, clip, layout) for clip in after]
    parts = {}
    for name, by_person in zip(headings(list(methods)), moved, strict=True):
        for person, distances in enumerate(by_person):
            if not np.isnan(distances).all():
                several = f', person {person + 1}' if len(by_person) > 1 else ''
                parts[f'{name}{several}'] = distances
    if not parts:
        raise ValueError('no person is in the original and the anonymized clip at the same time')
    if not all(np.isfinite(clip).all() for clip in (before, *after)):
        raise ValueError('the clip holds NaN or infinite coordinates, which cannot be drawn')
    scale = HeatScale(moved, unit_of(layout), heat_max)
    write_png(heat_map(parts, layout, fps, scale, title), out_path, overwrite)


def heat_map(
    parts: Mapping[str, np.ndarray],
    layout: SkeletonLayout,
    fps: float,
    scale: HeatScale,
    title: str | None = None,
) -> Figure:
    """Return the figure of :func:`draw_heat_map`.

    Args:
        parts (dict[str, np.ndarray]): From a heading to distances (T, V), NaN where unknown.
        layout (SkeletonLayout): Skeleton layout.
        fps (float): Frames a second.
        scale (HeatScale): The scale of colours.
        title (str, optional): Line above the picture. Defaults to None.

    Returns:
        Figure: The figure.
    """
    part, head = layout.num_joints * _ROW, 0.34
    width, top, bottom = _LEFT + _WIDTH + _RIGHT, 0.3 * bool(title) + 0.06, 0.46
    height = top + bottom + len(parts) * (part + head)
    figure = new_figure((width, height), dpi=130)
    if title:
        write(figure, width / 2, height - 0.26, shortened(title, 80), 12)
    for index, (name, distances) in enumerate(parts.items()):
        y = height - top - (index + 1) * (part + head)
        axes = figure.add_axes(
            (_LEFT / width, y / height, _WIDTH / width, part / height), facecolor=PAPER
        )
        shades = np.ma.masked_invalid(distances.T)
        extent = (-0.5 / fps, (len(distances) - 0.5) / fps, layout.num_joints - 0.5, -0.5)
        axes.imshow(
            shades,
            cmap=HEAT_COLORS,
            norm=Normalize(0, scale.top),
            aspect='auto',
            interpolation='nearest',
            extent=extent,
        )
        axes.set_yticks(range(layout.num_joints), layout.joints)
        axes.tick_params(axis='y', labelsize=6.5, length=0, labelcolor=INK)
        axes.tick_params(axis='x', labelsize=8, colors=QUIET, width=0.6)
        axes.spines[:].set_visible(False)
        if index < len(parts) - 1:
            axes.set_xticklabels([])
        write(figure, _LEFT, y + part + 0.08, name, 10, ha='left', weight='bold')
    axes.set_xlabel('time, s', color=INK, fontsize=9)
    bar_axes = figure.add_axes(
        (
            (_LEFT + _WIDTH + 0.15) / width,
            y / height,
            0.13 / width,
            (height - top - head - y) / height,
        )
    )
    bar = figure.colorbar(ScalarMappable(Normalize(0, scale.top), HEAT_COLORS), cax=bar_axes)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, colors=QUIET, width=0.6)
    bar.set_label(f'distance from the original, {scale.unit}', color=INK, fontsize=9)
    return figure
