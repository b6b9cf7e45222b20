# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
from builders import action_head, batch, privacy_head, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.models import AdversaryBank
from mmskanon.models.recognizers import classify
from mmskanon.registry import MODELS


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')


def shared_bank():
    gender = dict(type='PrivacyHead', attribute='gender', num_classes=2, in_channels=8)
    members = dict(
        first=dict(net=tiny_net(privacy_head())),
        second=dict(net=tiny_net(privacy_head())),
        gender=dict(head=gender, backbone_of='second'),
    )
    return AdversaryBank(members)


def test_members_have_their_own_or_a_shared_backbone():
    bank = shared_bank().eval()
    x = torch.randn(3, 1, 12, 20, 3)
    logits = bank(x)
    assert {n: tuple(v.shape) for n, v in logits.items()} == dict(
        first=(3, 4), second=(3, 4), gender=(3, 2)
    )
    assert torch.equal(logits['first'], classify(bank.nets['first'], x))
    assert not torch.equal(logits['first'], logits['second'])
    logits['gender'].sum().backward()
    assert bank.nets['second'].backbone.gcn[0].gcn.conv.weight.grad is not None
    assert bank.nets['first'].backbone.gcn[0].gcn.conv.weight.grad is None


def test_labels_follow_each_members_attribute():
    samples = batch(n=5)['data_samples']
    labels = shared_bank().labels(samples)
    assert (
        labels['first'].tolist()
        == labels['second'].tolist()
        == [s.gt_private['subject'] for s in samples]
    )
    assert labels['gender'].tolist() == [s.gt_private['gender'] for s in samples]


def test_warm_start_is_exact_and_survives_init_weights(tmp_path):
    net = MODELS.build(tiny_net(privacy_head()))
    torch.save(net.state_dict(), tmp_path / 'p.pth')
    bank = AdversaryBank(
        dict(subject=dict(net=tiny_net(privacy_head()), checkpoint=str(tmp_path / 'p.pth')))
    )
    bank.init_weights()
    assert all(
        torch.equal(v, bank.nets['subject'].state_dict()[k]) for k, v in net.state_dict().items()
    )


@pytest.mark.parametrize(
    ('members', 'message'),
    [
        ({}, 'members is empty'),
        (dict(a=dict(net=tiny_net(action_head()))), "adversary 'a' has a GCNHead"),
        (
            dict(a=dict(checkpoint='x.pth')),
            r"adversary 'a' must be dict\(net=.*found the keys \['checkpoint'\]",
        ),
        (
            dict(
                a=dict(
                    head=dict(type='PrivacyHead', attribute='g', num_classes=2, in_channels=8),
                    backbone_of='b',
                )
            ),
            "backbone_of='b' names no member",
        ),
    ],
)
def test_wrong_members_are_explained(members, message):
    with pytest.raises(ValueError, match=message):
        AdversaryBank(members)


def test_any_recipe_becomes_an_adversary_by_its_head():
    head = dict(type='PrivacyHead', attribute='subject', num_classes=4)
    bank = AdversaryBank(dict(a=dict(net=tiny_net(action_head()), head=head)))
    assert bank(torch.randn(2, 1, 12, 20, 3))['a'].shape == (2, 4)
