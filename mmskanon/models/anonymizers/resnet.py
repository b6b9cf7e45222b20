# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The paper's frame-wise residual anonymizer."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from mmskanon.registry import MODELS
from mmskanon.skeletons.layouts import SkeletonLayout

from .base import BaseAnonymizer


class ResidualBlock(nn.Module):
    """Two fully connected layers around a skip: ``x + fc2(relu(fc1(x)))``, or ``x + relu(fc2(relu(fc1(x))))``.

    Args:
        channels (int): Length of the vectors.
        hidden_channels (int): Length between the two layers.
        final_relu (bool): Whether a ReLU follows the second layer too.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers.resnet import ResidualBlock
        >>> ResidualBlock(150, 64, final_relu=False)(torch.randn(4, 64, 150)).shape
        torch.Size([4, 64, 150])
    """

    def __init__(self, channels: int, hidden_channels: int, final_relu: bool) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden_channels)
        self.fc2 = nn.Linear(hidden_channels, channels)
        self.final_relu = final_relu

    def forward(self, x: Tensor) -> Tensor:
        """Map vectors of shape (..., channels) to the same shape."""
        branch = self.fc2(F.relu(self.fc1(x)))
        if self.final_relu:
            branch = F.relu(branch)
        return x + branch


@MODELS.register_module()
class ResNetAnonymizer(BaseAnonymizer):
    """Residual network on single frames, from "Anonymization for Skeleton Action Recognition" (Moon et al., AAAI 2023).

    Each frame, all persons together, is flattened in the order (M, V, C) and passes through a stack of residual blocks.

    As published, the last operation before each skip is a ReLU, so the network can only add to a coordinate, never subtract;
    it also draws bodies for absent persons. Here absent persons stay zero, and by default the second layer is linear, so that
    the residual may have either sign. By default the network starts close to the identity.

    Under autocast the residuals are computed in half precision and added to coordinates of full precision.

    Args:
        num_blocks (int): Number of residual blocks. Defaults to 10.
        hidden_channels (int, optional): Length between the two layers of a block. Defaults to None, M * V * C.
        published (bool): Whether to use the paper's block ``relu(fc2(relu(fc1(x)))) + x``. Defaults to False.
        last_std (float, optional): Standard deviation of the initial weights of each block's second layer, whose bias starts
            at zero; None keeps PyTorch's initialization, as the paper does. Defaults to 1e-3.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        ValueError: If ``num_blocks`` or ``hidden_channels`` is below 1.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import ResNetAnonymizer
        >>> anonymizer = ResNetAnonymizer(layout='nturgb+d', num_person=2)
        >>> anonymizer(torch.randn(4, 2, 64, 25, 3)).shape
        torch.Size([4, 2, 64, 25, 3])
    """

    framewise = True

    def __init__(
        self,
        num_blocks: int = 10,
        hidden_channels: int | None = None,
        published: bool = False,
        last_std: float | None = 1e-3,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        channels = self.num_person * self.layout.num_joints * self.num_coords
        hidden_channels = channels if hidden_channels is None else hidden_channels
        if num_blocks < 1 or hidden_channels < 1:
            raise ValueError(
                f'ResNetAnonymizer: num_blocks and hidden_channels must be at least 1, '
                f'found {num_blocks} and {hidden_channels}'
            )
        self.published = published
        self.blocks = nn.Sequential(
            *(ResidualBlock(channels, hidden_channels, published) for _ in range(num_blocks))
        )
        if last_std is not None:
            for block in self.blocks:
                nn.init.normal_(block.fc2.weight, std=last_std)
                nn.init.zeros_(block.fc2.bias)

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Pass each frame of ``coords``, shape (N, M, T, V, C), through the blocks."""
        persons, _, joints, dims = coords.shape[1:]
        frames = coords.transpose(1, 2).flatten(2)  # (N, T, M*V*C)
        frames = self.blocks(frames)
        return frames.unflatten(2, (persons, joints, dims)).transpose(1, 2)
