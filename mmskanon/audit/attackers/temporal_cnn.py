# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A network that convolves raw coordinates over time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmskanon.registry import ATTACKERS
from mmskanon.skeletons.layouts import SkeletonLayout

from .network import NetworkAttacker, StreamNet


@ATTACKERS.register_module()
class TemporalCNN(NetworkAttacker):
    """Dilated convolutions over the joints' coordinates, all persons side by side.

    Coordinates are relative to each person's centre joint, whose own path is read besides.

    Args:
        length (int): Frames T to which clips are stretched. Defaults to 64.
        training (dict, optional): Arguments of :class:`~mmskanon.audit.attackers.training.Training`. Defaults to None.
        device (str): Where it runs. Defaults to ``'cpu'``.
        channels (int): Channels of the convolutions. Defaults to 96.
        blocks (int): Residual blocks, with dilations 1, 2, 4, 1, ... Defaults to 3.
        embedding (int): Size of the embedding. Defaults to 64.
        dropout (float): Dropout. Defaults to 0.2.
    """

    family = 'temporal CNN on coordinates'

    def build(self, layout: SkeletonLayout, num_person: int, num_classes: int) -> StreamNet:
        """Make the network."""
        return _TemporalNet(layout, num_person, num_classes, **self.net_options)


class _TemporalNet(StreamNet):
    def __init__(
        self,
        layout: SkeletonLayout,
        num_person: int,
        num_classes: int,
        channels: int = 96,
        blocks: int = 3,
        embedding: int = 64,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(layout, num_person, num_classes, 2 * channels, embedding, dropout)
        size = num_person * (self.channels_of(layout) + 1)
        self.stem = nn.Sequential(
            nn.Conv1d(size, channels, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(
            *(_Block(channels, 2 ** (i % 3), dropout) for i in range(blocks))
        )

    @staticmethod
    def channels_of(layout: SkeletonLayout) -> int:
        return layout.num_joints * layout.dims

    def streams(self, clips: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        centre = self.layout.center
        there = clips.flatten(3).any(-1)
        root = clips[..., centre : centre + 1, :]
        relative = (clips - root) * clips.any(-1, keepdim=True)
        relative = torch.cat(
            [relative[..., :centre, :], root, relative[..., centre + 1 :, :]], dim=-2
        )
        return relative.flatten(3), there

    def encode(self, x: Tensor) -> Tensor:
        x = self.blocks(self.stem(x))
        return torch.cat([x.mean(-1), x.amax(-1)], dim=1)


class _Block(nn.Module):
    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Dropout1d(dropout),
            nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm1d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.net(x))
