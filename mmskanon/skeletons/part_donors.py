# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Choice of donors by how they move, part by part of the body, whatever action they show."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from .body_parts import body_parts
from .dtw import dtw, smooth_path, squared_distances
from .layouts import SkeletonLayout
from .motion_average import timing_features

_COARSE = 16  # frames of the first comparison
_ALIGNED = 64  # clips that are aligned, of each part
_OF_A_PERSON = 4  # most of them of one person, so that there are many people among them


class PartDonors(nn.Module):
    """Finds the people of a gallery in whose clips a part of the body moves most like in a clip.

    All clips are compared at 16 frames, and the nearest 64, at most four of a person, by dynamic time warping.

    Args:
        motions (Sequence[Tensor]): Bone directions of each clip of the gallery, shape (T, M, V, 3), T its own.
        subjects (Sequence[int]): Person of each.
        rest (Tensor): Rest directions of the population, shape (V, 3).
        layout (SkeletonLayout): Skeleton layout.
        frames (int): Frames L of the alignment.
        band (int): See :func:`~mmskanon.skeletons.dtw.dtw`.
        penalty (float): Likewise.
        sigma (float): See :func:`~mmskanon.skeletons.dtw.smooth_path`.

    Attributes:
        parts (list[list[int]]): Joints of each part, see :func:`~mmskanon.skeletons.body_parts.body_parts`.
    """

    def __init__(
        self,
        motions: Sequence[Tensor],
        subjects: Sequence[int],
        rest: Tensor,
        layout: SkeletonLayout,
        frames: int,
        band: int,
        penalty: float,
        sigma: float,
    ) -> None:
        super().__init__()
        self.parts = body_parts(layout)
        self.frames, self.band, self.penalty, self.sigma = frames, band, penalty, sigma
        self._subjects = list(subjects)
        coarse = torch.stack([_features(motion, rest, _COARSE) for motion in motions])
        # Like the gallery no part of the state dict.
        self.register_buffer('coarse', coarse, persistent=False)
        self.register_buffer('rest', rest, persistent=False)

    def find(
        self,
        own: Tensor,
        shown: Tensor,
        motion: Callable[[int], Tensor],
        k: int,
        refuse: Callable[[int], bool],
        without: int | None = None,
    ) -> list[tuple[list[int], Tensor]] | None:
        """Find k clips of k people for each part.

        Args:
            own (Tensor): Bone directions of the clip, shape (T, M', V, 3), of the persons that it shows.
            shown (Tensor): Which of the M persons those are, boolean, shape (M,).
            motion (Callable[[int], Tensor]): Bone directions of a clip of the gallery, of the same persons.
            k (int): Number of donors.
            refuse (Callable[[int], bool]): Whether a clip must not be taken; asked about the nearest ones only.
            without (int, optional): A person who must not be taken. Defaults to None.

        Returns:
            list[tuple[list[int], Tensor]], optional: For each part the donors, nearest first, and their frames at each of L frames of the
            clip, shape (k, L). None if some part has not enough.
        """
        coarse, fine = _features(own, self.rest, _COARSE), _features(own, self.rest, self.frames)
        gallery = self.coarse[:, :, shown]
        aligned: dict[int, Tensor] = {}
        found = []
        for part in self.parts:
            distance = (gallery[..., part, :] - coarse[..., part, :]).square().flatten(1).sum(1)
            near = self._nearest(distance, k, without)
            if not near:
                return None
            for clip in near:
                if clip not in aligned:
                    aligned[clip] = _features(motion(clip), self.rest, self.frames)
            targets = torch.stack([aligned[clip][..., part, :] for clip in near]).flatten(2)
            source = fine[..., part, :].flatten(1).expand(len(near), -1, -1)
            squares = squared_distances(source, targets) / own.shape[1]
            cost, path = dtw(squares, self.band, self.penalty)
            rows = self._of_different_people(near, cost, k, refuse)
            if rows is None:
                return None
            found.append(([near[row] for row in rows], smooth_path(path[rows], self.sigma)))
        return found

    def _nearest(self, distance: Tensor, k: int, without: int | None) -> list[int]:
        counts: dict[int, int] = {}
        near = []
        for clip in distance.argsort().tolist():
            person = self._subjects[clip]
            if person == without or counts.get(person, 0) == _OF_A_PERSON:
                continue
            counts[person] = counts.get(person, 0) + 1
            near.append(clip)
            if len(near) >= max(_ALIGNED, _OF_A_PERSON * k):
                break
        return near

    def _of_different_people(
        self, near: Sequence[int], cost: Tensor, k: int, refuse: Callable[[int], bool]
    ) -> list[int] | None:
        rows: dict[int, int] = {}
        for row in cost.argsort().tolist():
            if self._subjects[near[row]] not in rows and not refuse(near[row]):
                rows[self._subjects[near[row]]] = row
            if len(rows) == k:
                return list(rows.values())
        return None


def _features(motion: Tensor, rest: Tensor, frames: int) -> Tensor:
    """Directions (L, M, V, 3) turned to the rest pose."""
    persons = motion.shape[1]
    return timing_features(motion, rest, frames).unflatten(1, motion.shape[1:]) * persons**0.5
