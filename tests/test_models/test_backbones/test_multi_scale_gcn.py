# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Layers of MS-G3D against loops in float64 NumPy."""

import math
from collections import deque

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.models.backbones.multi_scale_gcn import (
    MultiScaleGraphConv,
    MultiScaleTemporalConv,
    WindowedGraphConv,
    disentangled_adjacency,
    hop_distances,
    temporal_windows,
    window_adjacency,
)
from mmskanon.skeletons import get_layout

PATH = np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]])  # 0 - 1 - 2, and 3 alone


def adjacency_of(name):
    """0/1 adjacency of a layout, edge by edge."""
    layout = get_layout(name)
    adjacency = np.zeros((layout.num_joints, layout.num_joints))
    for joint, parent in layout.graph_inward:
        adjacency[joint, parent] = adjacency[parent, joint] = 1
    return adjacency


def breadth_first(adjacency):
    """Shortest paths by a queue."""
    nodes = len(adjacency)
    distances = np.full((nodes, nodes), np.inf)
    for start in range(nodes):
        distances[start, start] = 0
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for other in range(nodes):
                if adjacency[node, other] and distances[start, other] == np.inf:
                    distances[start, other] = distances[start, node] + 1
                    queue.append(other)
    return distances


def scale_loops(adjacency, k):
    """The normalized k-adjacency, entry by entry."""
    distances = breadth_first(adjacency)
    nodes = len(adjacency)
    linked = [[i == j or distances[i, j] == k for j in range(nodes)] for i in range(nodes)]
    degree = [sum(row) for row in linked]
    return np.array(
        [
            [linked[i][j] / math.sqrt(degree[i] * degree[j]) for j in range(nodes)]
            for i in range(nodes)
        ]
    )


def lively(module, seed=0):
    """The module in float64 and eval mode, all weights and statistics random, no correction near zero."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in module.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator) * 0.3
            value.copy_(noise.abs() + 0.5 if 'var' in name else noise + (value.dim() == 1))
    return module.double().eval()


def batch_norm_loops(x, bn):
    """Eval-mode batch normalization of (C, T, V)."""
    out = np.empty_like(x)
    for c in range(len(x)):
        scale = bn.weight[c].item() / math.sqrt(bn.running_var[c].item() + bn.eps)
        out[c] = (x[c] - bn.running_mean[c].item()) * scale + bn.bias[c].item()
    return out


def graph_conv_loops(x, layer, adjacency):
    """relu(BN(sum over scales of mixed neighbours)) of one clip (C, T, V)."""
    C, T, V = x.shape
    weight = layer.conv.weight.detach().numpy()[:, :, 0, 0]
    bias = layer.conv.bias.detach().numpy()
    correction = layer.A_res.detach().numpy()
    out = np.empty((len(weight), T, V))
    for o in range(len(weight)):
        for t in range(T):
            for v in range(V):
                total = bias[o]
                for k in range(layer.num_scales):
                    row = scale_loops(adjacency, k)[v] + correction[k * V + v]
                    for c in range(C):
                        total += weight[o, k * C + c] * sum(row[u] * x[c, t, u] for u in range(V))
                out[o, t, v] = total
    return np.maximum(batch_norm_loops(out, layer.bn), 0)


def windows_loops(x, size, stride, dilation):
    """Windows of one clip (C, T, V): (C, windows, size * V)."""
    C, T, V = x.shape
    out = np.zeros((C, -(-T // stride), size * V))
    for i in range(out.shape[1]):
        for w in range(size):
            t = i * stride + (w - size // 2) * dilation
            if 0 <= t < T:
                out[:, i, w * V : (w + 1) * V] = x[:, t]
    return out


def temporal_conv_loops(x, conv):
    """A (kernel, 1) convolution of one clip (C, T, V) with zeros beyond the ends."""
    weight, bias = conv.weight.detach().numpy()[..., 0], conv.bias.detach().numpy()
    (size, _), (stride, _), (dilation, _) = conv.kernel_size, conv.stride, conv.dilation
    _, T, V = x.shape
    out = np.zeros((len(weight), -(-T // stride), V))
    for i in range(out.shape[1]):
        out[:, i] = bias[:, None]
        for w in range(size):
            t = i * stride + (w - size // 2) * dilation
            if 0 <= t < T:
                out[:, i] += weight[:, :, w] @ x[:, t]
    return out


@st.composite
def graphs(draw):
    nodes = draw(st.integers(1, 7))
    upper = draw(st.lists(st.booleans(), min_size=nodes * nodes, max_size=nodes * nodes))
    adjacency = np.triu(np.array(upper).reshape(nodes, nodes), 1)
    return (adjacency | adjacency.T).astype(float)


@given(graphs(), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_distances_and_scales_are_those_of_a_breadth_first_search(adjacency, num_scales):
    np.testing.assert_array_equal(hop_distances(adjacency), breadth_first(adjacency))
    scales = disentangled_adjacency(adjacency, num_scales)
    assert scales.shape == (num_scales, *adjacency.shape)
    for k, scale in enumerate(scales):
        np.testing.assert_allclose(scale, scale_loops(adjacency, k), rtol=1e-14, atol=0)


def test_a_known_graph():
    assert hop_distances(PATH)[0].tolist() == [0, 1, 2, np.inf]
    scales = disentangled_adjacency(PATH, 4)
    assert np.array_equal(scales[0], np.eye(4))
    assert np.array_equal(scales[3], np.eye(4))  # beyond the longest path
    assert scales[2][0].tolist() == pytest.approx([0.5, 0, 0.5, 0])
    assert scales[1][0, 1] == pytest.approx(1 / math.sqrt(2 * 3))


@pytest.mark.parametrize(('name', 'scales'), [('kinect_v1', 11), ('nturgb+d', 12), ('coco', 9)])
def test_the_longest_path_of_a_layout_says_how_many_scales_reach(name, scales):
    distances = hop_distances(adjacency_of(name))
    assert distances.max() + 1 == scales


def test_a_joint_sees_itself_and_its_neighbours_in_every_frame_of_a_window():
    nodes = window_adjacency(PATH, 3)
    for a in range(12):
        for b in range(12):
            i, j = a % 4, b % 4
            assert nodes[a, b] == (i == j or PATH[i, j])
    distances = hop_distances(nodes)
    assert distances[0, 4] == 1  # the same joint in another frame
    assert distances[0, 4 + 2] == 2


@given(
    st.integers(1, 11), st.sampled_from([1, 3, 5]), st.sampled_from([1, 2, 3]), st.integers(1, 3)
)
@settings(max_examples=60, deadline=None)
def test_windows_are_gathered_frame_by_frame(T, size, stride, dilation):
    x = np.random.default_rng(T).normal(size=(2, 3, T, 4))
    out = temporal_windows(torch.from_numpy(x), size, stride, dilation).numpy()
    for n in range(2):
        np.testing.assert_array_equal(out[n], windows_loops(x[n], size, stride, dilation))


def test_one_multi_scale_graph_convolution():
    adjacency = adjacency_of('kinect_v1')[:8, :8]
    layer = lively(MultiScaleGraphConv(adjacency, 4, 2, 3))
    x = np.random.default_rng(0).normal(size=(2, 2, 3, 8))
    out = layer(torch.from_numpy(x)).detach().numpy()
    expected = [graph_conv_loops(clip, layer, adjacency) for clip in x]
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-6)  # the buffer is float32
    assert (out == 0).any() and (out > 0).any()


@pytest.mark.parametrize(
    ('channels', 'stride', 'activation'),
    [((12, 12), 1, True), ((4, 12), 2, True), ((12, 12), 1, False)],
)
@pytest.mark.parametrize('T', [1, 6, 9])
def test_one_multi_scale_temporal_convolution(channels, stride, activation, T):
    layer = lively(MultiScaleTemporalConv(*channels, stride, activation=activation))
    x = np.random.default_rng(T).normal(size=(2, channels[0], T, 2))
    out = layer(torch.from_numpy(x)).detach().numpy()
    for clip, found in zip(x, out, strict=True):
        joined = []
        for branch in layer.branches[:-1]:
            hidden = np.maximum(
                batch_norm_loops(temporal_conv_loops(clip, branch[0]), branch[1]), 0
            )
            if branch is layer.branches[4]:
                kept = range(0, T, stride)
                hidden = np.stack([hidden[:, max(t - 1, 0) : t + 2].max(1) for t in kept], 1)
            else:
                hidden = temporal_conv_loops(hidden, branch[3])
            joined.append(batch_norm_loops(hidden, branch[-1]))
        last = layer.branches[-1]
        joined.append(batch_norm_loops(temporal_conv_loops(clip, last[0]), last[1]))
        residual = clip
        if channels[0] != channels[1]:
            residual = temporal_conv_loops(clip, layer.residual[0])
            residual = batch_norm_loops(residual, layer.residual[1])
        expected = np.concatenate(joined) + residual
        expected = np.maximum(expected, 0) if activation else expected
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
    assert [b[3].dilation[0] for b in layer.branches[:4]] == [1, 2, 3, 4]
    assert (out < 0).any() != activation


@pytest.mark.parametrize(('size', 'stride', 'dilation'), [(3, 1, 1), (5, 2, 1), (3, 2, 2)])
def test_one_window_pathway(size, stride, dilation):
    layer = lively(WindowedGraphConv(PATH, 2, 2, 3, 4, size, stride, dilation))
    x = np.random.default_rng(size).normal(size=(1, 2, 5, 4))
    hidden = windows_loops(x[0], size, stride, dilation)
    hidden = graph_conv_loops(hidden, layer.gcn, window_adjacency(PATH, size))
    weight, bias = layer.out_conv.weight.detach().numpy(), layer.out_conv.bias.detach().numpy()
    collapsed = np.empty((4, hidden.shape[1], 4))
    for o in range(4):
        for v in range(4):
            collapsed[o, :, v] = bias[o]
            for w in range(size):
                collapsed[o, :, v] += weight[o, :, 0, w, 0] @ hidden[:, :, w * 4 + v]
    expected = batch_norm_loops(collapsed, layer.out_bn)
    out = layer(torch.from_numpy(x)).detach().numpy()[0]
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-6)
    assert (out < 0).any()  # no activation after the collapse


def test_the_correction_starts_next_to_nothing_and_is_learned():
    layer = MultiScaleGraphConv(PATH, 3, 2, 4)
    assert 0 < layer.A_res.abs().max() <= 1e-6
    assert layer.A_res.shape == (12, 4)
    layer(torch.randn(2, 2, 5, 4)).square().sum().backward()
    assert (layer.A_res.grad != 0).any()
    assert 'A' not in layer.state_dict()


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match='shares 32 channels among 6 branches.*multiple of 6'):
        MultiScaleTemporalConv(8, 32)
    with pytest.raises(ValueError, match='odd number of frames.*found 4.*window_sizes'):
        WindowedGraphConv(PATH, 2, 2, 2, 2, 4)
