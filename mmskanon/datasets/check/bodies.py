# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Whether bodies are as large as people and stand upright: other units, axes and orders of joints fit every array."""

from __future__ import annotations

import numpy as np

from mmskanon.skeletons.layouts import SkeletonLayout

from .problems import Problem, warning

REACH = (0.02, 5.0)
"""tuple[float, float]: Metres within which the joint farthest from the centre joint lies, from a hand to a giant."""

_LOOKED_AT = 16  # frames of a clip
_MOST_HANGING = 0.8  # of the clips: people also lie down and do handstands


class BodyCheck:
    """Looks at the bodies of a file, clip by clip.

    Args:
        layout (SkeletonLayout): Their layout; nothing is said of those in pixels.
        file (str): Name of the file, for the messages.
    """

    def __init__(self, layout: SkeletonLayout, file: str) -> None:
        self.layout, self.file = layout, file
        self._clips = self._hanging = 0

    def look(self, keypoint: np.ndarray, name: str) -> list[Problem]:
        """Look at a clip.

        Args:
            keypoint (np.ndarray): Finite, shape (M, T, V, C), of the layout's joints.
            name (str): Its name, for the messages.

        Returns:
            list[Problem]: A warning if it is not as large as a person.
        """
        layout = self.layout
        if layout.unit != 'm' or not keypoint.size:
            return []
        step = -(-keypoint.shape[1] // _LOOKED_AT)
        bodies = keypoint[:, ::step, :, : layout.dims].astype(np.float64)
        seen = (bodies != 0).any(-1)  # (M, T, V)
        whole = seen[..., layout.center]
        if not whole.any():
            return []
        away = np.linalg.norm(bodies - bodies[..., layout.center, None, :], axis=-1)
        reach = float(np.median(np.where(seen, away, 0).max(-1)[whole]))
        if layout.spine is not None and layout.dims == 3:
            lower, upper = layout.spine
            both = seen[..., lower] & seen[..., upper]
            if both.any():
                self._clips += 1
                rise = bodies[..., upper, 1] - bodies[..., lower, 1]
                self._hanging += bool(np.median(rise[both]) < 0)
        if reach == 0 or REACH[0] <= reach <= REACH[1]:
            return []
        expected = f'metres, with joints {REACH[0]:g} to {REACH[1]:g} m away from {layout.joints[layout.center]!r}'
        advice = 'bring all samples to metres; millimetres have to be divided by 1000'
        place = (self.file, name, 'keypoint')
        return [warning('unit', *place, expected, f'{reach:.4g} m', advice)]

    def problems(self) -> list[Problem]:
        """Say what is odd about the file as a whole.

        Returns:
            list[Problem]: A warning if most people stand on their heads.
        """
        if self._hanging <= _MOST_HANGING * self._clips:
            return []
        lower, upper = (self.layout.joints[j] for j in self.layout.spine)
        expected = f'{upper!r} above {lower!r} where people stand or sit (y points up)'
        found = f'it below in {self._hanging} of {self._clips} samples'
        advice = (
            f'turn y around, or bring the joints into the order of the layout {self.layout.name!r}'
        )
        return [warning('upside-down', self.file, None, 'keypoint', expected, found, advice)]
