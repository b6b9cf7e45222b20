# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How far each joint was moved, drawn on the body."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.visualization.views import common_limits, project

from .style import INK, LINE, PAPER, QUIET, dress, new_figure, plain

# From quiet to loud; readable on white and on a dark page, and with every common colour vision.
_SHADES = LinearSegmentedColormap.from_list('moved', ['#7fb7d8', '#7a6fb5', '#b5367a', '#f0592a'])
_COLUMNS = 4


def displacement(
    by_method: Mapping[str, np.ndarray], layout: SkeletonLayout, pose: np.ndarray
) -> Figure:
    """Draw the mean distance of each joint from where it was: colour and size, one scale for all methods.

    Args:
        by_method (Mapping[str, np.ndarray]): For each method the distance of each joint, shape (V,), in mm (pixels for layouts in
            pixels).
        layout (SkeletonLayout): Skeleton layout.
        pose (np.ndarray): The body to draw it on, shape (V, C), camera space.

    Returns:
        Figure: The figure, one panel a method.
    """
    columns = min(len(by_method), _COLUMNS)
    rows = -(-len(by_method) // columns)
    figure = new_figure(max(1.65 * columns, 3.0), 2.6 * rows + 0.7)
    points = project(pose[:, : layout.dims], 'front', 'y' if layout.dims == 3 else '-y')[:, :2]
    left, right, bottom, top = common_limits([points], margin=0.12)
    most = max(float(np.max(moved)) for moved in by_method.values())
    scale = Normalize(0, most if most > 0 else 1)
    bones = [(points[j], points[p]) for j, p in layout.bones if j != p]
    for i, (method, moved) in enumerate(by_method.items()):
        axes = figure.add_subplot(rows, columns, i + 1)
        axes.add_collection(LineCollection(bones, colors=LINE, linewidths=2.4, zorder=1))
        sizes = 10 + 110 * scale(np.asarray(moved, float))
        far_first = np.argsort(-sizes, kind='stable')
        axes.scatter(
            *points[far_first].T,
            s=sizes[far_first],
            c=np.asarray(moved)[far_first],
            cmap=_SHADES,
            norm=scale,
            edgecolors=PAPER,
            linewidths=0.6,
            zorder=2,
        )
        dress(axes, title=plain(method, 20))
        axes.set(xlim=(left, right), ylim=(bottom, top), aspect='equal', xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(False)
        unit = 'mm' if layout.unit == 'm' else 'px'
        axes.set_xlabel(f'mean {np.mean(moved):.0f} {unit}', color=QUIET, fontsize=8)
    bar = figure.colorbar(
        ScalarMappable(scale, _SHADES),
        ax=figure.axes,
        location='bottom',
        shrink=0.7,
        aspect=40,
        pad=0.02,
    )
    bar.solids.set_rasterized(True)
    bar.outline.set_visible(False)
    bar.set_label(
        'mean distance from the original, ' + ('mm' if layout.unit == 'm' else 'pixels'),
        color=INK,
        fontsize=8.5,
    )
    bar.ax.tick_params(colors=QUIET, labelsize=8, width=0.6)
    return figure
