# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The layers of Shift-GCN, on tensors of shape (C, V, T, N): channels, joints, frames, bodies."""

from __future__ import annotations

import math

import torch
from torch import nn

from .channel_mix import mix_channels
from .row_batch_norm import RowBatchNorm, normalize_add_relu, normalize_rows
from .spatial_shift import joint_roll_index, masked_roll_linear, roll_joints
from .temporal_shift import linear_shift, linear_shift_linear


class ChannelLinear(nn.Module):
    """A 1x1 convolution on channel-first tensors: (C, V, T, N) to (D, V, T, N).

    Args:
        in_channels (int): C.
        out_channels (int): D.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        nn.init.kaiming_normal_(self.weight, mode='fan_out')

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Mix the channels of x (C, V, T, N)."""
        return mix_channels(x, self.weight, self.bias).view(-1, *x.shape[1:])


class NormedLinear(nn.Module):
    """Mix the channels of every ``stride``-th frame and normalize them: the projection of a skip connection.

    Args:
        in_channels (int): C.
        out_channels (int): D.
        stride (int): Distance of the frames that are kept. Defaults to 1.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.linear = ChannelLinear(in_channels, out_channels)
        self.bn = RowBatchNorm(out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (C, V, T, N) to (D, V, ceil(T / stride), N)."""
        return normalize_rows(self.bn, self.linear(x[:, :, :: self.stride]))


class ShiftPositions(nn.Module):
    """One learned offset per channel in time and, if asked for, one along the joints.

    Args:
        channels (int): C.
        rule (str): See :func:`~.temporal_shift.linear_shift`. Defaults to ``'sign'``.
        joint_shift (bool): Whether there are offsets along the joints. Defaults to False.
    """

    def __init__(self, channels: int, rule: str = 'sign', joint_shift: bool = False) -> None:
        super().__init__()
        self.rule = rule
        self.ypos = nn.Parameter(torch.empty(channels).uniform_(-1, 1))
        self.xpos = nn.Parameter(torch.zeros(channels)) if joint_shift else None

    def shift_joints(self, x: torch.Tensor) -> torch.Tensor:
        """Shift x (C, V, T, N) along the joints; returns it as it is if there are no such offsets."""
        if self.xpos is None:
            return x
        # Under the original's rule these offsets receive no gradient.
        xpos = self.xpos * 0 + self.xpos.detach() if self.rule == 'sign' else self.xpos
        return linear_shift(x.reshape(len(x), 1, x.shape[1], -1), xpos).view(x.shape)


class SpatialShift(nn.Module):
    """Mix joints without an adjacency matrix: roll channel c by c joints, mask, mix channels, roll back, normalize.

    Args:
        in_channels (int): C.
        out_channels (int): D.
        joints (int): V.
    """

    def __init__(self, in_channels: int, out_channels: int, joints: int) -> None:
        super().__init__()
        self.linear_weight = nn.Parameter(torch.empty(out_channels, in_channels))
        self.linear_bias = nn.Parameter(torch.zeros(out_channels))
        self.feature_mask = nn.Parameter(torch.zeros(joints, in_channels))
        nn.init.normal_(self.linear_weight, 0, math.sqrt(1 / out_channels))
        self.bn = RowBatchNorm(out_channels * joints)
        self.down = NormedLinear(in_channels, out_channels) if in_channels != out_channels else None
        for name, channels in (('in', in_channels), ('out', out_channels)):
            for kind, inverse in (('roll', False), ('unroll', True)):
                index = joint_roll_index(channels, joints, inverse)
                self.register_buffer(f'{kind}_{name}', index, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (C, V, T, N) to (D, V, T, N)."""
        skip = x if self.down is None else self.down(x)
        mask = self.feature_mask.t().tanh() + 1
        x = masked_roll_linear(
            x, mask, self.linear_weight, self.linear_bias, self.roll_in, self.unroll_in
        )
        x = roll_joints(x, self.unroll_out, self.roll_out)
        return normalize_add_relu(self.bn, x, skip)


class TemporalShift(nn.Module):
    """Mix frames: shift in time, mix channels, shift in time again; then the skip connection of the block.

    Args:
        channels (int): C.
        stride (int): Distance of the frames that are kept; 2 adds half a frame to the offsets of the second shift. Defaults to 1.
        rule (str): See :func:`~.temporal_shift.linear_shift`. Defaults to ``'sign'``.
        joint_shift (bool): Whether there are offsets along the joints, too. Defaults to False.
    """

    def __init__(
        self, channels: int, stride: int = 1, rule: str = 'sign', joint_shift: bool = False
    ) -> None:
        super().__init__()
        self.bn = RowBatchNorm(channels)
        self.stride, self.rule = stride, rule
        self.shift_in = ShiftPositions(channels, rule, joint_shift)
        self.linear = ChannelLinear(channels, channels)
        self.shift_out = ShiftPositions(channels, rule, joint_shift)
        self.bn_out = RowBatchNorm(channels)

    def forward(self, x: torch.Tensor, skip: torch.Tensor | None) -> torch.Tensor:
        """Map x (C, V, T, N) and skip (C, V, ceil(T / stride), N) to the shape of the latter."""
        x = self.shift_in.shift_joints(normalize_rows(self.bn, x))
        linear = self.linear
        x = linear_shift_linear(
            x, self.shift_in.ypos, linear.weight, linear.bias, self.rule, relu=True
        )
        x = self.shift_out.shift_joints(x)
        ypos = self.shift_out.ypos if self.stride == 1 else self.shift_out.ypos + 0.5
        x = linear_shift(x, ypos, self.stride, self.rule)
        return normalize_add_relu(self.bn_out, x, skip)


class ShiftBlock(nn.Module):
    """A spatial and a temporal shift with a skip connection around both.

    Args:
        in_channels (int): C.
        out_channels (int): D.
        joints (int): V.
        stride (int): Distance of the frames that are kept. Defaults to 1.
        residual (bool): Whether there is a skip connection. Defaults to True.
        rule (str): See :func:`~.temporal_shift.linear_shift`. Defaults to ``'sign'``.
        joint_shift (bool): Whether there are offsets along the joints, too. Defaults to False.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        joints: int,
        stride: int = 1,
        residual: bool = True,
        rule: str = 'sign',
        joint_shift: bool = False,
    ) -> None:
        super().__init__()
        self.gcn = SpatialShift(in_channels, out_channels, joints)
        self.tcn = TemporalShift(out_channels, stride, rule, joint_shift)
        self.with_residual = residual
        project = residual and (in_channels != out_channels or stride != 1)
        self.residual = NormedLinear(in_channels, out_channels, stride) if project else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (C, V, T, N) to (D, V, ceil(T / stride), N)."""
        skip = None
        if self.with_residual:
            skip = x if self.residual is None else self.residual(x)
        return self.tcn(self.gcn(x), skip)
