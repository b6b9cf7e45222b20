# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Whether bodies are as large as people and stand upright: other units, axes and orders of joints fit every array."""

from __future__ import annotations

import numpy as np

from mmskanon.skeletons.layouts import SkeletonLayout

from .problems import Problem, warning

REACH = (0.02, 5.0)
"""tuple[float, float]: Metres within which the joint farthest from the centre joint lies, from a hand to a giant."""

_LOOKED_AT = 16  # frames of a clip
_NAMED = 5  # samples
_FEWEST = 5  # clips that tell which way is up
_MOST_HANGING = 0.8  # of the clips: people also lie down and do handstands


class BodyCheck:
    """Looks at the bodies of a file, clip by clip.

    Args:
        layout (SkeletonLayout): Their layout; nothing is said of those in pixels.
        file (str): Name of the file, for the messages.
    """

    def __init__(self, layout: SkeletonLayout, file: str) -> None:
        self.layout, self.file = layout, file
        self._clips = self._upright = self._hanging = 0
        self._odd: list[tuple[str, float]] = []

    def look(self, keypoint: np.ndarray, name: str) -> None:
        """Look at a clip.

        Args:
            keypoint (np.ndarray): Finite, shape (M, T, V, C), of the layout's joints.
            name (str): Its name, for the messages.
        """
        layout = self.layout
        if layout.unit != 'm':
            return
        self._clips += 1
        step = -(-keypoint.shape[1] // _LOOKED_AT)
        bodies = keypoint[:, ::step, :, : layout.dims].astype(np.float64)
        seen = (bodies != 0).any(-1)  # (M, T, V)
        centred = seen[..., layout.center]
        if centred.any():
            away = np.linalg.norm(bodies - bodies[..., layout.center, None, :], axis=-1)
            reach = float(np.median(np.where(seen, away, 0).max(-1)[centred]))
            if reach and not REACH[0] <= reach <= REACH[1]:
                self._odd.append((name, reach))
        if layout.spine is not None and layout.dims == 3:
            lower, upper = layout.spine
            both = seen[..., lower] & seen[..., upper]
            if both.any():
                self._upright += 1
                rise = bodies[..., upper, 1] - bodies[..., lower, 1]
                self._hanging += bool(np.median(rise[both]) < 0)

    def problems(self) -> list[Problem]:
        """Say what is odd about the bodies.

        Returns:
            list[Problem]: A warning if some are not as large as people, and one if most stand on their heads.
        """
        found = []
        if self._odd:
            name, reach = self._odd[0]
            center = self.layout.joints[self.layout.center]
            expected = f'metres, the farthest joint {REACH[0]:g} to {REACH[1]:g} m from {center!r}'
            others = ', '.join(repr(name) for name, _ in self._odd[1:_NAMED])
            where = f'{len(self._odd)} of {self._clips} samples' + (others and f', also {others}')
            if len(self._odd) > _NAMED:
                where += ', ...'
            advice = 'bring all samples to metres; millimetres have to be divided by 1000'
            place = (self.file, name, 'keypoint')
            found.append(warning('unit', *place, expected, f'{reach:.4g} in {where}', advice))
        if self._upright >= _FEWEST and self._hanging > _MOST_HANGING * self._upright:
            lower, upper = (self.layout.joints[j] for j in self.layout.spine)
            expected = f'{upper!r} above {lower!r} where people stand or sit (y points up)'
            below = f'it below in {self._hanging} of {self._upright} samples'
            advice = f'turn y around, or bring the joints into the order of the layout {self.layout.name!r}'
            place = (self.file, None, 'keypoint')
            found.append(warning('upside-down', *place, expected, below, advice))
        return found
