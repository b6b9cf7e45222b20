# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A recurrent network that reads velocities."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmskanon.registry import ATTACKERS
from mmskanon.skeletons.layouts import SkeletonLayout

from .network import NetworkAttacker, StreamNet


@ATTACKERS.register_module()
class VelocityGRU(NetworkAttacker):
    """A bidirectional GRU on the joints' velocities per frame of the file, and the clip's duration.

    Args:
        length (int): Frames T to which clips are stretched. Defaults to 64.
        training (dict, optional): Arguments of :class:`~mmskanon.audit.attackers.training.Training`. Defaults to None.
        device (str): Where it runs. Defaults to ``'cpu'``.
        channels (int): Features of a step that the GRU reads. Defaults to 96.
        hidden (int): Size of the state in each direction. Defaults to 64.
        layers (int): Layers. Defaults to 1.
        embedding (int): Size of the embedding. Defaults to 64.
        dropout (float): Dropout. Defaults to 0.2.
    """

    family = 'GRU on velocities'

    def build(self, layout: SkeletonLayout, num_person: int, num_classes: int) -> StreamNet:
        """Make the network."""
        return _VelocityNet(layout, num_person, num_classes, **self.net_options)


class _VelocityNet(StreamNet):
    def __init__(
        self,
        layout: SkeletonLayout,
        num_person: int,
        num_classes: int,
        channels: int = 96,
        hidden: int = 64,
        layers: int = 1,
        embedding: int = 64,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(layout, num_person, num_classes, 4 * hidden, embedding, dropout)
        size = num_person * (self.channels_of(layout) + 1)
        self.stem = nn.Sequential(
            nn.Conv1d(size, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Dropout1d(dropout),
        )
        self.gru = nn.GRU(channels, hidden, layers, batch_first=True, bidirectional=True)

    @staticmethod
    def channels_of(layout: SkeletonLayout) -> int:
        return layout.num_joints * layout.dims

    def streams(self, clips: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        there = clips.any(-1)
        both = there[:, :, 1:] & there[:, :, :-1]
        per_frame = ((clips.shape[2] - 1) / (frames - 1).clamp(min=1)).view(-1, 1, 1, 1, 1)
        velocity = (clips[:, :, 1:] - clips[:, :, :-1]) * both[..., None] * per_frame
        return velocity.flatten(3), both.any(-1)

    def encode(self, x: Tensor) -> Tensor:
        states, _ = self.gru(self.stem(x).transpose(1, 2))
        return torch.cat([states.mean(1), states.amax(1)], dim=1)
