# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The bodies of one frame, drawn into one pair of axes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from mmskanon.skeletons.layouts import SkeletonLayout

SIDES = ('left', 'right', 'trunk')
# Blue, vermilion and their lighter sisters of the Okabe-Ito palette, told apart with every common colour vision.
PERSON_COLORS = (
    dict(left='#0072B2', right='#D55E00', trunk='#2F343B'),
    dict(left='#56B4E9', right='#E69F00', trunk='#7A828D'),
)
GHOST_COLOR = '#B4BBC6'


class SkeletonPanel:
    """The bodies of one frame in one pair of axes.

    Args:
        axes (Axes): Where to draw.
        layout (SkeletonLayout): Which joints are connected, and which side they belong to.
        scale (float): Thickness of lines and joints. Defaults to 1.0.
    """

    def __init__(self, axes: Axes, layout: SkeletonLayout, scale: float = 1.0) -> None:
        self.layout = layout
        self.scale = scale
        self.bones = np.array([(j, p) for j, p in layout.bones if j != p], dtype=int).reshape(-1, 2)
        sides = np.full(layout.num_joints, 2)
        for left, right in layout.pairs:
            sides[left], sides[right] = 0, 1
        self.sides = sides
        sizes = np.full(layout.num_joints, 14.0)
        sizes[[i for i, name in enumerate(layout.joints) if name == 'head']] = 90.0
        self.sizes = sizes * scale**2
        style = dict(capstyle='round', joinstyle='round')
        self.ghost = LineCollection(
            [], colors=GHOST_COLOR, linewidths=2.2 * scale, zorder=2, **style
        )
        self.lines = LineCollection([], zorder=3, **style)
        for lines in (self.ghost, self.lines):
            axes.add_collection(lines, autolim=False)
        self.dots = axes.scatter([], [], zorder=4, edgecolors='white', linewidths=0.7 * scale)
        self.artists = (self.ghost, self.lines, self.dots)

    def update(self, points: np.ndarray, present: np.ndarray, ghost: np.ndarray) -> None:
        """Show a frame.

        Args:
            points (np.ndarray): Projected joints (M, V, 3).
            present (np.ndarray): Which persons to draw (M,), bool.
            ghost (np.ndarray): Projected joints of bodies to hint at behind them (G, V, 3).
        """
        self.ghost.set_segments(list(ghost[:, self.bones, :2].reshape(-1, 2, 2)))
        persons = np.flatnonzero(present)
        bones = points[persons][:, self.bones].reshape(-1, 2, 3)
        far_to_near = np.argsort(-bones[..., 2].mean(axis=1), kind='stable')
        colors = [[PERSON_COLORS[m % len(PERSON_COLORS)][side] for side in SIDES] for m in persons]
        bone_colors = [c[s] for c in colors for s in self.sides[self.bones[:, 0]]]
        # Each bone brings its own white rim, so that crossing limbs stay apart.
        segments = bones[far_to_near, :, :2].repeat(2, axis=0)
        self.lines.set_segments(list(segments))
        self.lines.set_color([c for i in far_to_near for c in ('white', bone_colors[i])])
        self.lines.set_linewidth([5.4 * self.scale, 3.2 * self.scale] * len(bones))
        self.dots.set_offsets(points[persons, :, :2].reshape(-1, 2))
        self.dots.set_facecolor([c[s] for c in colors for s in self.sides])
        self.dots.set_sizes(np.tile(self.sizes, len(persons)))
