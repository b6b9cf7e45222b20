# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Losses that leave nothing to tell people apart by within an action, without a network that tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmskanon.registry import MODELS
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout

from .anonymizer_losses import AnonymizerLoss, PartyOutputs
from .functional import between_group_share, neighbour_divergence
from .motion_features import motion_spaces

SPACES = ('posture', 'residual', 'speed', 'position')


class WithinActionLoss(AnonymizerLoss):
    """Base of terms on how clips of one action differ between the values of a private attribute.

    They compare the recordings of a batch, so batches should hold several of an action: :class:`ClassBatchSampler`. Clips of one recording
    are alike whoever it shows, and are not compared with each other.

    Args:
        weight (float): Factor of the term. Defaults to 1.0.
        attribute (str): The private attribute. Defaults to ``'subject'``.
        layout (str | dict | SkeletonLayout): Skeleton layout. Defaults to ``'nturgb+d'``.
        spaces (Sequence[str]): What clips are compared by, see :func:`~mmskanon.models.losses.motion_features.motion_spaces`; the term is the
            mean over them. Defaults to all.

    Raises:
        ValueError: If a space is unknown; while training, if the samples do not state the attribute.
    """

    def __init__(
        self,
        weight: float = 1.0,
        attribute: str = 'subject',
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        spaces: Sequence[str] = SPACES,
    ) -> None:
        super().__init__(weight)
        unknown = sorted(set(spaces) - set(SPACES))
        if unknown or not spaces:
            raise ValueError(
                f'{type(self).__name__}: spaces must be some of {list(SPACES)}, found {list(spaces)}'
            )
        self.attribute, self.layout, self.spaces = attribute, get_layout(layout), tuple(spaces)

    def compare(
        self, vectors: Tensor, actions: Tensor, people: Tensor, recordings: Tensor | None
    ) -> Tensor:
        """The scalar of one space, from vectors (N, D), actions (N,), values of the attribute (N,) and recordings (N,)."""
        raise NotImplementedError

    def term(self, outputs: PartyOutputs) -> Tensor:
        """Mean over the spaces."""
        if self.attribute not in outputs.private_labels:
            raise ValueError(
                f'{type(self).__name__}: the samples state no private attribute {self.attribute!r}, but {sorted(outputs.private_labels)}; add it to '
                'the attributes of the data set.'
            )
        people = outputs.private_labels[self.attribute]
        with torch.autocast(device_type=outputs.anonymized.device.type, enabled=False):
            vectors = motion_spaces(outputs.anonymized.float(), self.layout)
            clips = outputs.action_labels, people, outputs.recordings
            terms = [self.compare(vectors[s], *clips) for s in self.spaces]
        return torch.stack(terms).mean()


@MODELS.register_module()
class SoftNearestNeighbour(WithinActionLoss):
    """Who a clip's neighbours are should follow from how many clips of each person there are, not from who it shows.

    For each clip, kernel weights exp(-d^2 / tau) of the clips of other recordings of its action are summed over those of the same person; the
    term is the divergence of that share from the share of such clips among them (:func:`~mmskanon.models.losses.functional.neighbour_divergence`). It
    vanishes at chance, so that being farther from oneself than from others, which an attacker could learn, is not rewarded. The
    idea of a loss on soft neighbours is that of Frosst, Papernot, Hinton, "Analyzing and Improving Representations with the Soft
    Nearest Neighbor Loss", ICML 2019.

    Args:
        temperature (float): tau as a multiple of the mean squared distance of a clip to the nearest of another recording of its
            action. Defaults to 1.0.
        **kwargs: See :class:`WithinActionLoss`.
    """

    def __init__(self, temperature: float = 1.0, **kwargs) -> None:
        super().__init__(**kwargs)
        if not temperature > 0:
            raise ValueError(
                f'SoftNearestNeighbour: temperature must be positive, found {temperature}'
            )
        self.temperature = temperature

    def compare(
        self, vectors: Tensor, actions: Tensor, people: Tensor, recordings: Tensor | None
    ) -> Tensor:
        """The divergence in one space, at least 0."""
        return neighbour_divergence(vectors, actions, people, self.temperature, recordings)


@MODELS.register_module()
class BetweenSubjectVariance(WithinActionLoss):
    """Share of the variance within actions that lies between people, beyond what chance gives.

    It is on average near 0 where clips tell nothing of the person; the formula stands in
    :func:`~mmskanon.models.losses.functional.between_group_share`.
    """

    def compare(
        self, vectors: Tensor, actions: Tensor, people: Tensor, recordings: Tensor | None
    ) -> Tensor:
        """The share in one space, in [0, 1]."""
        return between_group_share(vectors, actions, people, recordings)
