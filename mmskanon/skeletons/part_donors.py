# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Choice of donors by how they move, part by part of the body, whatever action they show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from .body_parts import body_parts
from .dtw import dtw, smooth_path, squared_distances
from .layouts import SkeletonLayout
from .motion_average import timing_features

_COARSE = 16  # frames of the first comparison
_ALIGNED = 8  # clips of a person that are aligned, of each part


class PartDonors(nn.Module):
    """Finds, of each person of a gallery, the clips in which parts of the body move most like in a clip.

    All clips of a person are compared at 16 frames, part by part, and the eight nearest by dynamic time warping.

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
        parts (list[list[int]]): Joints of each of P parts, see :func:`~mmskanon.skeletons.body_parts.body_parts`.
        people (list[int]): The people of the gallery.
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
        self._clips: dict[int, list[int]] = {}
        for clip, subject in enumerate(subjects):
            self._clips.setdefault(subject, []).append(clip)
        self.people = list(self._clips)
        coarse = torch.stack([_features(motion, rest, _COARSE) for motion in motions])
        # Like the gallery no part of the state dict.
        self.register_buffer('coarse', coarse, persistent=False)
        self.register_buffer('rest', rest, persistent=False)

    def find(
        self,
        own: Tensor,
        shown: Tensor,
        motion: Callable[[int], Tensor],
        people: Iterable[int],
        k: int,
        refuse: Callable[[int], bool],
    ) -> list[tuple[list[int], Tensor]] | None:
        """Find a clip of each of k people for each part.

        Args:
            own (Tensor): Bone directions of the clip, shape (T, M', V, 3), of the persons that it shows.
            shown (Tensor): Which of the M persons those are, boolean, shape (M,).
            motion (Callable[[int], Tensor]): Bone directions of a clip of the gallery, of the same persons.
            people (Iterable[int]): Whom to take, those first; the next is taken for somebody whose nearest clips are all refused.
            k (int): Number of people.
            refuse (Callable[[int], bool]): Whether a clip must not be taken; asked about those only that would be.

        Returns:
            list[tuple[list[int], Tensor]], optional: For each part the donors, and their frames at each of L frames of the clip, shape (k, L).
            None if there are not enough.
        """
        coarse, fine = _features(own, self.rest, _COARSE), _features(own, self.rest, self.frames)
        square = (self.coarse[:, :, shown] - coarse).square().sum((1, 2, 4))
        distances = torch.stack([square[:, part].sum(1) for part in self.parts])
        found = []
        for person in people:
            lent = self._of(person, distances, fine, motion, refuse)
            if lent is not None:
                found.append(lent)
            if len(found) == k:
                clips, paths = zip(*found, strict=True)
                along = torch.stack(paths, 1)
                return [([c[part] for c in clips], along[part]) for part in range(len(self.parts))]
        return None

    def _of(
        self,
        person: int,
        distances: Tensor,
        fine: Tensor,
        motion: Callable[[int], Tensor],
        refuse: Callable[[int], bool],
    ) -> tuple[list[int], Tensor] | None:
        """The clip of a person for each part and its path, (P, L), by distances (P, K) to all clips and features (L, M', V, 3) of the clip."""
        clips = torch.tensor(self._clips[person], device=distances.device)
        order = distances[:, clips].argsort(1)[:, :_ALIGNED]
        near = clips[order].tolist()
        features = {c: _features(motion(c), self.rest, self.frames) for row in near for c in row}
        costs = []
        for part, row in zip(self.parts, near, strict=True):
            targets = torch.stack([features[clip][..., part, :] for clip in row]).flatten(2)
            source = fine[..., part, :].flatten(1).expand(len(row), -1, -1)
            costs.append(squared_distances(source, targets) / fine.shape[1])
        cost, path = dtw(torch.cat(costs), self.band, self.penalty)
        chosen, rows = [], []
        for number, (row, total) in enumerate(zip(near, cost.split(order.shape[1]), strict=True)):
            best = next((i for i in total.argsort().tolist() if not refuse(row[i])), None)
            if best is None:
                return None
            chosen.append(row[best])
            rows.append(number * order.shape[1] + best)
        return chosen, smooth_path(path[rows], self.sigma)


def _features(motion: Tensor, rest: Tensor, frames: int) -> Tensor:
    """Directions (L, M, V, 3) turned to the rest pose."""
    persons = motion.shape[1]
    return timing_features(motion, rest, frames).unflatten(1, motion.shape[1:]) * persons**0.5
