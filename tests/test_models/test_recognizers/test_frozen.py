# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
from builders import action_head, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.models import FrozenRecognizer
from mmskanon.registry import MODELS


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')


def test_it_stays_in_eval_mode_without_weight_gradients_but_passes_gradients_on():
    frozen = FrozenRecognizer(tiny_net(action_head()))
    frozen.train()
    assert not any(m.training for m in frozen.modules())
    before = {k: v.clone() for k, v in frozen.state_dict().items()}
    x = torch.randn(3, 1, 12, 20, 3, requires_grad=True)
    frozen(x).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in frozen.parameters())
    assert all(torch.equal(before[k], v) for k, v in frozen.state_dict().items())


def test_weights_come_from_the_checkpoint_and_survive_init_weights(tmp_path):
    net = MODELS.build(tiny_net(action_head()))
    torch.save(dict(state_dict=net.state_dict()), tmp_path / 'net.pth')
    frozen = FrozenRecognizer(tiny_net(action_head()), checkpoint=str(tmp_path / 'net.pth'))
    frozen.init_weights()
    assert all(torch.equal(v, frozen.net.state_dict()[k]) for k, v in net.state_dict().items())
    assert frozen.num_classes == 5


def test_another_number_of_classes_names_checkpoint_key_and_both_shapes(tmp_path):
    net = MODELS.build(tiny_net(action_head(num_classes=7)))
    path = str(tmp_path / 'net.pth')
    torch.save(net.state_dict(), path)
    with pytest.raises(
        ValueError,
        match=r'recognizer: checkpoint .*net.pth has cls_head.fc.weight of shape \(7, 8\).*\(5, 8\)',
    ):
        FrozenRecognizer(tiny_net(action_head()), checkpoint=path)


def test_a_checkpoint_of_something_else_counts_keys(tmp_path):
    path = str(tmp_path / 'other.pth')
    torch.save(dict(weight=torch.zeros(2)), path)
    with pytest.raises(ValueError, match='keys missing.*1 keys unknown'):
        FrozenRecognizer(tiny_net(action_head()), checkpoint=path)
