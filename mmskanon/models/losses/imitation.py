# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Losses against a target motion that the data set supplies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import inverse_kinematics
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout

from .anonymizer_losses import AnonymizerLoss, PartyOutputs


@MODELS.register_module()
class TargetImitation(AnonymizerLoss):
    """Squared distance from a target motion: bone directions, their change over some frames, and the path of the centre joint.

    Targets come from :class:`~mmskanon.datasets.transforms.LoadTarget`, for instance clips that :class:`KSameAnonymizer` has made. All terms
    are means over the persons and frames that the target shows; squared distances are summed over the three coordinates.

    Args:
        weight (float): Factor of the whole. Defaults to 1.0.
        motion (float): Factor of the term on changes of direction. Defaults to 4.0.
        strides (Sequence[int]): Frames over which changes are taken; the term is the mean over them. One frame, so that jitter shows, which
            longer strides of its period do not see. Defaults to (1, 4).
        path (float): Factor of the term on the centre joint, in squared metres. Defaults to 2.0.
        layout (str | dict | SkeletonLayout): Skeleton layout. Defaults to ``'nturgb+d'``.

    Raises:
        ValueError: If ``strides`` are not positive integers; while training, if the batch has no targets.
    """

    def __init__(
        self,
        weight: float = 1.0,
        motion: float = 4.0,
        strides: Sequence[int] = (1, 4),
        path: float = 2.0,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
    ) -> None:
        super().__init__(weight)
        if not strides or any(type(s) is not int or s < 1 for s in strides):
            raise ValueError(
                f'TargetImitation: strides must be integers of at least 1, found {strides!r}'
            )
        self.motion, self.strides, self.path = motion, tuple(strides), path
        self.layout = get_layout(layout)

    def term(self, outputs: PartyOutputs) -> Tensor:
        """The weighted sum of the three terms."""
        if outputs.target is None:
            raise ValueError(
                "TargetImitation: the samples have no target; put dict(type='LoadTarget', ann_files=[...], num_person=...) first in the "
                'training pipeline.'
            )
        with torch.autocast(device_type=outputs.anonymized.device.type, enabled=False):
            return self._distance(outputs.anonymized.float(), outputs.target.float())

    def _distance(self, made: Tensor, target: Tensor) -> Tensor:
        dims, center = self.layout.dims, self.layout.center
        made, target = made[..., :dims], target[..., :dims]
        present = (target != 0).flatten(3).any(-1)
        directions = [inverse_kinematics(x, self.layout)[1] for x in (made, target)]
        error = directions[0] - directions[1]
        pose = _mean(error.square().sum(-1).mean(-1), present)
        changes = []
        for s in self.strides:
            both = present[:, :, s:] & present[:, :, :-s]
            change = error[:, :, s:] - error[:, :, :-s]
            changes.append(_mean(change.square().sum(-1).mean(-1), both))
        motion = sum(changes) / len(changes)
        path = _mean((made - target)[..., center, :].square().sum(-1), present)
        return pose + self.motion * motion + self.path * path


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
