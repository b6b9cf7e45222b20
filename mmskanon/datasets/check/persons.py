# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Whether the person whom ``subject`` names is the one that normalization goes by."""

from __future__ import annotations

import numpy as np

from mmskanon.skeletons.geometry import body_mask

from .problems import Problem, warning


class PersonCheck:
    """Looks at which row of each clip has the most frames: subject and label are those of row 0.

    Args:
        file (str): Name of the file, for the messages.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._clips = 0
        self._others: list[tuple[str, int, np.ndarray]] = []

    def look(self, keypoint: np.ndarray, name: str) -> None:
        """Look at a clip.

        Args:
            keypoint (np.ndarray): Shape (M, T, V, C), without scores.
            name (str): Its name, for the messages.
        """
        self._clips += 1
        # Most often the first joint of row 0 is there in all frames, so that the rest need not be read.
        if len(keypoint) < 2 or keypoint[0, :, 0].any(axis=-1).all():
            return
        frames = body_mask(keypoint).sum(axis=1)
        row = int(frames.argmax())
        if frames[row] > frames[0]:
            self._others.append((name, row, frames))

    def problems(self) -> list[Problem]:
        """Say where another person than that of row 0 is there in the most frames.

        Returns:
            list[Problem]: A warning if there is such a clip.
        """
        if not self._others:
            return []
        name, row, frames = self._others[0]
        expected = 'the person whom subject names in row 0, there in the most frames'
        found = (
            f'row {row} in {frames[row]} frames, row 0 in {frames[0]}; in '
            f'{len(self._others)} of {self._clips} samples another row is there in the most'
        )
        advice = (
            'put that person into row 0, or leave bystanders out: normalization and body measures go by the person who is there '
            'in the most frames'
        )
        return [warning('row-order', self.file, name, 'keypoint', expected, found, advice)]
