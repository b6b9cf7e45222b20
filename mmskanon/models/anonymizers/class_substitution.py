# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The degenerate control: every clip becomes the typical clip of its recognized class."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmskanon.datasets.population_clips import population_clips
from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import (
    complete_directions,
    inverse_kinematics,
    set_bone_lengths,
)
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.typical import typical_clips

from .class_conditional import ClassConditionalAnonymizer


@MODELS.register_module()
class ClassSubstitutionAnonymizer(ClassConditionalAnonymizer):
    """Replace every clip by one typical clip of the action class that a frozen recognizer reads from it.

    The typical clip of a class is its medoid among the clips of ``population`` on canonical bones
    (:func:`~mmskanon.skeletons.typical.typical_clips`). It is resampled to the frames between the first and the last in which
    somebody is there, and gets its canonical bones back after interpolation. Where the input has a person whom the typical clip
    lacks, it shows the motion of the first person a metre further along x. The same clip gives the same output always, and so do
    any two clips of equal class, length and absent frames.

    A control for audits, never a method: all that is left of a clip is its class, its length, and who is absent when. It keeps
    the action as well as its recognizer reads it, yet the data are useless: a measure of utility that praises it is gamed. It also
    shows the motion of people of the population. No gradient reaches the input.

    Args:
        recognizer (dict): See :class:`ClassConditionalAnonymizer`.
        population (dict): See :class:`CanonicalBonesAnonymizer`; must show every class of the recognizer.
        clip_len (int, optional): See :class:`ClassConditionalAnonymizer`. Defaults to None.
        seed (int): Seed of the draw of candidates where a class has more than 200 clips. Defaults to 0.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`; three-dimensional. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        FileNotFoundError: If a checkpoint or the file of the population is not there.
        ValueError: If the recognizer has no checkpoint or reads a private attribute, the layout is two-dimensional, or the
            population does not fit.
    """

    def __init__(
        self,
        recognizer: Mapping,
        population: Mapping,
        clip_len: int | None = None,
        seed: int = 0,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(recognizer, clip_len, layout, num_person, num_coords, init_cfg)
        clips = population_clips(population, self.layout, type(self).__name__)
        lengths = clips.measure().lengths
        try:
            typical = typical_clips(
                clips,
                clips.labels,
                lengths,
                self.layout,
                self.recognizer.num_classes,
                self.num_person,
                seed,
            )
        except ValueError as error:
            raise ValueError(f'{clips.ann_file}: {error.args[0]}') from None
        frames = torch.tensor([clip.shape[1] for clip in typical])
        padded = torch.zeros(
            len(typical), self.num_person, int(frames.max()), self.layout.num_joints, 3
        )
        for row, clip in zip(padded, typical, strict=True):
            row[:, : clip.shape[1]] = torch.from_numpy(clip)
        self.register_buffer('lengths', torch.as_tensor(lengths, dtype=torch.float32))
        self.register_buffer('frames', frames)
        self.register_buffer('clips', padded)

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Replace ``coords``, shape (N, M, T, V, 3)."""
        classes = self.recognize(coords)
        clips, frames = self.clips.to(coords.dtype), self.frames[classes]
        weight, lower = _positions(present[..., 0, 0].any(1), frames)
        weight = weight.to(clips.dtype)
        upper = torch.minimum(lower + 1, frames[:, None] - 1)
        # Person by person: (N, T) indices of class and frame pick (N, T, V, 3).
        bodies = [
            torch.lerp(clips[classes[:, None], m, lower], clips[classes[:, None], m, upper], weight)
            for m in range(self.num_person)
        ]
        out = torch.stack(bodies, 1)
        directions = complete_directions(inverse_kinematics(out, self.layout)[1], self.layout)
        return set_bone_lengths(out, directions, self.lengths.to(coords), self.layout)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f'classes={len(self.clips)}, clip_len={self.clip_len}'


def _positions(somebody: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Where in the typical clip each frame (N, T) lies: share of the next frame (N, T, 1, 1), and index of the frame (N, T)."""
    total = somebody.shape[1]
    time = torch.arange(total, device=somebody.device)
    first = torch.where(somebody, time, total - 1).amin(1, keepdim=True)
    last = torch.where(somebody, time, 0).amax(1, keepdim=True)
    span = (last - first).clamp(min=1)
    scaled = (time - first).clamp(min=0).minimum(span) * (frames[:, None] - 1)
    lower = scaled // span
    return ((scaled - lower * span) / span)[..., None, None], lower
