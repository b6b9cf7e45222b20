# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import torch
from builders import action_head, privacy_head, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.models import FrozenRecognizer, PrivacyHead, SkeletonRecognizer
from mmskanon.registry import MODELS


def test_what_is_built_is_the_network_itself_so_that_its_checkpoint_serves_every_party(tmp_path):
    init_default_scope('mmskanon')
    net, head = tiny_net(action_head(5)), privacy_head(num_classes=7)
    built = MODELS.build(dict(type='SkeletonClassifier', net=net, head=head))
    assert type(built) is SkeletonRecognizer
    assert isinstance(built.cls_head, PrivacyHead) and built.cls_head.num_classes == 7
    assert net['cls_head']['type'] == 'GCNHead'  # the shared config is left as it was
    torch.save(built.state_dict(), tmp_path / 'net.pth')
    frozen = FrozenRecognizer(net, str(tmp_path / 'net.pth'), head)
    for key, value in built.state_dict().items():
        assert torch.equal(frozen.net.state_dict()[key], value)


def test_without_a_head_the_networks_own_stays():
    init_default_scope('mmskanon')
    built = MODELS.build(dict(type='SkeletonClassifier', net=tiny_net(action_head(5))))
    assert built.cls_head.num_classes == 5
