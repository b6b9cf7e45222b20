# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import torch

from mmskanon.models import SkeletonRecognizer, TemporalCNNBackbone


def test_it_is_a_backbone_of_a_recognizer_and_learns():
    torch.manual_seed(0)
    net = SkeletonRecognizer(
        layout='kinect_v1',
        features=['j', 'jm'],
        backbone=dict(
            type='mmskanon.TemporalCNNBackbone', num_joints=20, in_channels=6, channels=16
        ),
        cls_head=dict(type='GCNHead', num_classes=2, in_channels=16),
    )
    labels = torch.arange(16) % 2
    x = torch.randn(16, 1, 1, 20, 20, 3)
    x[labels == 1, ..., 3, 0] += 2 * torch.linspace(-1, 1, 20)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net.extract_feat(x, stage='head')[0], labels)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2


def test_persons_do_not_mix_and_order_of_frames_matters():
    torch.manual_seed(0)
    net = TemporalCNNBackbone(num_joints=5, channels=8).eval()
    x = torch.randn(2, 2, 17, 5, 3)
    out = net(x)
    assert out.shape == (2, 2, 8, 9, 1)
    other = x.clone()
    other[:, 1] = 0
    assert torch.allclose(net(other)[:, 0], out[:, 0], atol=1e-6)
    assert not torch.allclose(net(x.flip(2)).mean(3), out.mean(3), atol=1e-3)
