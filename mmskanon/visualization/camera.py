# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Where the viewer stands in each frame: still, or going once round the clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .views import VIEWS, common_limits, project

TURNTABLE = 'turntable'
ALL_VIEWS = (*VIEWS, TURNTABLE)


class Camera:
    """A still or turning view of several clips, with the axes that hold them all.

    The turning one starts in front and goes once round the middle of the clips, one frame short of full circle at the last, so
    that an endless clip has no jerk. Scale and axes stay the same throughout.

    Args:
        clips (Sequence[np.ndarray]): Coordinates (M, T, V, C), as many frames each.
        seen (Sequence[np.ndarray]): For each clip, which joints are there (M, T, V), bool.
        view (str): One of :data:`ALL_VIEWS`.
        up (str): Which way is up, see :func:`project`.

    Raises:
        ValueError: If the view or up is unknown or needs a third coordinate, or nobody is there, or a coordinate is not finite.

    Attributes:
        points (list[np.ndarray]): For each clip, positions (M, T, V, 3) as :func:`project` gives them, NaN for joints that are not there;
            of a turning view, from the front.
        limits (tuple[float, float, float, float]): Left, right, bottom and top of what has to fit on paper.
    """

    def __init__(
        self, clips: Sequence[np.ndarray], seen: Sequence[np.ndarray], view: str, up: str
    ) -> None:
        if view not in ALL_VIEWS:
            raise ValueError(f'no view is called {view!r}: choose one of {sorted(ALL_VIEWS)}')
        self.turns = view == TURNTABLE
        if self.turns and clips[0].shape[-1] == 2:
            raise ValueError(
                'two coordinates a joint can only be seen from the front: leave out the turntable'
            )
        self.points = [project(clip, 'front' if self.turns else view, up) for clip in clips]
        clouds = [points[there] for points, there in zip(self.points, seen, strict=True)]
        if self.turns:
            clouds = [self._swept(np.concatenate(clouds))]
        self.limits = common_limits(clouds)
        for points, there in zip(self.points, seen, strict=True):
            points[~there] = np.nan
        self.num_frames = clips[0].shape[1]

    def _swept(self, cloud: np.ndarray) -> np.ndarray:
        """Set the axis, and return two points (2, 3) that are as far out as any will be on the way round."""
        common_limits([cloud])  # refuses what has no extent
        low, high = cloud.min(axis=0), cloud.max(axis=0)
        self.axis = (low + high) / 2 * [1, 0, 1]
        radius = float(np.hypot(*(cloud - self.axis)[:, [0, 2]].T).max())
        return np.array(
            [
                [self.axis[0] - radius, low[1], 0.0],
                [self.axis[0] + radius, high[1], 0.0],
            ]
        )

    def look(self, points: np.ndarray, frame: int) -> np.ndarray:
        """Return positions as seen in a frame.

        Args:
            points (np.ndarray): Some of :attr:`points` (..., 3).
            frame (int): Index of the frame.

        Returns:
            np.ndarray: Position to the right, upwards, and away from the viewer (..., 3).
        """
        if not self.turns or not frame:
            return points
        angle = 2 * np.pi * frame / self.num_frames
        cos, sin = np.cos(angle), np.sin(angle)
        turned = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
        return (points - self.axis) @ turned + self.axis
