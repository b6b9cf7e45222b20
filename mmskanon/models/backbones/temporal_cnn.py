# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Convolutions over time alone, as a backbone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmskanon.registry import MODELS


@MODELS.register_module()
class TemporalCNNBackbone(BaseModule):
    """Dilated convolutions over time, all joints of a person side by side as channels: blind to the graph, as many attackers are.

    A backbone of another kind than the GCNs, for adversaries that should not all have one weakness.

    Args:
        num_joints (int): Joints V.
        in_channels (int): Channels C of a joint. Defaults to 3.
        channels (int): Channels of the convolutions. Defaults to 96.
        dilations (Sequence[int]): Dilations of the residual blocks. Defaults to (1, 2, 4).
        dropout (float): Share of channels dropped inside the blocks. Defaults to 0.2.
        init_cfg (dict | list[dict], optional): MMEngine initialization. Defaults to None.

    Example:
        >>> import torch
        >>> from mmskanon.models import TemporalCNNBackbone
        >>> TemporalCNNBackbone(num_joints=20, channels=16)(torch.randn(2, 1, 64, 20, 3)).shape
        torch.Size([2, 1, 16, 32, 1])
    """

    def __init__(
        self,
        num_joints: int,
        in_channels: int = 3,
        channels: int = 96,
        dilations: Sequence[int] = (1, 2, 4),
        dropout: float = 0.2,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.data_bn = nn.BatchNorm1d(num_joints * in_channels)
        self.stem = nn.Sequential(
            nn.Conv1d(num_joints * in_channels, channels, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
        )
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(channels, channels, 3, padding=d, dilation=d, bias=False),
                nn.BatchNorm1d(channels),
                nn.ReLU(),
                nn.Dropout1d(dropout),
                nn.Conv1d(channels, channels, 3, padding=d, dilation=d, bias=False),
                nn.BatchNorm1d(channels),
            )
            for d in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features of shape (N, M, channels, ceil(T / 2), 1) of skeletons (N, M, T, V, C)."""
        num, persons = x.shape[:2]
        x = self.stem(self.data_bn(x.flatten(0, 1).flatten(2).transpose(1, 2)))
        for block in self.blocks:
            x = torch.relu(x + block(x))
        return x.unflatten(0, (num, persons)).unsqueeze(-1)
