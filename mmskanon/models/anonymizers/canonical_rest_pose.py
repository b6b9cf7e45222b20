# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The baseline that gives everybody the same bone lengths and the same mean posture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import split_length
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.rotations import rest_poses, rotate_shortest

from .body_values import check_upright, rest_directions_tensor
from .canonical_bones import CanonicalBonesAnonymizer


@MODELS.register_module()
class CanonicalRestPoseAnonymizer(CanonicalBonesAnonymizer):
    """Give every bone its canonical length, and move the posture of each clip to that of the population.

    The rest direction r_j of a bone in a clip is its mean direction over the frames in which the person is there, brought to
    length 1. Each of its directions is turned by the shortest rotation that takes r_j to the population's rest direction of that
    bone (:func:`~mmskanon.skeletons.rotations.rotate_shortest`); then bodies are built on canonical bones as by
    :class:`CanonicalBonesAnonymizer`. Movement relative to the mean posture is kept, with its size and timing.

    Body measures are gone, and so is the mean direction of each bone, up to how a direction spreads about its mean, and up to the
    heading where that is kept. Mean posture is not always style: in a clip it also depends on the action and on how long each of
    its phases lasts, so the action loses too. Untouched are the form of the movement, speed, timing and the path of the centre
    joint. A bone whose directions cancel, in the clip or in the population, is not turned.

    Expects body space with z upwards, as ``NormalizeSkeleton`` makes it with ``rotate=True``. Every output frame depends on all
    frames of the clip.

    Args:
        lengths (Sequence[float], optional): See :class:`CanonicalBonesAnonymizer`. Defaults to None.
        rest_directions (Sequence[Sequence[float]], optional): Rest directions of the population from parent to joint, V x 3, zero
            for the root; goes with ``lengths``. Defaults to None.
        population (dict, optional): See :class:`CanonicalBonesAnonymizer`. Rest directions are the mean over subjects of the mean
            over clips. Defaults to None.
        keep_heading (bool): Whether the population's rest pose is first turned about the vertical so that it faces where the
            person faces on average in the clip (:func:`~mmskanon.skeletons.rotations.turn_to_heading`). Needed where several
            persons face each other, since normalization turns only one of them to the front; where there is one person, False
            hides the remaining turn. Defaults to True.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`; three-dimensional. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        ValueError: See :class:`CanonicalBonesAnonymizer`; also if lengths are given without rest directions or the reverse, these
            are malformed, or the population is not turned upright.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import CanonicalRestPoseAnonymizer
        >>> arm = dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=0)
        >>> anonymizer = CanonicalRestPoseAnonymizer(
        ...     lengths=[0, 0.3, 0.25], rest_directions=[[0, 0, 0], [0, 0, -1], [0, 0, -1]], layout=arm, num_person=1
        ... )
        >>> anonymizer(torch.randn(4, 1, 64, 3, 3)).shape
        torch.Size([4, 1, 64, 3, 3])
    """

    framewise = False

    def __init__(
        self,
        lengths: Sequence[float] | None = None,
        rest_directions: Sequence[Sequence[float]] | None = None,
        population: Mapping | None = None,
        keep_heading: bool = True,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        name = type(self).__name__
        if (lengths is None) != (rest_directions is None):
            raise ValueError(
                f'{name}: lengths and rest_directions go together; give both, or a population'
            )
        check_upright(population, name)
        super().__init__(lengths, population, layout, num_person, num_coords, init_cfg)
        self.keep_heading = keep_heading
        values = torch.full((self.layout.num_joints, 3), torch.nan)
        if self.population is not None:
            values = torch.as_tensor(self.population.directions, dtype=torch.float32)
        elif rest_directions is not None:
            values = rest_directions_tensor(rest_directions, self.layout, name)
        self.register_buffer('rest_directions', values)

    def pose(self, directions: Tensor) -> Tensor:
        """Turn ``directions``, shape (N, M, T, V, 3), so that their mean over T is the population's rest pose."""
        own, rest = rest_poses(directions, self.rest_directions.to(directions), self.keep_heading)
        return split_length(rotate_shortest(directions, own, rest))[0]

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f'keep_heading={self.keep_heading}'
