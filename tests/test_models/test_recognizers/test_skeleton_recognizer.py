# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
from builders import action_head, tiny_net
from mmaction.models import RecognizerGCN
from mmengine.registry import init_default_scope

from mmskanon.registry import MODELS


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')


def test_joint_stream_equals_the_stock_recognizer_and_shares_its_keys():
    ours = MODELS.build(tiny_net(action_head(), layout='nturgb+d'))
    cfg = tiny_net(action_head(), layout='nturgb+d')
    stock = RecognizerGCN(backbone=cfg['backbone'], cls_head=cfg['cls_head'])
    stock.load_state_dict(ours.state_dict())
    x = torch.randn(2, 1, 2, 12, 25, 3)
    ours.eval(), stock.eval()
    assert torch.equal(
        ours.extract_feat(x, stage='head')[0], stock.extract_feat(x, stage='head')[0]
    )


def test_gradients_pass_through_bones_and_motion():
    net = MODELS.build(tiny_net(action_head(), features=('b', 'jm', 'bm'))).eval()
    x = torch.randn(1, 1, 1, 12, 20, 3, requires_grad=True)
    net.extract_feat(x, stage='head')[0].sum().backward()
    assert x.grad.abs().sum() > 0


def test_layout_against_graph_fails_at_build_time_naming_both_numbers():
    cfg = tiny_net(action_head(), layout='kinect_v1')
    cfg['backbone']['graph_cfg']['layout'] = 'nturgb+d'
    with pytest.raises(ValueError, match=r'25.*20|20.*25'):
        MODELS.build(cfg)


def test_layout_against_data_names_both_numbers():
    net = MODELS.build(tiny_net(action_head()))
    with pytest.raises(ValueError, match=r'25 joints.*20'):
        net.extract_feat(torch.randn(1, 1, 1, 8, 25, 3))


def test_a_graph_given_as_a_dict_is_passed_on():
    cfg = tiny_net(action_head())
    cfg['backbone']['graph_cfg']['layout'] = dict(
        num_node=20, inward=[(i, 0) for i in range(1, 20)], center=0
    )
    assert MODELS.build(cfg).backbone.graph.center == 0


def test_the_config_is_not_changed():
    cfg = tiny_net(action_head())
    MODELS.build(cfg)
    assert cfg == tiny_net(action_head())
