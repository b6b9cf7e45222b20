# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Layers of MS-G3D: disentangled multi-scale adjacency, multi-scale graph and temporal convolutions, windows of frames.

Source: Liu et al., "Disentangling and Unifying Graph Convolutions for Skeleton-Based Action Recognition", CVPR 2020
(arXiv 2003.14111). Layers work on features of shape (N, C, T, V).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

A_RES_RANGE = 1e-6


def hop_distances(adjacency: np.ndarray) -> np.ndarray:
    """Lengths of the shortest paths of an undirected graph.

    Args:
        adjacency (np.ndarray): Shape (V, V), symmetric, non-zero where two joints are linked; the diagonal is not read.

    Returns:
        np.ndarray: Shape (V, V), float64: 0 on the diagonal, infinity where there is no path.
    """
    step = (np.asarray(adjacency) != 0) | np.eye(len(adjacency), dtype=bool)
    distances = np.where(np.eye(len(step), dtype=bool), 0.0, np.inf)
    reached = np.eye(len(step), dtype=bool)
    for hops in range(1, len(step)):
        further = (reached.astype(np.int64) @ step.astype(np.int64)) > 0
        if (further == reached).all():
            break
        distances[further & ~reached] = hops
        reached = further
    return distances


def disentangled_adjacency(adjacency: np.ndarray, num_scales: int) -> np.ndarray:
    """The k-adjacency matrices of scales k = 0 to ``num_scales`` - 1, each normalized by its own degrees.

    Scale k links the joints whose shortest path has exactly k edges, and each joint with itself, so that no joint's weight
    grows with the number of walks to it. With A_k this 0/1 matrix and D_k the diagonal matrix of its row sums the result is
    D_k^(-1/2) A_k D_k^(-1/2).

    Args:
        adjacency (np.ndarray): Shape (V, V), symmetric, non-zero where two joints are linked.
        num_scales (int): Number of scales, K + 1 of the paper. Scales beyond the longest path are the identity.

    Returns:
        np.ndarray: Shape (num_scales, V, V), float64.
    """
    distances = hop_distances(adjacency)
    scales = (distances == np.arange(num_scales)[:, None, None]) | np.eye(
        len(distances), dtype=bool
    )
    scale = scales.sum(-1).astype(np.float64) ** -0.5
    return scale[:, :, None] * scales * scale[:, None, :]


def window_adjacency(adjacency: np.ndarray, window_size: int) -> np.ndarray:
    """Adjacency of the joints of several frames, each linked with itself and its neighbours in all frames of the window.

    Args:
        adjacency (np.ndarray): Shape (V, V), symmetric, non-zero where two joints are linked.
        window_size (int): Number of frames W.

    Returns:
        np.ndarray: Shape (W * V, W * V), 0 or 1; node w * V + v is joint v in frame w.
    """
    with_self = (np.asarray(adjacency) != 0) | np.eye(len(adjacency), dtype=bool)
    return np.tile(with_self.astype(np.int64), (window_size, window_size))


def temporal_windows(x: Tensor, window_size: int, stride: int = 1, dilation: int = 1) -> Tensor:
    """Gather the frames around every ``stride``-th frame, zeros beyond the ends.

    Args:
        x (Tensor): Shape (N, C, T, V).
        window_size (int): Number of frames W of a window, odd.
        stride (int): Frames between the centres of windows. Defaults to 1.
        dilation (int): Frames between the frames of a window. Defaults to 1.

    Returns:
        Tensor: Shape (N, C, ceil(T / stride), W * V), ordered like the nodes of :func:`window_adjacency`.
    """
    reach = dilation * (window_size - 1)
    x = nn.functional.pad(x, (0, 0, reach // 2, reach // 2))
    windows = x.unfold(2, reach + 1, stride)[..., ::dilation]
    return windows.transpose(-1, -2).flatten(-2)


class MultiScaleGraphConv(nn.Module):
    """Graph convolution over disentangled scales with a learned correction of the adjacency, BatchNorm and ReLU.

    relu(BN(sum over k of W_k X (A_k + R_k)^T)), where W_k mixes channels and R, drawn from +-1e-6, is learned for every pair
    of nodes and scale, normalization included. Features are gathered before channels are mixed, in one matrix product each.

    Args:
        adjacency (np.ndarray): Shape (V, V), see :func:`disentangled_adjacency`.
        num_scales (int): Number of scales.
        in_channels (int): Number of input channels.
        out_channels (int): Number of output channels.
    """

    def __init__(
        self, adjacency: np.ndarray, num_scales: int, in_channels: int, out_channels: int
    ) -> None:
        super().__init__()
        self.num_scales = num_scales
        scales = torch.from_numpy(disentangled_adjacency(adjacency, num_scales)).flatten(0, 1)
        self.register_buffer('A', scales.float(), persistent=False)
        self.A_res = nn.Parameter(torch.empty_like(self.A).uniform_(-A_RES_RANGE, A_RES_RANGE))
        self.conv = nn.Conv2d(num_scales * in_channels, out_channels, kernel_size=1)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, T, V) to (N, C', T, V)."""
        gathered = nn.functional.linear(x, self.A + self.A_res)
        gathered = gathered.unflatten(-1, (self.num_scales, -1)).permute(0, 3, 1, 2, 4)
        return self.bn(self.conv(gathered.flatten(1, 2))).relu()


def conv_bn(
    in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    """Return a convolution along time with BatchNorm that keeps every ``stride``-th frame."""
    padding = dilation * (kernel_size - 1) // 2
    return nn.Sequential(
        nn.Conv2d(
            in_channels, out_channels, (kernel_size, 1), (stride, 1), (padding, 0), (dilation, 1)
        ),
        nn.BatchNorm2d(out_channels),
    )


class MultiScaleTemporalConv(nn.Module):
    """Parallel temporal branches of equal width, joined and added to a residual.

    Each dilation has a branch of 1x1 convolution, BatchNorm, ReLU, 3x1 dilated convolution, BatchNorm; one more has a 3x1
    max pooling in place of the dilated convolution; the last is a 1x1 convolution with BatchNorm. The residual is the input,
    or a 1x1 convolution with BatchNorm where channels or stride change.

    Args:
        in_channels (int): Number of input channels.
        out_channels (int): Number of output channels, a multiple of the number of branches.
        stride (int): Stride in time. Defaults to 1.
        dilations (Sequence[int]): Dilations of the 3x1 convolutions. Defaults to (1, 2, 3, 4).
        activation (bool): Whether a ReLU follows the sum. Defaults to True.

    Raises:
        ValueError: If the output channels cannot be shared out evenly.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        dilations: Sequence[int] = (1, 2, 3, 4),
        activation: bool = True,
    ) -> None:
        super().__init__()
        width, rest = divmod(out_channels, len(dilations) + 2)
        if rest or not width:
            raise ValueError(
                f'the multi-scale temporal convolution shares {out_channels} channels among {len(dilations) + 2} branches (one a '
                f'dilation, max pooling, 1x1); choose a multiple of {len(dilations) + 2}, for MSG3D as base_channels.'
            )
        branches = [
            nn.Sequential(
                *conv_bn(in_channels, width),
                nn.ReLU(inplace=True),
                *conv_bn(width, width, kernel_size=3, stride=stride, dilation=dilation),
            )
            for dilation in dilations
        ]
        pooled = nn.Sequential(
            *conv_bn(in_channels, width),
            nn.ReLU(inplace=True),
            nn.MaxPool2d((3, 1), (stride, 1), (1, 0)),
            nn.BatchNorm2d(width),
        )
        self.branches = nn.ModuleList([*branches, pooled, conv_bn(in_channels, width, 1, stride)])
        same = in_channels == out_channels and stride == 1
        self.residual = nn.Identity() if same else conv_bn(in_channels, out_channels, 1, stride)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, T, V) to (N, C', ceil(T / stride), V)."""
        out = torch.cat([branch(x) for branch in self.branches], dim=1) + self.residual(x)
        return out.relu_() if self.activation else out


class WindowedGraphConv(nn.Module):
    """One G3D pathway: a multi-scale graph convolution over the joints of W frames, collapsed to one frame by a convolution.

    The graph convolution ends in BatchNorm and ReLU, the collapsing (1, W, 1) convolution in BatchNorm alone.

    Args:
        adjacency (np.ndarray): Shape (V, V).
        num_scales (int): Number of scales.
        in_channels (int): Number of input channels.
        embed_channels (int): Number of channels between graph convolution and collapse.
        out_channels (int): Number of output channels.
        window_size (int): Frames W of a window.
        stride (int): Stride in time. Defaults to 1.
        dilation (int): Frames between the frames of a window. Defaults to 1.

    Raises:
        ValueError: If the window has an even number of frames, which has no centre.
    """

    def __init__(
        self,
        adjacency: np.ndarray,
        num_scales: int,
        in_channels: int,
        embed_channels: int,
        out_channels: int,
        window_size: int,
        stride: int = 1,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        if window_size < 1 or window_size % 2 == 0:
            raise ValueError(
                f'a G3D window has an odd number of frames, so that it has a centre; found {window_size}, set another in '
                'window_sizes.'
            )
        self.window = dict(window_size=window_size, stride=stride, dilation=dilation)
        nodes = window_adjacency(adjacency, window_size)
        self.gcn = MultiScaleGraphConv(nodes, num_scales, in_channels, embed_channels)
        self.out_conv = nn.Conv3d(embed_channels, out_channels, kernel_size=(1, window_size, 1))
        self.out_bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (N, C, T, V) to (N, C', ceil(T / stride), V)."""
        x = self.gcn(temporal_windows(x, **self.window))
        x = x.unflatten(-1, (self.window['window_size'], -1))
        return self.out_bn(self.out_conv(x).squeeze(3))
