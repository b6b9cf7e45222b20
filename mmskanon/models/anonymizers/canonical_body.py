# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Any anonymizer between two kinematic chains: it sees one body, and whatever it does comes out as a body with fixed bones."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial

import torch
from mmengine.registry import DefaultScope
from torch import Tensor

from mmskanon.datasets.population_clips import population_clips
from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import (
    complete_directions,
    fill_absent_joints,
    inverse_kinematics,
    joint_mask,
    set_bone_lengths,
    split_length,
)
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.population import Population
from mmskanon.skeletons.random_body import draw_bone_lengths
from mmskanon.skeletons.rotations import rest_poses, rotate_shortest
from mmskanon.skeletons.tracing import is_traced

from .base import BaseAnonymizer
from .body_values import body_of, body_tensors, check_three_dimensional, check_upright
from .chance import clip_generator

LENGTHS = ('canonical', 'random', 'own')
REST_POSES = ('none', 'canonical', 'own')


@MODELS.register_module()
class CanonicalBodyAnonymizer(BaseAnonymizer):
    """Run any anonymizer on a canonical body, and build bodies of chosen bone lengths from what it returns.

    Front end: absent joints are filled from their neighbours, the clip is taken apart into centre joint, bone directions and bone
    lengths (:func:`~mmskanon.skeletons.kinematics.inverse_kinematics`), directions are moved to the population's rest pose if asked
    for, and bodies are built on the population's median bones. This is all that the inner anonymizer sees. Back end: its output is
    taken apart in the same way, the rest pose is given back if asked for, and forward kinematics builds the output. So the bones of
    the output do not depend on what the inner anonymizer does; it decides on directions and on the path of the centre joint.

    ``lengths`` of the output: ``'canonical'``, those of the population; ``'random'``, those of somebody who does not exist, drawn for
    each clip and person around the population's (:func:`~mmskanon.skeletons.random_body.draw_bone_lengths`) and kept in all frames;
    ``'own'``, those of the input, frame by frame, for users who want to keep body measures. ``rest_pose``: ``'none'``, postures are left alone;
    ``'canonical'``, they are moved to the population's as by :class:`CanonicalRestPoseAnonymizer` and stay there; ``'own'``, they are
    moved back after the inner anonymizer. With the identity inside and both ``'own'``, the output is the input, up to rounding (1e-5 m).

    The path of the centre joint is left to the inner anonymizer; its extent follows the size of the person. Absent persons and
    joints stay exactly zero, and so does what the inner anonymizer sets to exactly zero. Geometry is computed in double precision,
    under autocast too; gradients reach the input and the inner parameters.

    To put motion on the body of somebody else is motion retargeting; Carr, Xu, Lu, "Adversary-Guided Motion Retargeting for Skeleton
    Anonymization" (arXiv 2405.05428), anonymize by it with a network that draws the body of a real "dummy". Here the body is nobody's, and
    kinematics, not a network, puts it under the motion.

    Args:
        anonymizer (dict): Config of the inner anonymizer. Its ``layout``, ``num_person`` and ``num_coords`` default to those given here.
        lengths (str): ``'canonical'``, ``'random'`` or ``'own'``. Defaults to ``'canonical'``.
        rest_pose (str): ``'none'``, ``'canonical'`` or ``'own'``; other than ``'none'``, every output frame depends on all frames of
            the clip. Defaults to ``'none'``.
        population (dict, optional): The clips to measure when built, see :class:`CanonicalBonesAnonymizer`. Defaults to None.
        body (dict, optional): Instead of ``population``, its values: ``lengths`` (V numbers, 0 for the root, in the unit of the input)
            and, where they are needed, ``rest_directions`` (V x 3), ``size_spread`` and ``proportion_spread`` (V numbers), see
            :class:`~mmskanon.skeletons.population.Population`. Defaults to None; with neither, a checkpoint has to hold them.
        keep_heading (bool): See :class:`CanonicalRestPoseAnonymizer`. Defaults to True.
        seed (int, optional): If given, equal clips get equal random bodies, whatever else is in the batch. For tests and repeatable
            exports: who knows the seed and has the original can draw the same body. Defaults to None, a fresh draw at each call from
            PyTorch's generator of the CPU, which ``torch.manual_seed`` governs.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`; three-dimensional. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Attributes:
        inner (BaseAnonymizer): The inner anonymizer; its weights have the prefix ``inner.`` in the state dict.
        population (Population, optional): What was measured, None without the argument.

    Raises:
        FileNotFoundError: If the file of the population is not there.
        KeyError: If it has no such split.
        ValueError: If an option is unknown, the layout is two-dimensional, the inner anonymizer has another layout or number of
            persons, population and body are both given or malformed, or random bodies are asked for and the spread is unknown.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import CanonicalBodyAnonymizer
        >>> arm = dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=0)
        >>> anonymizer = CanonicalBodyAnonymizer(
        ...     dict(type='UNetAnonymizer', base_channels=4), body=dict(lengths=[0, 0.3, 0.25]), layout=arm, num_person=1
        ... )
        >>> out = anonymizer(torch.randn(4, 1, 64, 3, 3))
        >>> out.shape, round((out[..., 2, :] - out[..., 1, :]).norm(dim=-1).mean().item(), 4)
        (torch.Size([4, 1, 64, 3, 3]), 0.25)
    """

    def __init__(
        self,
        anonymizer: Mapping,
        lengths: str = 'canonical',
        rest_pose: str = 'none',
        population: Mapping | None = None,
        body: Mapping | None = None,
        keep_heading: bool = True,
        seed: int | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        name = type(self).__name__
        check_three_dimensional(self)
        for key, value, known in (
            ('lengths', lengths, LENGTHS),
            ('rest_pose', rest_pose, REST_POSES),
        ):
            if value not in known:
                raise ValueError(f'{name}: {key} must be one of {known}, found {value!r}')
        self.lengths, self.rest_pose = lengths, rest_pose
        self.keep_heading, self.seed = keep_heading, seed
        shared = dict(layout=layout, num_person=num_person, num_coords=num_coords)
        # Also under the scope of a stock recipe.
        with DefaultScope.overwrite_default_scope('mmskanon'):
            self.inner = MODELS.build({**shared, **anonymizer})
        for key in ('layout', 'num_person', 'num_coords'):
            found, expected = getattr(self.inner, key), getattr(self, key)
            if found != expected:
                raise ValueError(
                    f'{name}: the inner {type(self.inner).__name__} has {key} {found!r}, the body around it {expected!r}; leave it out inside'
                )
        self.asks_for_subject = self.inner.asks_for_subject
        self.asks_for_take = self.inner.asks_for_take
        if population is not None and body is not None:
            raise ValueError(f'{name}: population and body are both given; leave one of them out')
        if rest_pose != 'none':
            check_upright(population, name)
        self.population: Population | None = None
        if population is not None:
            self.population = population_clips(population, self.layout, name).measure()
            body = body_of(self.population)
        for key, values in body_tensors(body, self.layout, name).items():
            self.register_buffer(key, values)
        if body is not None:
            self._check_body()

    def _check_body(self) -> None:
        """Refuse a body that lacks what the options need."""
        needed = dict(bone_lengths=self.bone_lengths)
        if self.rest_pose != 'none':
            needed['rest_directions'] = self.rest_directions
        if self.lengths == 'random':
            needed.update(size_spread=self.size_spread, proportion_spread=self.proportion_spread)
        unknown = [key for key, values in needed.items() if values.isnan().any()]
        if unknown:
            raise ValueError(
                f'{type(self).__name__} with lengths={self.lengths!r} and rest_pose={self.rest_pose!r} does not know {unknown}: give it a population '
                f'(a spread needs two subjects at least), or a body with these values, or load a checkpoint that has them'
            )

    @property
    def framewise(self) -> bool:
        """bool: Whether the inner anonymizer is, if rest poses and chance, which belong to whole clips, are left out."""
        return self.inner.framewise and not self._takes_clips

    @property
    def frame_grid(self) -> int:
        """int: That of the inner anonymizer."""
        return self.inner.frame_grid

    @property
    def streams(self) -> bool:
        """bool: Whether the inner anonymizer does and no body is drawn, which would be another one in each frame."""
        return self.inner.streams and self.lengths != 'random'

    @property
    def draws(self) -> bool:
        """bool: Whether bodies are drawn, or the inner anonymizer draws."""
        return self.inner.draws or self.lengths == 'random'

    @property
    def draws_anew(self) -> bool:
        """bool: Whether bodies are drawn without a seed, or the inner anonymizer draws without one."""
        return self.inner.draws_anew or (self.lengths == 'random' and self.seed is None)

    def needed_frames(self, frame: int) -> tuple[int, int] | None:
        """Those of the inner anonymizer; None where rest poses or chance belong to the whole clip."""
        return None if self._takes_clips else self.inner.needed_frames(frame)

    def check_collection(self, samples: Sequence[Mapping], file: str) -> None:
        """Ask the anonymizer inside, see :meth:`BaseAnonymizer.check_collection`."""
        self.inner.check_collection(samples, file)

    @property
    def export_obstacle(self) -> str | None:
        """str, optional: That of the inner anonymizer, or that a body is drawn for each clip."""
        if self.lengths == 'random':
            return 'it draws a body for each clip, and the seed of a graph would be the same for everybody who has the file'
        return self.inner.export_obstacle

    @property
    def _takes_clips(self) -> bool:
        return self.rest_pose != 'none' or self.lengths == 'random'

    def adopt_state(self, state: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Let a checkpoint of the bare inner anonymizer fit: its weights go inside, the body stays as it was measured.

        Args:
            state (Mapping[str, Tensor]): A state dict.

        Returns:
            Mapping[str, Tensor]: One with the keys of this module if it had those of the inner anonymizer, otherwise itself.
        """
        if state.keys() != self.inner.state_dict().keys():
            return state
        body = {k: v for k, v in self.state_dict().items() if not k.startswith('inner.')}
        return body | {f'inner.{k}': v for k, v in state.items()}

    def forward(
        self,
        x: Tensor,
        subjects: Sequence[Hashable] | None = None,
        takes: Sequence[Hashable | None] | None = None,
    ) -> Tensor:
        """Anonymize a batch of skeletons.

        Args:
            x (Tensor): Skeletons of shape (N, M, T, V, C), see :class:`BaseAnonymizer`.
            subjects (Sequence, optional): Subject of each clip, passed on to an inner anonymizer that asks for it. Defaults to None.
            takes (Sequence, optional): Take of each clip, likewise. Defaults to None.

        Returns:
            Tensor: Anonymized skeletons, same shape.

        Raises:
            ValueError: If the body is not known yet, or see the inner anonymizer.
        """
        if not is_traced():
            self._check_body()
        known = dict(subjects=subjects) if self.asks_for_subject else {}
        if self.asks_for_take:
            known['takes'] = takes
        return self._anonymize(x, partial(self.transform, known=known))

    def transform(
        self, coords: Tensor, present: Tensor, known: Mapping[str, Sequence] | None = None
    ) -> Tensor:
        """Pass ``coords``, shape (N, M, T, V, 3), through front end, inner anonymizer, which is told what is known of each clip, and back end."""
        # In double precision, which autocast leaves alone: near a half turn single precision cannot undo a rest pose.
        bodies = fill_absent_joints(coords.double(), self.layout)
        _, directions, own_lengths = inverse_kinematics(bodies, self.layout)
        if self.rest_pose != 'none':
            rest = split_length(self.rest_directions.double())[0]
            own, rest = rest_poses(directions, rest, self.keep_heading)
            if (
                self.rest_pose == 'own'
            ):  # bones that continue others do so again once they are turned back
                directions = complete_directions(directions, self.layout)
            directions = rotate_shortest(directions, own, rest)
        canonical = self._build(bodies, directions, self.bone_lengths.double())
        canonical = canonical.masked_fill(~present, 0).to(coords.dtype)
        moved = self.inner(canonical, **(known or {})).double()

        seen = joint_mask(coords) & joint_mask(moved)
        moved = fill_absent_joints(moved, self.layout)
        directions = inverse_kinematics(moved, self.layout)[1]
        if self.rest_pose == 'own':
            directions = rotate_shortest(directions, rest, own)
        if self.lengths == 'own':
            lengths = own_lengths
        elif self.lengths == 'random':
            lengths = self._draw(coords)
        else:
            lengths = self.bone_lengths.double()
        return torch.where(seen, self._build(moved, directions, lengths), 0)

    def _build(self, bodies: Tensor, directions: Tensor, lengths: Tensor) -> Tensor:
        """Bodies with these bones, at the centre joint of ``bodies``, all of shape (N, M, T, V, ...)."""
        directions = complete_directions(directions, self.layout)
        return set_bone_lengths(bodies, directions, lengths, self.layout)

    def _draw(self, coords: Tensor) -> Tensor:
        """Bone lengths of shape (N, M, 1, V) for clips of shape (N, M, T, V, 3)."""
        clips = coords.detach().cpu().float().numpy()
        body = [b.double() for b in (self.bone_lengths, self.size_spread, self.proportion_spread)]
        drawn = [
            draw_bone_lengths(*body, self.layout, self.num_person, clip_generator(self.seed, clip))
            for clip in clips
        ]
        return torch.stack(drawn)[:, :, None]

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f'lengths={self.lengths!r}, rest_pose={self.rest_pose!r}, keep_heading={self.keep_heading}, seed={self.seed}'
