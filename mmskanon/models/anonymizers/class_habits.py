# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What is known of how people time an action, and timing without it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mmskanon.skeletons.dtw import smooth_path


@dataclass(frozen=True)
class ClassHabits:
    """Habits of timing in one action class.

    Attributes:
        people (dict): Row of each subject of the collection that shows the class.
        donors (dict[int, int]): Column of each clip of the gallery.
        offsets (Tensor): How a person differs from everybody along a donor, as far as it is not chance, shape (P, D, 64), in frames.
        mean (Tensor): Path of everybody, shape (D, 64).
        strength (float): How much of the offsets is taken out.
        smoothing (float): See :func:`without_habit`.
        exchanged (float): Share of the clips that get the timing of somebody else.
        lent (Tensor): Paths of clips whose timing they may get, shape (R, D, 64).
        usable (np.ndarray): Which of them count, shape (R, D), boolean.
        lenders (tuple): Subject of each of the R clips.
    """

    people: dict[Hashable, int]
    donors: dict[int, int]
    offsets: Tensor
    mean: Tensor
    strength: float
    smoothing: float
    exchanged: float
    lent: Tensor
    usable: np.ndarray
    lenders: tuple[Hashable, ...]

    def remove(
        self,
        paths: Tensor,
        donors: Sequence[int],
        subject: Hashable,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Take the habit of a subject out of paths (k, 64), or out of those of somebody else that the clip gets.

        Who has no clip of the class in the collection has no other habit than this one.
        """
        columns = [self.donors[donor] for donor in donors]
        if self.exchanged and torch.rand((), generator=generator).item() < self.exchanged:
            fitting = self.usable[:, columns].all(axis=1)
            rows = [row for row in np.flatnonzero(fitting) if self.lenders[row] != subject]
            if rows:
                row = rows[int(torch.randint(len(rows), (), generator=generator))]
                paths, subject = self.lent[row, columns].to(paths), self.lenders[row]
        if subject in self.people:
            offsets = self.offsets[self.people[subject], columns].to(paths)
        else:
            offsets = paths - self.mean[columns].to(paths)
        return without_habit(paths, self.strength * offsets, self.smoothing)


def without_habit(paths: Tensor, habits: Tensor, smoothing: float) -> Tensor:
    """Take habits out of paths.

    Where a path would then run backwards it stands still. What changed is smoothed, so that the movement does not jerk afterwards.

    Args:
        paths (Tensor): Shape (B, L), never decreasing.
        habits (Tensor): What is taken out, shape (B, L), in frames.
        smoothing (float): Standard deviation of the Gaussian that smooths, in frames.

    Returns:
        Tensor: Shape (B, L), between 0 and L - 1, never decreasing.
    """
    last = paths.shape[1] - 1
    centred = (paths - habits).clamp(0, last).cummax(1).values
    changed = paths + smooth_path(centred - paths, smoothing)
    return changed.clamp(0, last).cummax(1).values
