# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import shift_gcn_reference as reference
import torch
from mmengine.registry import init_default_scope

from mmskanon.models.backbones.shift_gcn_weights import convert_shift_gcn
from mmskanon.registry import MODELS


def convert(state, **kwargs):
    return convert_shift_gcn(state, 'weights.pt', **kwargs)


@pytest.mark.parametrize(
    ('kwargs', 'expected'),
    [
        (
            dict(joints=25, classes=60),
            dict(graph_cfg=dict(layout='nturgb+d', mode='spatial'), num_person=2),
        ),
        (
            dict(joints=20, persons=1, widths=(9, 4, 4, 12), down=(2, 3)),
            dict(in_channels=9, down_stages=[2, 3], inflate_stages=[3], ch_ratio=3, num_person=1),
        ),
        (dict(widths=(3, 4, 6, 9), down=()), dict(ch_ratio=1.5, inflate_stages=[2, 3])),
        (dict(widths=(4, 4, 4), down=()), dict(in_channels=4, num_stages=2, inflate_stages=[])),
        (dict(xpos_scale=0.5), dict(joint_shift=True)),
        (dict(), dict(joint_shift=False)),
    ],
    ids=['ntu', 'kinect', 'widths', 'first stage', 'joint shift', 'identity'],
)
@pytest.mark.parametrize('attribute', [None, 'gender'])
def test_sizes_are_read_from_the_tensors(kwargs, expected, attribute):
    init_default_scope('mmskanon')
    weights, sizes = convert(reference.random_state(**kwargs))
    model = sizes.model(attribute)
    assert {key: model['backbone'][key] for key in expected} == expected
    net = MODELS.build(model)
    net.load_state_dict(weights, strict=True)
    assert net.cls_head.num_classes == kwargs.get('classes', 3)
    assert getattr(net.cls_head, 'attribute', None) == attribute


def test_a_prefix_of_parallel_training_is_cut():
    state = reference.random_state()
    plain, sizes = convert(state)
    for prefix in ('module.', 'model.module.'):
        prefixed, same = convert({prefix + key: value for key, value in state.items()})
        assert same == sizes
        assert all(torch.equal(prefixed[key], value) for key, value in plain.items())


def test_what_follows_from_a_rule_may_be_absent():
    state = reference.random_state()
    ruled = [k for k in state if 'gcn1.shift' in k or k.endswith('num_batches_tracked')]
    assert len(ruled) > 6
    plain, _ = convert(state)
    weights, _ = convert({k: v for k, v in state.items() if k not in ruled})
    assert weights.keys() == plain.keys()


def test_stages_with_stride_two_can_be_given():
    _, sizes = convert(reference.random_state(), down_stages=[])
    assert sizes.down_stages == ()
    with pytest.raises(ValueError, match='stages 1 to 3; stage 4 cannot have stride 2'):
        convert(reference.random_state(), down_stages=[4])


def test_the_input_is_not_changed_and_not_shared():
    state = reference.random_state()
    before = {key: value.clone() for key, value in state.items()}
    weights, _ = convert(state)
    for value in weights.values():
        value.fill_(9)
    assert all(torch.equal(state[key], value) for key, value in before.items())


def broken(key, value):
    state = reference.random_state()
    if value is None:
        del state[key]
    else:
        state[key] = value
    return state


MASK = 'l2.gcn1.Feature_Mask'


@pytest.mark.parametrize(
    ('key', 'value', 'words'),
    [
        (MASK, None, r'weights.pt lacks l2.gcn1.Feature_Mask of shape \(1, 5, 4\); is'),
        ('fc.weight', None, 'lacks fc.weight, which every released Shift-GCN has'),
        ('data_bn.weight', None, 'lacks data_bn.weight'),
        ('l2.gcn1.Linear_weight', None, 'lacks l2.gcn1.Linear_weight'),
        ('l4.fc', torch.zeros(1), 'lacks l4.gcn1.Linear_weight'),
        ('l5.fc', torch.zeros(1), 'without a gap, found .*5'),
        ('extra.weight', torch.zeros(1), 'has extra.weight, which a Shift-GCN of these sizes'),
        ('l1.residual.conv.weight', torch.zeros(1), 'stage 1 cannot have stride 2'),
        (MASK, torch.zeros(1, 6, 4), r'Mask of shape \(1, 6, 4\); expected \(1, 5, 4\)'),
        ('fc.weight', torch.zeros(3), r'has fc.weight of shape \(3,\); expected 2 axes'),
        ('data_bn.weight', torch.zeros(31), '31 entries; expected a multiple of 5 joints times 3'),
        ('fc.bias', torch.full((3,), torch.nan), 'values in fc.bias that are not finite'),
        ('l1.gcn1.shift_in', torch.arange(15), 'another order .* in l1.gcn1.shift_in'),
        ('module.fc.bias', torch.zeros(3), 'fc.bias twice, once as module.fc.bias'),
    ],
)
def test_what_does_not_fit_is_named(key, value, words):
    with pytest.raises(ValueError, match=words):
        convert(broken(key, value))


def test_another_network_is_refused():
    with pytest.raises(ValueError, match='is no Shift-GCN: .* found none among keys such as'):
        convert(torch.nn.Linear(3, 3).state_dict())


def test_widths_that_the_backbone_cannot_have_are_named():
    _, sizes = convert(reference.random_state(widths=(3, 4, 6, 18)))
    with pytest.raises(ValueError, match=r'widths \[4, 6, 18\]'):
        sizes.model()
