# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The bodies of one frame, drawn into one pair of axes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from mmskanon.skeletons.layouts import SkeletonLayout

SIDES = ('left', 'right', 'trunk')
# Blue, vermilion and their lighter sisters of the Okabe-Ito palette, told apart with every common colour vision.
PERSON_COLORS = (
    dict(left='#0072B2', right='#D55E00', trunk='#2F343B'),
    dict(left='#56B4E9', right='#E69F00', trunk='#7A828D'),
)
GHOST_COLOR = '#B4BBC6'
_RIM = to_rgba('white')
NO_PATH = (np.zeros((0, 2, 2)), np.zeros((0, 4)))


def side_colors(layout: SkeletonLayout, num_persons: int, plain: bool = False) -> np.ndarray:
    """Return the colour of each joint by its side of the body and by person.

    Args:
        layout (SkeletonLayout): Which side joints belong to.
        num_persons (int): Number of persons M.
        plain (bool): Give all joints of a person the colour of its trunk. Defaults to False.

    Returns:
        np.ndarray: RGBA from 0 to 1 (M, V, 4).
    """
    sides = np.full(layout.num_joints, 2)
    for left, right in layout.pairs if not plain else ():
        sides[left], sides[right] = 0, 1
    persons = [PERSON_COLORS[m % len(PERSON_COLORS)] for m in range(num_persons)]
    table = np.array([[to_rgba(person[side]) for side in SIDES] for person in persons])
    return table.reshape(-1, len(SIDES), 4)[:, sides]


def layout_bones(layout: SkeletonLayout) -> np.ndarray:
    """Return the bones to draw (B, 2): joint and the one that it hangs on."""
    return np.array([(j, p) for j, p in layout.bones if j != p], dtype=int).reshape(-1, 2)


class SkeletonPanel:
    """The bodies of one frame in one pair of axes.

    Args:
        axes (Axes): Where to draw.
        layout (SkeletonLayout): Which joints are connected, and which side they belong to.
        scale (float): Thickness of lines and joints. Defaults to 1.0.
        with_paths (bool): Whether paths will be drawn. Defaults to False.
    """

    def __init__(
        self, axes: Axes, layout: SkeletonLayout, scale: float = 1.0, with_paths: bool = False
    ) -> None:
        self.layout = layout
        self.scale = scale
        self.bones = layout_bones(layout)
        sizes = np.full(layout.num_joints, 14.0)
        sizes[[i for i, name in enumerate(layout.joints) if name == 'head']] = 90.0
        self.sizes = sizes * scale**2
        style = dict(capstyle='round', joinstyle='round')
        self.ghost = LineCollection(
            [], colors=GHOST_COLOR, linewidths=2.2 * scale, zorder=2, **style
        )
        self.lines = LineCollection([], zorder=3, **style)
        # Butt ends, because round ones would overlap and show in half transparent lines.
        self.paths = LineCollection([], zorder=2.5, linewidths=2.0 * scale, capstyle='butt')
        shown = (self.ghost, self.paths, self.lines) if with_paths else (self.ghost, self.lines)
        for lines in shown:
            axes.add_collection(lines, autolim=False)
        self.dots = axes.scatter([], [], zorder=4, edgecolors='white', linewidths=0.7 * scale)
        self.artists = (*shown, self.dots)

    def update(
        self,
        points: np.ndarray,
        present: np.ndarray,
        ghost: np.ndarray,
        colors: tuple[np.ndarray, np.ndarray] | None = None,
        paths: tuple[np.ndarray, np.ndarray] = NO_PATH,
    ) -> None:
        """Show a frame.

        Args:
            points (np.ndarray): Projected joints (M, V, 3), NaN for those that are not there.
            present (np.ndarray): Which persons to draw (M,), bool.
            ghost (np.ndarray): Projected joints of bodies to hint at behind them (G, V, 3).
            colors (tuple[np.ndarray, np.ndarray], optional): RGBA of joints (M, V, 4) and of bones (M, B, 4). Defaults to None, those
                of :func:`side_colors`.
            paths (tuple[np.ndarray, np.ndarray]): Ends (S, 2, 2) and RGBA (S, 4) of lines between ghost and bodies. Defaults to none.
        """
        if colors is None:
            by_side = side_colors(self.layout, len(points))
            colors = by_side, by_side[:, self.bones[:, 0]]
        self.ghost.set_segments(ghost[:, self.bones, :2].reshape(-1, 2, 2))
        if self.paths in self.artists:
            self.paths.set_segments(paths[0])
            self.paths.set_color(paths[1])
        bones = points[present][:, self.bones].reshape(-1, 2, 3)
        far_to_near = np.argsort(-bones[..., 2].mean(axis=1), kind='stable')
        # Each bone brings its own white rim, so that crossing limbs stay apart.
        self.lines.set_segments(bones[far_to_near, :, :2].repeat(2, axis=0))
        shades = np.empty((2 * len(bones), 4))
        shades[::2], shades[1::2] = _RIM, colors[1][present].reshape(-1, 4)[far_to_near]
        self.lines.set_color(shades)
        self.lines.set_linewidth([5.4 * self.scale, 3.2 * self.scale] * len(bones))
        self.dots.set_offsets(points[present][..., :2].reshape(-1, 2))
        self.dots.set_facecolor(colors[0][present].reshape(-1, 4))
        self.dots.set_sizes(np.tile(self.sizes, int(present.sum())))
