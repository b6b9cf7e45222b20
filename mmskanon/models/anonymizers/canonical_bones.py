# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The baseline that gives everybody the same bone lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmskanon.datasets.population_clips import population_clips
from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import (
    complete_directions,
    fill_absent_joints,
    inverse_kinematics,
    joint_mask,
    set_bone_lengths,
)
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.population import Population
from mmskanon.skeletons.tracing import is_traced

from .base import BaseAnonymizer
from .body_values import bone_lengths_tensor, check_three_dimensional


@MODELS.register_module()
class CanonicalBonesAnonymizer(BaseAnonymizer):
    """Keep the direction of every bone and replace its length by that of a canonical body.

    x'_j = x'_p(j) + l_j (x_j - x_p(j)) / |x_j - x_p(j)| along the tree of the layout, with one length l_j a bone for everybody.
    The layout's centre joint stays where it is. Lengths come from the config (``lengths``), or are measured once, at
    construction, on the annotation file that ``population`` names (median over subjects of the median over clips of the median
    over frames). They are a buffer, so a checkpoint holds them: with neither argument they are expected from a checkpoint.

    Body measures are gone: every bone of every person in every frame has exactly its canonical length. Untouched are posture
    (mean bone directions), execution, timing, and the path of the centre joint, whose extent still follows the size of the
    person. Absent joints (exactly zero while the person is there) stay exactly zero; their bones are made from their neighbours
    (:func:`~mmskanon.skeletons.kinematics.fill_absent_joints`), and a bone without length continues the one before it. So
    normalize with ``NormalizeSkeleton``, which keeps the joint at the origin off exact zero.

    Args:
        lengths (Sequence[float], optional): Bone length of each joint to its parent, in the unit of the input (metres), 0 for the
            root. Defaults to None.
        population (dict, optional): ``dict(ann_file=..., split=...)``, the clips to measure; with ``center``, ``center_joint``
            and ``rotate`` where ``NormalizeSkeleton`` has other than its defaults. Defaults to None.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`; three-dimensional. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Attributes:
        population (Population, optional): What was measured, None without the argument.

    Raises:
        FileNotFoundError: If the file of the population is not there.
        KeyError: If it has no such split.
        ValueError: If the layout is two-dimensional, both or malformed lengths are given, or the population does not fit.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import CanonicalBonesAnonymizer
        >>> arm = dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=0)
        >>> anonymizer = CanonicalBonesAnonymizer(lengths=[0, 0.3, 0.25], layout=arm, num_person=1)
        >>> out = anonymizer(torch.randn(4, 1, 64, 3, 3))
        >>> out.shape, round((out[..., 2, :] - out[..., 1, :]).norm(dim=-1).mean().item(), 4)
        (torch.Size([4, 1, 64, 3, 3]), 0.25)
    """

    framewise = True

    def __init__(
        self,
        lengths: Sequence[float] | None = None,
        population: Mapping | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        name = type(self).__name__
        check_three_dimensional(self)
        if lengths is not None and population is not None:
            raise ValueError(
                f'{name}: lengths and population are both given; leave one of them out'
            )
        self.population: Population | None = None
        values = torch.full((self.layout.num_joints,), torch.nan)
        if population is not None:
            self.population = population_clips(population, self.layout, name).measure()
            values = torch.as_tensor(self.population.lengths, dtype=torch.float32)
        elif lengths is not None:
            values = bone_lengths_tensor(lengths, self.layout, name)
        self.register_buffer('lengths', values)

    def _check_measured(self) -> None:
        """Raise ValueError where bone lengths have neither been given nor measured nor loaded."""
        if not is_traced() and self.lengths[self.layout.root].isnan():
            raise ValueError(
                f'{type(self).__name__} has no bone lengths yet: give it lengths or a population, or load a checkpoint'
            )

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Change the bones of ``coords``, shape (N, M, T, V, 3)."""
        self._check_measured()
        seen = joint_mask(coords)
        bodies = fill_absent_joints(coords, self.layout)
        _, directions, _ = inverse_kinematics(bodies, self.layout)
        directions = complete_directions(self.pose(directions), self.layout)
        out = set_bone_lengths(bodies, directions, self.lengths.to(coords), self.layout)
        return torch.where(seen, out, 0)

    def pose(self, directions: Tensor) -> Tensor:
        """Change bone directions of shape (N, M, T, V, 3); zero where a bone has none."""
        return directions
