# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What is to be seen of several clips in each frame: positions on paper, colours and paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.colors import to_rgba

from mmskanon.skeletons.layouts import SkeletonLayout

from .camera import Camera
from .heat import HeatScale, displacement, unit_of
from .panel import GHOST_COLOR, NO_PATH, SkeletonPanel, layout_bones, side_colors
from .trajectories import joint_indices, path_segments
from .views import joints_seen

ARRANGEMENTS = ('beside', 'over')


@dataclass(frozen=True)
class Marks:
    """What a picture shows beside the bodies.

    Args:
        arrangement (str): ``'beside'`` gives the original a panel of its own; ``'over'`` shows it only behind each anonymized body.
            Defaults to ``'beside'``.
        heat (bool): Colour anonymized bodies by the distance of their joints from the original. Defaults to False.
        heat_max (float, optional): Distance of the darkest colour, in mm, or in pixels for layouts in pixels. Defaults to None,
            the largest of the clip.
        trajectories (Sequence[str | int]): Joints whose paths to draw, by name or index. Defaults to none.
        trail (int): Number of frames that a path reaches back. Defaults to 30.

    Raises:
        ValueError: If an option is out of range.
    """

    arrangement: str = 'beside'
    heat: bool = False
    heat_max: float | None = None
    trajectories: Sequence[str | int] = field(default=())
    trail: int = 30

    def __post_init__(self) -> None:
        if self.arrangement not in ARRANGEMENTS:
            raise ValueError(
                f'arrangement must be one of {list(ARRANGEMENTS)}, found {self.arrangement!r}'
            )
        if self.trail < 1:
            raise ValueError(f'trail must be at least 1 frame, found {self.trail}')


class Scene:
    """Several clips of one performance, the original first.

    Args:
        clips (Sequence[np.ndarray]): Coordinates (M, T, V, C), of which M may differ.
        layout (SkeletonLayout): Skeleton layout.
        view (str): Where to look from, see :class:`Camera`.
        up (str): Which way is up.
        marks (Marks): What to show beside the bodies.

    Raises:
        ValueError: If the clips cannot be seen that way, or the layout has no such joint.
    """

    def __init__(
        self,
        clips: Sequence[np.ndarray],
        layout: SkeletonLayout,
        view: str,
        up: str,
        marks: Marks,
    ) -> None:
        self.layout, self.marks = layout, marks
        self.num_frames = clips[0].shape[1]
        seen = [joints_seen(clip, up, layout.center) for clip in clips]
        self.present = [there.any(axis=-1) for there in seen]
        self.camera = Camera(clips, seen, view, up)
        self.num_persons = max(int(p.any(axis=1).sum()) for p in self.present)
        self.joints = joint_indices(marks.trajectories, layout)
        self.heat: HeatScale | None = None
        self._colors = [self._by_side(len(clip), plain=marks.heat) for clip in clips]
        if marks.heat:
            moved = [displacement(clips[0], clip, layout, up) for clip in clips[1:]]
            self.heat = HeatScale(moved, unit_of(layout), marks.heat_max)
            bones = layout_bones(layout)
            self._colors[1:] = [
                (self.heat.colors(m), self.heat.colors(m[:, :, bones].mean(axis=-1))) for m in moved
            ]

    def _by_side(self, num_persons: int, plain: bool) -> tuple[np.ndarray, np.ndarray]:
        """Colours of joints (M, T, V, 4) and bones (M, T, B, 4) that do not change."""
        colors = side_colors(self.layout, num_persons, plain)
        return tuple(
            np.broadcast_to(c[:, None], (len(c), self.num_frames, *c.shape[1:]))
            for c in (colors, colors[:, layout_bones(self.layout)[:, 0]])
        )

    def panel(self, axes, scale: float) -> SkeletonPanel:
        """Return a panel for one of the clips."""
        return SkeletonPanel(axes, self.layout, scale, with_paths=bool(self.joints))

    def show(self, panel: SkeletonPanel, clip: int, frame: int) -> None:
        """Show a frame of a clip in a panel.

        Args:
            panel (SkeletonPanel): Where.
            clip (int): Index of the clip; 0 is the original.
            frame (int): Index of the frame.
        """
        before = self.camera.points[0][self.present[0][:, frame], frame]
        panel.update(
            self.camera.look(self.camera.points[clip][:, frame], frame),
            self.present[clip][:, frame],
            self.camera.look(before if clip else before[:0], frame),
            tuple(colors[:, frame] for colors in self._colors[clip]),
            self._paths(clip, frame),
        )

    def _paths(self, clip: int, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the paths of a clip up to a frame, and below them, those of the original."""
        if not self.joints:
            return NO_PATH
        lately = slice(max(0, frame - self.marks.trail), frame + 1)
        parts = []
        for index in (0, clip) if clip else (0,):
            points = self.camera.points[index][:, lately, self.joints]
            colors = self._colors[index][0][:, lately, self.joints]
            if index != clip:
                colors = np.broadcast_to(to_rgba(GHOST_COLOR), colors.shape)
            seen = self.camera.look(points, frame)[..., :2]
            parts.append(path_segments(seen, self.present[index][:, lately], colors))
        ends, shades = zip(*parts, strict=True)
        return np.concatenate(ends), np.concatenate(shades)
