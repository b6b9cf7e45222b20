# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Shift-GCN: graph convolution by moving channels along joints and frames."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmaction.models.utils import Graph
from mmengine.model import BaseModule
from torch import nn

from mmskanon.registry import MODELS

from .row_batch_norm import RowBatchNorm, normalize_rows
from .shift_layers import ShiftBlock
from .temporal_shift import RULES

DATA_NORMS = ('MVC', 'VC', 'none')


@MODELS.register_module()
class ShiftGCN(BaseModule):
    """Shift-GCN (Cheng et al., "Skeleton-Based Action Recognition with Shift Graph Convolutional Network", CVPR 2020).

    The non-local variant with learned temporal shifts, in PyTorch alone. Where we differ from the authors' code:

    - Any number of frames. Each stage with stride 2 keeps ceil(T / 2) frames and reads zeros beyond the last; the original keeps
      floor(T / 2) of them on one path and ceil(T / 2) on the other, so that it fails unless T is a multiple of four. For multiples
      of four both are identical.
    - Any skeleton layout; of the graph only the number of joints is used.
    - No shift along the joints in the temporal part. Theirs starts at 1e-8 joints, receives no gradient and so stays the
      identity; ``joint_shift`` has it for weights where it is not.

    The rule ``'sign'`` does not scale with the loss. A gradient scaler would divide it all the same, so train in float32, or in bfloat16
    without one; batches accumulated for one update, each with its part of the loss, add up to so many times the step.

    Inside, tensors have the shape (channels, joints, frames, bodies), in which every shift moves whole rows.

    Args:
        graph_cfg (dict): Arguments of MMAction2's ``Graph``, which says how many joints there are.
        in_channels (int): Coordinates C of a joint. Defaults to 3.
        base_channels (int): Width of the first stage. Defaults to 64.
        data_bn_type (str): Normalization of the input over persons, joints and coordinates (``'MVC'``), over joints and coordinates
            (``'VC'``), or ``'none'``. Defaults to ``'MVC'``, as the authors do.
        ch_ratio (int): Factor of the width at each of ``inflate_stages``. Defaults to 2.
        num_person (int): Persons M that ``'MVC'`` expects. Defaults to 2.
        num_stages (int): Number of stages. Defaults to 10.
        inflate_stages (Sequence[int]): Stages, counted from 1, that widen. Defaults to (5, 8).
        down_stages (Sequence[int]): Stages that halve the number of frames. Defaults to (5, 8).
        shift_rule (str): How shift positions learn: ``'sign'`` as the authors train them (0.01 times the sign of the gradient,
            0.0001 where it is zero), or ``'gradient'``. Defaults to ``'sign'``.
        joint_shift (bool): Whether temporal shifts have an offset along the joints, too. Defaults to False.
        init_cfg (dict or list[dict], optional): MMEngine's initialization. Defaults to None.

    Raises:
        ValueError: If an argument is not among its choices, or a stage does not exist.

    Examples:
        >>> import torch
        >>> from mmskanon.models import ShiftGCN
        >>> net = ShiftGCN(graph_cfg=dict(layout='coco', mode='spatial'), base_channels=8)
        >>> net(torch.randn(2, 2, 30, 17, 3)).shape
        torch.Size([2, 2, 32, 8, 17])
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: int = 3,
        base_channels: int = 64,
        data_bn_type: str = 'MVC',
        ch_ratio: int = 2,
        num_person: int = 2,
        num_stages: int = 10,
        inflate_stages: Sequence[int] = (5, 8),
        down_stages: Sequence[int] = (5, 8),
        shift_rule: str = 'sign',
        joint_shift: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        for name, value, choices in (
            ('data_bn_type', data_bn_type, DATA_NORMS),
            ('shift_rule', shift_rule, RULES),
        ):
            if value not in choices:
                raise ValueError(
                    f'{name} of ShiftGCN must be one of {list(choices)}, found {value!r}'
                )
        outside = [s for s in (*inflate_stages, *down_stages) if not 1 < s <= num_stages]
        if outside:
            raise ValueError(
                f'inflate_stages and down_stages of ShiftGCN are stages from 2 to num_stages={num_stages}, found {outside[0]}'
            )
        self.num_joints = Graph(**graph_cfg).num_node
        self.in_channels, self.num_person = in_channels, num_person
        self.data_bn_type = data_bn_type
        values = self.num_joints * in_channels
        if data_bn_type != 'none':
            self.data_bn = RowBatchNorm(values * (num_person if data_bn_type == 'MVC' else 1))
        width, blocks = base_channels, []
        for stage in range(1, num_stages + 1):
            before = in_channels if stage == 1 else width
            width = int(width * ch_ratio) if stage in inflate_stages else width
            stride = 2 if stage in down_stages else 1
            blocks.append(
                ShiftBlock(
                    before, width, self.num_joints, stride, stage > 1, shift_rule, joint_shift
                )
            )
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute features.

        Args:
            x (Tensor): Skeletons of shape (N, M, T, V, C).

        Returns:
            Tensor: Shape (N, M, C', T', V), with T halved and rounded up in each of ``down_stages``.

        Raises:
            ValueError: If the input has other persons, joints or coordinates than the net.
        """
        N, M, T, V, C = x.shape
        if (V, C) != (self.num_joints, self.in_channels):
            raise ValueError(
                f'ShiftGCN was built for {self.num_joints} joints of {self.in_channels} coordinates, the input has {V} of {C}; '
                'set graph_cfg and in_channels to those of the data'
            )
        if self.data_bn_type == 'MVC' and M != self.num_person:
            raise ValueError(
                f'ShiftGCN was built for {self.num_person} persons, the input has {M}; set num_person, or num_person of FormatGCNInput'
            )
        if self.data_bn_type == 'MVC':
            x = normalize_rows(self.data_bn, x.permute(1, 3, 4, 2, 0)).permute(2, 1, 3, 4, 0)
        elif self.data_bn_type == 'VC':
            x = normalize_rows(self.data_bn, x.permute(3, 4, 2, 0, 1)).permute(1, 0, 2, 3, 4)
        else:
            x = x.permute(4, 3, 2, 0, 1)
        x = x.reshape(C, V, T, N * M)
        for block in self.blocks:
            x = block(x)
        return x.permute(3, 0, 2, 1).reshape(N, M, len(x), -1, V)
