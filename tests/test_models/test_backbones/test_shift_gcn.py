# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
import shift_gcn_reference as reference
import torch
from mmengine.registry import init_default_scope

from mmskanon.datasets.converters.ntu import read_ntu_skeleton
from mmskanon.datasets.transforms import NormalizeSkeleton
from mmskanon.io import load_state_dict_from
from mmskanon.models import ShiftGCN
from mmskanon.models.backbones.shift_gcn_weights import convert_shift_gcn
from mmskanon.registry import MODELS

ARM = dict(name='arm', joints=list('abcde'), parents=[0, 0, 1, 2, 3], center=0)


def make_net(layout='coco', **kwargs):
    settings = dict(base_channels=6, num_stages=4, inflate_stages=[3], down_stages=[2, 3])
    torch.manual_seed(0)
    return ShiftGCN(dict(layout=layout, mode='spatial'), **{**settings, **kwargs})


def recognizer(state, **kwargs):
    """The converted net of a state dict under the authors' names."""
    init_default_scope('mmskanon')
    weights, sizes = convert_shift_gcn(state, 'weights.pt')
    model = sizes.model()
    model['backbone'].update(kwargs)
    net = MODELS.build(model)
    net.load_state_dict(weights)
    return net.eval()


def head_logits(net, x):
    with torch.no_grad():
        return net.extract_feat(x[:, None], stage='head')[0]


@pytest.mark.parametrize(
    'kwargs',
    [
        dict(),
        dict(xpos_scale=0.7),
        dict(widths=(3, 4, 4, 8), down=(2, 3), persons=1),
        dict(widths=(9, 6, 12, 24), down=(2, 3), joints=7, reach=20.0),
        dict(widths=(2, 5), down=()),
    ],
    ids=['small', 'joint shift', 'strides', 'far', 'one stage'],
)
def test_it_computes_what_the_authors_net_computes(kwargs):
    state = reference.random_state(**kwargs)
    net = recognizer(state)
    sizes = [net.backbone.num_person, 8, net.backbone.num_joints, net.backbone.in_channels]
    x = torch.randn(2, *sizes)
    with torch.no_grad():
        features = net.backbone(x)
    expected = reference.features(state, x.numpy())
    assert features.shape == expected.shape
    np.testing.assert_allclose(features.numpy(), expected, atol=2e-4)
    np.testing.assert_allclose(head_logits(net, x), reference.logits(state, x.numpy()), atol=2e-4)


def released(weights_dir):
    return {path.stem: load_state_dict_from(path) for path in sorted(weights_dir.glob('*.pt'))}


def paper_input(path):
    """The paper's preprocessing: each frame centred, rotated by the first, repeated to 300 frames, two persons."""
    sample = NormalizeSkeleton('nturgb+d', center='every_frame')(read_ntu_skeleton(path))
    keypoint = sample['keypoint'][:, np.arange(300) % sample['total_frames']]
    x = np.zeros((1, 2, 300, 25, 3), dtype=np.float32)
    x[0, : len(keypoint)] = keypoint
    return sample, x


def test_released_nets_name_action_and_subject_of_real_files(weights_dir, ntu_samples_dir):
    nets = {name: recognizer(state) for name, state in released(weights_dir).items()}
    paths = sorted(ntu_samples_dir.glob('*.skeleton'))
    assert len(nets) >= 3 and len(paths) >= 3
    for path in paths:
        sample, x = paper_input(path)
        for name, net in nets.items():
            truth = sample['label'] if 'action' in name else sample['subject'] - 1
            assert int(head_logits(net, torch.from_numpy(x)).argmax()) == truth, (name, path.name)


@pytest.mark.parametrize('which', [0, 1, 2])
def test_logits_on_real_files_are_those_of_the_loops(which, weights_dir, ntu_samples_dir):
    state = list(released(weights_dir).values())[which]
    _, x = paper_input(sorted(ntu_samples_dir.glob('*.skeleton'))[which])
    found = head_logits(recognizer(state), torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(found, reference.logits(state, x), atol=1e-4)


@pytest.mark.parametrize(('frames', 'left'), [(1, 1), (2, 1), (5, 2), (7, 2), (8, 2), (9, 3)])
def test_any_number_of_frames_is_halved_and_rounded_up(frames, left):
    x = torch.randn(2, 2, frames, 17, 3, requires_grad=True)
    out = make_net()(x)
    assert out.shape == (2, 2, 12, left, 17)
    out.square().mean().backward()
    assert torch.isfinite(x.grad).all() and x.grad.any()


def test_frames_beyond_the_end_count_as_zeros_in_the_temporal_shift():
    """With stride 2 and five frames, the third output of a shift is where it would be with a sixth frame of zeros."""
    block = make_net().eval().blocks[1]
    with torch.no_grad():
        odd = torch.randn(6, 17, 5, 2)
        even = torch.cat([odd, torch.zeros(6, 17, 1, 2)], 2)
        skip = torch.zeros(6, 17, 3, 2)
        block.tcn.linear.bias.zero_()  # so that zero frames stay zero between the shifts
        block.tcn.bn.running_mean.zero_()
        block.tcn.bn.bias.zero_()
        block.tcn.shift_in.ypos.uniform_(0, 1)  # reads forward only
        torch.testing.assert_close(block.tcn(odd, skip), block.tcn(even, skip))


@pytest.mark.parametrize(
    ('layout', 'joints', 'persons', 'coordinates'),
    [('nturgb+d', 25, 2, 3), ('kinect_v1', 20, 1, 9), ('coco', 17, 1, 3), ('openpose', 18, 2, 2)]
    + [(ARM, 5, 1, 3)],
)
def test_any_layout_in_a_recognizer(layout, joints, persons, coordinates):
    init_default_scope('mmskanon')
    features = ['j', 'b', 'jm'] if coordinates == 9 else ['j']
    net = MODELS.build(
        dict(
            type='SkeletonRecognizer',
            layout=layout,
            features=features,
            backbone=dict(
                type='ShiftGCN',
                graph_cfg=dict(mode='spatial'),
                in_channels=coordinates,
                num_person=persons,
                base_channels=4,
                num_stages=2,
                inflate_stages=[2],
                down_stages=[2],
            ),
            cls_head=dict(type='GCNHead', num_classes=3, in_channels=8),
        )
    )
    x = torch.randn(2, 1, persons, 9, joints, coordinates // len(features))
    logits, _ = net.extract_feat(x, stage='head')
    assert net.backbone.num_joints == joints and logits.shape == (2, 3)


def test_persons_share_the_net_but_not_the_input_normalization():
    net = make_net().eval()
    x = torch.randn(1, 2, 8, 17, 3)
    swapped = net(x.flip(1)).flip(1)
    torch.testing.assert_close(net(x), swapped)
    with torch.no_grad():
        net.data_bn.bias[: 17 * 3] += 1  # of the first person
    assert not torch.allclose(net(x)[:, 0], swapped[:, 0])
    torch.testing.assert_close(net(x)[:, 1], swapped[:, 1])


@pytest.mark.parametrize('norm', ['MVC', 'VC', 'none'])
def test_evaluation_does_not_depend_on_the_batch(norm):
    net = make_net(data_bn_type=norm)
    net(torch.randn(3, 2, 8, 17, 3))  # running statistics away from 0 and 1
    net.eval()
    x = torch.randn(3, 2, 8, 17, 3)
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]))
    assert torch.equal(net(x), net(x))


@pytest.mark.parametrize('training', [True, False])
def test_a_frozen_net_hands_on_the_same_gradient(training):
    """An anonymizer learns through frozen nets."""
    net = make_net().train(training)
    inputs = [torch.randn(2, 2, 8, 17, 3).requires_grad_()]
    inputs.append(inputs[0].detach().clone().requires_grad_())
    for x in inputs:
        net(x).square().mean().backward()
        net.requires_grad_(False)
    assert inputs[0].grad.any()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad)


def test_the_state_dict_holds_all_there_is():
    net = make_net()
    net(torch.randn(3, 2, 8, 17, 3))
    other = make_net()
    other.load_state_dict(net.state_dict())
    x = torch.randn(1, 2, 8, 17, 3)
    assert torch.equal(net.eval()(x), other.eval()(x))
    assert not any('roll' in key for key in net.state_dict())


def position_grads(rule, joint_shift=False):
    net = make_net(shift_rule=rule, joint_shift=joint_shift)
    torch.manual_seed(1)
    net(torch.randn(2, 2, 8, 17, 3)).square().mean().backward()
    return {k: p.grad for k, p in net.named_parameters() if k.endswith('pos')}


def test_shift_positions_learn_by_the_sign_or_by_the_gradient():
    plain, signs = position_grads('gradient'), position_grads('sign')
    assert len(plain) == 8
    for name, grad in plain.items():
        torch.testing.assert_close(signs[name], 0.01 * grad.sign(), msg=name)
        assert len(grad.abs().unique()) > 2


def test_positions_along_the_joints_learn_by_the_gradient_only():
    for rule, learns in (('gradient', True), ('sign', False)):
        grads = {k: g for k, g in position_grads(rule, True).items() if k.endswith('xpos')}
        assert len(grads) == 8
        assert all(bool(grad.any()) == learns for grad in grads.values())


def test_a_shift_along_the_joints_of_zero_changes_nothing():
    plain, general = make_net(), make_net(joint_shift=True)
    missing = general.load_state_dict(plain.state_dict(), strict=False)
    assert all(key.endswith('xpos') for key in missing.missing_keys)
    x = torch.randn(2, 2, 8, 17, 3)
    torch.testing.assert_close(plain(x), general(x))


def test_whole_net_gradient_is_a_finite_difference():
    net = make_net(
        ARM_GRAPH, base_channels=2, num_stages=2, inflate_stages=[2], down_stages=[2]
    ).double()
    net.blocks[0].tcn.shift_in.rule = net.blocks[0].tcn.rule = 'gradient'
    x = torch.randn(1, 2, 5, 5, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(net, x, atol=1e-5)


ARM_GRAPH = dict(num_node=5, inward=[(1, 0), (2, 1), (3, 2), (4, 3)], center=0)


def test_it_learns_from_the_order_of_frames():
    """Two classes that differ only in direction of time: mean pooling without temporal shifts could not tell them apart."""
    net = torch.nn.Sequential(make_net(ARM_GRAPH, num_person=1, down_stages=[3]))
    head = torch.nn.Linear(12, 2)
    optimizer = torch.optim.SGD([*net.parameters(), *head.parameters()], lr=0.1, momentum=0.9)
    rng = torch.Generator().manual_seed(0)

    def batch():
        label = torch.randint(2, (32,), generator=rng)
        phase = torch.rand(32, 1, generator=rng) * 6.28
        angle = phase + torch.arange(16) * 0.8 * (2 * label[:, None] - 1)
        pose = torch.stack([angle.cos(), angle.sin(), torch.zeros_like(angle)], -1)
        return pose[:, None, :, None].expand(-1, 1, -1, 5, -1), label

    for _ in range(40):
        x, label = batch()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head(net(x).mean((1, 3, 4))), label).backward()
        optimizer.step()
    x, label = batch()
    accuracy = (head(net.eval()(x).mean((1, 3, 4))).argmax(1) == label).float().mean()
    assert accuracy > 0.9


def test_it_can_be_exported():
    net = make_net().eval()
    x = torch.randn(2, 2, 9, 17, 3)
    exported = torch.export.export(net, (x,))
    torch.testing.assert_close(exported.module()(x), net(x))


def test_a_training_step_is_one_graph_for_the_compiler():
    net = make_net(num_stages=2, inflate_stages=[2], down_stages=[2])
    compiled = torch.compile(copy.deepcopy(net), backend='aot_eager', fullgraph=True)
    x = torch.randn(2, 2, 8, 17, 3)
    for one in (net, compiled):
        one(x).square().mean().backward()
    grads = dict(compiled._orig_mod.named_parameters())
    for name, parameter in net.named_parameters():
        torch.testing.assert_close(grads[name].grad, parameter.grad, atol=1e-4, rtol=1e-3)


def test_bfloat16_autocast_trains():
    net = make_net()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        out = net(torch.randn(2, 2, 8, 17, 3))
    out.float().square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())
    with torch.no_grad():
        net.eval()
        x = torch.randn(2, 2, 8, 17, 3)
        exact = net(x)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            rounded = net(x).float()
    assert (rounded - exact).abs().mean() < 0.05 * exact.abs().mean()


@pytest.mark.parametrize(
    ('kwargs', 'words'),
    [
        (dict(data_bn_type='CV'), "data_bn_type of ShiftGCN must be one of .*found 'CV'"),
        (dict(shift_rule='none'), "shift_rule of ShiftGCN must be one of .*found 'none'"),
        (dict(down_stages=[5]), 'stages from 2 to num_stages=4, found 5'),
        (dict(inflate_stages=[1]), 'stages from 2 to num_stages=4, found 1'),
    ],
)
def test_impossible_settings_are_named(kwargs, words):
    with pytest.raises(ValueError, match=words):
        make_net(**kwargs)


@pytest.mark.parametrize(
    ('shape', 'words'),
    [
        ((1, 2, 8, 20, 3), '17 joints of 3 coordinates, the input has 20 of 3'),
        ((1, 2, 8, 17, 9), '17 joints of 3 coordinates, the input has 17 of 9'),
        ((1, 1, 8, 17, 3), '2 persons, the input has 1; set num_person'),
    ],
)
def test_inputs_that_do_not_fit_are_named(shape, words):
    with pytest.raises(ValueError, match=words):
        make_net()(torch.randn(shape))
