# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The MS-G3D backbone in pure PyTorch."""

from collections.abc import Sequence

import numpy as np
from mmaction.models.utils import Graph
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmskanon.registry import MODELS
from mmskanon.skeletons.layouts import LAYOUTS

from .multi_scale_gcn import MultiScaleGraphConv, MultiScaleTemporalConv, WindowedGraphConv


class MSG3DBlock(nn.Module):
    """Factorized pathway beside G3D pathways, summed, ReLU, and a last multi-scale temporal convolution.

    Args:
        adjacency (np.ndarray): Shape (V, V).
        in_channels (int): Number of input channels.
        out_channels (int): Number of output channels.
        stride (int): Stride in time.
        expand (bool): Whether the graph convolutions already reach the output channels, as those of the first block do; else they
            keep the input's and the following convolutions widen.
        num_gcn_scales (int): Scales of the factorized pathway.
        num_g3d_scales (int): Scales of the G3D pathways.
        windows (Sequence[tuple[int, int]]): Size and dilation of each G3D pathway; none leaves the factorized pathway alone.
    """

    def __init__(
        self,
        adjacency: np.ndarray,
        in_channels: int,
        out_channels: int,
        stride: int,
        expand: bool,
        num_gcn_scales: int,
        num_g3d_scales: int,
        windows: Sequence[tuple[int, int]],
    ) -> None:
        super().__init__()
        inner = out_channels if expand else in_channels
        self.g3d = nn.ModuleList(
            WindowedGraphConv(
                adjacency, num_g3d_scales, in_channels, inner, out_channels, size, stride, dilation
            )
            for size, dilation in windows
        )
        self.factorized = nn.Sequential(
            MultiScaleGraphConv(adjacency, num_gcn_scales, in_channels, inner),
            MultiScaleTemporalConv(inner, out_channels, stride),
            MultiScaleTemporalConv(out_channels, out_channels, activation=False),
        )
        self.tcn = MultiScaleTemporalConv(out_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, T, V) to (N, C', ceil(T / stride), V)."""
        out = self.factorized(x)
        for pathway in self.g3d:
            out = out + pathway(x)
        return self.tcn(out.relu())


@MODELS.register_module()
class MSG3D(BaseModule):
    """MS-G3D: disentangled multi-scale graph convolutions in space, and in windows of frames.

    Source: Liu et al., "Disentangling and Unifying Graph Convolutions for Skeleton-Based Action Recognition", CVPR 2020
    (arXiv 2003.14111) and the authors' released implementation (kenziyuliu/MS-G3D), whose choices are kept where the paper is
    silent: convolutions before a BatchNorm have a bias; the learned correction of the adjacency belongs to each layer, starts
    within +-1e-6 and is added after normalization; the first block's graph convolutions widen to ``base_channels`` at once, those
    of later blocks keep their channels and the following convolutions widen; neither the factorized pathway's last temporal
    convolution nor the collapse of a window has an activation of its own, one ReLU follows the sum of the pathways; clips are
    normalized by a BatchNorm over persons, joints and coordinates together. Parameters have the shapes, order and initialization of
    that implementation. Where we differ: any skeleton, any number of frames, and any number of input channels, all of which
    the first block widens; and the adjacency is computed in float64.

    ``g3d=False`` is the reduced network with which the authors of "Anonymization for Skeleton Action Recognition" (Moon et
    al., AAAI 2023) classify gender and age in their earlier release: the same without any G3D pathway.

    Args:
        graph_cfg (dict): ``dict(layout=...)``: a skeleton layout by the name that MMAction2's ``Graph`` or this package knows, or
            ``dict(num_node, inward, center)``. The adjacency is MS-G3D's own, so there is no ``mode``.
        in_channels (int): Number of input channels C. Defaults to 3.
        base_channels (int): Channels of the first block, a multiple of 6; each further block doubles them. Defaults to 96.
        data_bn_type (str, optional): What the input's BatchNorm normalizes: ``'MVC'`` persons, joints and coordinates apart,
            ``'VC'`` all persons alike; None leaves the input as it is. Defaults to ``'MVC'``.
        num_person (int): Number of persons M, only used with ``'MVC'``. Defaults to 2.
        num_stages (int): Number of blocks; each after the first halves the frames. Defaults to 3.
        num_gcn_scales (int): Scales of graph convolutions in space, K + 1 of the paper. Defaults to 13, which reaches from hand tip to
            foot in the published graph of NTU RGB+D.
        num_g3d_scales (int): Scales of graph convolutions in windows. Defaults to 6.
        window_sizes (Sequence[int]): Frames of a window of each G3D pathway, odd. Defaults to (3, 5).
        window_dilations (Sequence[int]): Frames between the frames of a window, one for each pathway. Defaults to (1, 1).
        g3d (bool): Whether there are G3D pathways. Defaults to True.
        init_cfg (dict | list[dict], optional): Defaults to None, PyTorch's initialization, as published.

    Raises:
        ValueError: If an argument does not fit the others, in one sentence.

    Examples:
        >>> import torch
        >>> from mmskanon.models import MSG3D
        >>> net = MSG3D(graph_cfg=dict(layout='kinect_v1'), base_channels=12, num_person=1)
        >>> net(torch.randn(2, 1, 30, 20, 3)).shape
        torch.Size([2, 1, 48, 8, 20])
    """

    def __init__(
        self,
        graph_cfg: dict,
        in_channels: int = 3,
        base_channels: int = 96,
        data_bn_type: str | None = 'MVC',
        num_person: int = 2,
        num_stages: int = 3,
        num_gcn_scales: int = 13,
        num_g3d_scales: int = 6,
        window_sizes: Sequence[int] = (3, 5),
        window_dilations: Sequence[int] = (1, 1),
        g3d: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if len(window_sizes) != len(window_dilations):
            raise ValueError(
                f'MSG3D: window_sizes has {len(window_sizes)} entries, window_dilations {len(window_dilations)}; give one dilation '
                'a window.'
            )
        for name, value in dict(
            num_stages=num_stages, num_gcn_scales=num_gcn_scales, num_g3d_scales=num_g3d_scales
        ).items():
            if value < 1:
                raise ValueError(f'MSG3D: {name} must be at least 1, found {value}.')
        adjacency = binary_adjacency(graph_cfg)
        self.num_joints = len(adjacency)
        self.in_channels = in_channels
        self.data_bn_type = data_bn_type
        self.num_person = num_person
        features = in_channels * self.num_joints
        if data_bn_type == 'MVC':
            self.data_bn = nn.BatchNorm1d(num_person * features)
        elif data_bn_type == 'VC':
            self.data_bn = nn.BatchNorm1d(features)
        elif data_bn_type is None:
            self.data_bn = nn.Identity()
        else:
            raise ValueError(
                f"MSG3D: data_bn_type must be 'MVC', 'VC' or None, found {data_bn_type!r}."
            )
        windows = list(zip(window_sizes, window_dilations, strict=True)) if g3d else []
        channels = [in_channels, *(base_channels * 2**i for i in range(num_stages))]
        self.blocks = nn.Sequential(
            *(
                MSG3DBlock(
                    adjacency,
                    channels[i],
                    channels[i + 1],
                    stride=1 if i == 0 else 2,
                    expand=i == 0,
                    num_gcn_scales=num_gcn_scales,
                    num_g3d_scales=num_g3d_scales,
                    windows=windows,
                )
                for i in range(num_stages)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute features.

        Args:
            x (Tensor): Skeletons or feature streams of shape (N, M, T, V, C).

        Returns:
            Tensor: Shape (N, M, C', T', V), with C' = ``base_channels`` * 2^(``num_stages`` - 1) and T' = T halved ``num_stages`` - 1
            times, rounded up each time.

        Raises:
            ValueError: If persons, joints or channels are not those that the network was built for.
        """
        N, M, T, V, C = x.shape
        persons = self.num_person if self.data_bn_type == 'MVC' else M
        if (M, V, C) != (persons, self.num_joints, self.in_channels):
            raise ValueError(
                f'MSG3D was built for {persons} persons, {self.num_joints} joints and {self.in_channels} channels, the input has '
                f'{M}, {V} and {C}; set num_person, graph_cfg and in_channels of the backbone, or format the data accordingly.'
            )
        x = x.permute(0, 1, 3, 4, 2)
        x = self.data_bn(x.reshape(N if self.data_bn_type == 'MVC' else N * M, -1, T))
        x = x.reshape(N * M, V, C, T).permute(0, 2, 3, 1).contiguous()
        return self.blocks(x).unflatten(0, (N, M))


def binary_adjacency(graph_cfg: dict) -> np.ndarray:
    """The 0/1 adjacency matrix of a skeleton, shape (V, V), without self-loops.

    Args:
        graph_cfg (dict): See :class:`MSG3D`.

    Raises:
        ValueError: If there is more or less than a layout, or no graph of that name.
    """
    if set(graph_cfg) != {'layout'}:
        raise ValueError(
            f'MSG3D: graph_cfg holds the layout and nothing else, because the scales take the place of a mode; found the keys '
            f'{sorted(graph_cfg)}.'
        )
    layout = graph_cfg['layout']
    if isinstance(layout, str):
        if layout not in LAYOUTS:
            raise ValueError(
                f'MSG3D: no graph is called {layout!r}; choose one of {sorted(LAYOUTS)}, or give dict(num_node, inward, center).'
            )
        layout = LAYOUTS[layout].graph_layout()
    return Graph(layout=layout, mode='binary_adj').A[0]
