# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from builders import privacy_head
from mmaction.models.utils.graph import k_adjacency
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmskanon.models import MSG3D, AdversaryBank
from mmskanon.registry import MODELS

NETS = Path(__file__).resolve().parents[3] / 'configs' / '_base_' / 'nets'


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')


def tiny(**overrides):
    """A narrow network of two blocks on one Kinect v1 skeleton."""
    cfg = dict(base_channels=6, num_stages=2, num_gcn_scales=4, num_g3d_scales=3, num_person=1)
    return MSG3D(**{**cfg, 'graph_cfg': dict(layout='kinect_v1'), **overrides})


def net_config(name='msg3d', piece='msg3d_ntu25'):
    """A network of configs/_base_/nets."""
    return Config.fromfile(NETS / f'{piece}.py')[name]


def published_shapes(V=25, M=2, C=3, base=96, K=13, K3=6, windows=(3, 5), blocks=3):
    """Shapes of all parameters of the published network, in the order in which it registers them, written out by hand."""

    def bn(c):
        return [(c,), (c,)]

    def conv(c, o, *kernel):
        return [(o, c, *kernel), (o,)]

    def gcn(k, nodes, c, o):
        return [(k * nodes, nodes), *conv(k * c, o, 1, 1), *bn(o)]

    def tcn(c, o, stride=1):
        width = o // 6
        entry = [*conv(c, width, 1, 1), *bn(width)]
        shapes = 4 * [*entry, *conv(width, width, 3, 1), *bn(width)]
        shapes += [*entry, *bn(width), *entry]
        return shapes + ([*conv(c, o, 1, 1), *bn(o)] if (c, stride) != (o, 1) else [])

    shapes = bn(M * C * V)
    for i in range(blocks):
        o, stride = base * 2**i, 1 if i == 0 else 2
        inner = o if i == 0 else C
        for w in windows:
            shapes += [*gcn(K3, w * V, C, inner), *conv(inner, o, 1, w, 1), *bn(o)]
        shapes += [*gcn(K, V, C, inner), *tcn(inner, o, stride), *tcn(o, o), *tcn(o, o)]
        C = o
    return shapes


def count(shapes):
    """Number of parameters."""
    return sum(int(np.prod(s)) for s in shapes)


def test_parameters_are_those_of_the_published_network():
    net = MODELS.build(net_config())
    shapes = [tuple(p.shape) for p in net.backbone.parameters()]
    assert shapes == published_shapes()
    # The paper says 3.2 M; the released implementation, built for NTU RGB+D 60, counts 3,194,595.
    assert sum(p.numel() for p in net.parameters()) == count(shapes) + 384 * 60 + 60 == 3_194_595


def test_the_reduced_network_is_the_published_one_without_windows():
    net = MODELS.build(
        dict(
            type='SkeletonClassifier',
            net=net_config('msg3d_reduced_single'),
            head=dict(num_classes=2),
        )
    )
    shapes = [tuple(p.shape) for p in net.backbone.parameters()]
    assert shapes == published_shapes(M=1, windows=())
    assert sum(p.numel() for p in net.parameters()) == count(shapes) + 384 * 2 + 2 == 1_415_855


def test_layers_have_the_published_shapes():
    net = MODELS.build(net_config()).backbone.eval()
    found = []
    for block in net.blocks:
        for layer in (block.factorized[0], *block.factorized, *block.g3d, block.tcn):
            layer.register_forward_hook(lambda m, i, o: found.append(tuple(o.shape[1:])))
    with torch.no_grad():
        out = net(torch.zeros(1, 2, 20, 25, 3))
    expected = []
    for inner, outer, before, after in ((96, 96, 20, 20), (96, 192, 20, 10), (192, 384, 10, 5)):
        expected += 2 * [(inner, before, 25)] + 5 * [(outer, after, 25)]
    assert found == expected
    assert out.shape == (1, 2, 384, 5, 25)
    strides = [[p.window['stride'] for p in block.g3d] for block in net.blocks]
    assert strides == [[1, 1], [2, 2], [2, 2]]


def reference(net, x):
    """What the network computes in eval mode, from its parameters in published order, on one clip (M, T, V, C)."""
    values = iter(net.state_dict().values())
    graph = np.zeros((20, 20))
    for a, b in get_edges():
        graph[a, b] = graph[b, a] = 1

    def scales(adjacency, k):
        stack = []
        for i in range(k):
            scale = k_adjacency(adjacency, i, with_self=True)
            root = scale.sum(-1) ** -0.5
            stack.append(root[:, None] * scale * root)
        return torch.from_numpy(np.concatenate(stack))

    def conv(x, stride=1, dilation=1):
        weight, bias = next(values), next(values)
        pad = dilation * (weight.shape[2] - 1) // 2
        return F.conv2d(x, weight, bias, (stride, 1), (pad, 0), (dilation, 1))

    def bn(x):
        weight, bias, mean, var, _ = (next(values) for _ in range(5))
        return F.batch_norm(x, mean, var, weight, bias)

    def gcn(x, adjacency, k):
        N, C, T, V = x.shape
        x = torch.einsum('vu,nctu->nctv', scales(adjacency, k) + next(values), x)
        x = x.view(N, C, T, k, V).transpose(2, 3).transpose(1, 2).reshape(N, k * C, T, V)
        return bn(conv(x)).relu()

    def tcn(x, channels, stride=1, act=True):
        out = [bn(conv(bn(conv(x)).relu(), stride, d)) for d in (1, 2, 3, 4)]
        out.append(bn(F.max_pool2d(bn(conv(x)).relu(), (3, 1), (stride, 1), (1, 0))))
        out = torch.cat([*out, bn(conv(x, stride))], 1)
        out = out + (x if (x.shape[1], stride) == (channels, 1) else bn(conv(x, stride)))
        return out.relu() if act else out

    def g3d(x, window, stride):
        N, C, T, V = x.shape
        x = F.unfold(x, (window, 1), padding=(window // 2, 0), stride=(stride, 1))
        x = x.view(N, C, window, -1, V).transpose(2, 3).flatten(3)
        x = gcn(x, np.tile(graph + np.eye(V), (window, window)), 3)
        x = x.view(N, x.shape[1], -1, window, V)
        return bn(F.conv3d(x, next(values), next(values)).squeeze(3))

    M, T, V, C = x.shape
    x = bn(x.permute(0, 2, 3, 1).reshape(1, M * V * C, T))
    x = x.view(M, V, C, T).permute(0, 2, 3, 1)
    for channels, stride in ((6, 1), (12, 2)):
        windows = g3d(x, 3, stride) + g3d(x, 5, stride)
        y = tcn(gcn(x, graph, 4), channels, stride)
        x = tcn((tcn(y, channels, act=False) + windows).relu(), channels)
    assert next(values, None) is None
    return x


def get_edges():
    """Edges of the Kinect v1 skeleton, head first."""
    torso = [(0, 1), (1, 2), (2, 3)]
    limbs = [(1, 4), (1, 8), (3, 12), (3, 16)]
    return torso + limbs + [(a + i, a + i + 1) for a in (4, 8, 12, 16) for i in range(3)]


def test_the_whole_network_computes_the_published_formula():
    net = tiny(num_person=2)
    generator = torch.Generator().manual_seed(0)
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator) * 0.2
            value.copy_(noise.abs() + 0.5 if 'var' in name else noise + (value.dim() == 1))
    net = net.double().eval()
    x = torch.randn(3, 2, 9, 20, 3, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        out = net(x)
        for clip, found in zip(x, out, strict=True):
            assert torch.allclose(found, reference(net, clip), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('g3d', [True, False])
@pytest.mark.parametrize('T', [1, 2, 3, 7, 16])
def test_any_number_of_frames(T, g3d):
    out = tiny(num_stages=3, g3d=g3d)(torch.randn(2, 1, T, 20, 3))
    assert out.shape == (2, 1, 24, math.ceil(math.ceil(T / 2) / 2), 20)


@pytest.mark.parametrize(
    ('layout', 'V'),
    [
        ('nturgb+d', 25),
        ('kinect_v1', 20),
        ('coco', 17),
        ('openpose', 18),
        (dict(num_node=3, inward=[(1, 0), (2, 1)], center=0), 3),
    ],
)
def test_any_skeleton(layout, V):
    net = tiny(
        graph_cfg=dict(layout=layout),
        num_person=2,
        in_channels=9,
        window_sizes=(3,),
        window_dilations=(2,),
    )
    assert net(torch.randn(1, 2, 5, V, 9)).shape == (1, 2, 12, 3, V)


@pytest.mark.parametrize(('kind', 'features'), [('MVC', 120), ('VC', 60), (None, None)])
def test_the_input_normalization_is_a_choice(kind, features):
    net = tiny(data_bn_type=kind, num_person=2).eval()
    x = torch.randn(2, 2, 5, 20, 3)
    with torch.no_grad():
        assert torch.allclose(net(x)[:1], net(x[:1]), atol=1e-5)  # eval mode: no clip sees another
        if kind == 'MVC':
            net.data_bn.running_mean.copy_(torch.arange(120.0))
            means = net.data_bn.running_mean.view(2, 20, 3)
            persons = MSG3D.forward(net, means.view(1, 2, 1, 20, 3).expand(1, 2, 4, 20, 3))
            assert torch.allclose(persons[:, 0], persons[:, 1], atol=1e-5)
        else:
            assert torch.allclose(net(x.flip(1)), net(x).flip(1), atol=1e-5)
    assert getattr(net.data_bn, 'num_features', None) == features


def test_it_serves_recognizer_adversary_and_gradient_to_the_input():
    cfg = net_config(piece='msg3d_kinect20')
    net = MODELS.build(cfg)
    net.init_weights()
    x = torch.randn(2, 1, 1, 12, 20, 3, requires_grad=True)
    logits, _ = net.extract_feat(x, stage='head')
    assert logits.shape == (2, 27)
    logits.square().sum().backward()
    assert (x.grad != 0).flatten(3).any(-1).all()
    bank = AdversaryBank(dict(subject=dict(net=cfg, head=privacy_head(num_classes=8))))
    assert bank(x[:, 0].detach())['subject'].shape == (2, 8)


def test_it_learns():
    torch.manual_seed(0)
    net = tiny()
    head = torch.nn.Linear(12, 2)
    optimizer = torch.optim.SGD([*net.parameters(), *head.parameters()], lr=0.05, momentum=0.9)
    labels = torch.arange(16) % 2
    x = torch.randn(16, 1, 8, 20, 3)
    x[:, :, :, 7] += labels.view(16, 1, 1, 1)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    for _ in range(30):
        loss = F.cross_entropy(head(net(x).mean((1, 3, 4))), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
    # A BatchNorm cancels the biases before it, so these need not move.
    moved = {k: not torch.equal(v, before[k]) for k, v in net.named_parameters() if v.dim() > 1}
    assert moved and all(moved.values())


@pytest.mark.parametrize(
    ('overrides', 'message'),
    [
        (dict(base_channels=16), 'shares 16 channels among 6 branches.*multiple of 6'),
        (dict(window_sizes=(3,)), 'window_sizes has 1 entries, window_dilations 2'),
        (dict(window_sizes=(3, 4)), 'odd number of frames.*found 4'),
        (dict(num_gcn_scales=0), 'num_gcn_scales must be at least 1, found 0'),
        (dict(data_bn_type='TVC'), "data_bn_type must be 'MVC', 'VC' or None, found 'TVC'"),
        (dict(graph_cfg=dict(layout='kinect')), "no graph is called 'kinect'; choose one of"),
        (
            dict(graph_cfg=dict(layout='coco', mode='spatial')),
            r"found the keys \['layout', 'mode'\]",
        ),
    ],
)
def test_what_does_not_fit_is_said(overrides, message):
    with pytest.raises(ValueError, match=message):
        tiny(**overrides)


@pytest.mark.parametrize('shape', [(1, 2, 5, 20, 3), (1, 1, 5, 25, 3), (1, 1, 5, 20, 9)])
def test_data_of_another_kind_is_refused(shape):
    with pytest.raises(
        ValueError,
        match=f'1 persons, 20 joints and 3 channels.*{shape[1]}, {shape[3]} and {shape[4]}',
    ):
        tiny()(torch.zeros(shape))
