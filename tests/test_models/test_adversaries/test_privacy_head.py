# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from builders import batch, privacy_head, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.models.adversaries import private_labels
from mmskanon.registry import MODELS


@pytest.fixture
def net():
    init_default_scope('mmskanon')
    return MODELS.build(tiny_net(privacy_head())).eval()


def test_loss_is_cross_entropy_on_the_private_label(net):
    data = net.data_preprocessor(batch())
    losses = net(**data, mode='loss')
    logits, _ = net.extract_feat(data['inputs'], stage='head')
    labels = torch.tensor([s.gt_private['subject'] for s in data['data_samples']])
    assert torch.isclose(losses['loss_cls'], F.cross_entropy(logits, labels))
    assert losses['top1_acc'] == (logits.argmax(1) == labels).float().mean()


def test_predict_averages_clips_and_leaves_the_action_fields_alone(net):
    data = net.data_preprocessor(batch(n=2))
    data['inputs'] = torch.cat([data['inputs'], data['inputs'] * 0.5], dim=1)
    samples = net(**data, mode='predict')
    logits, _ = net.extract_feat(data['inputs'], stage='head')
    expected = logits.softmax(-1).view(2, 2, -1).mean(1)
    for sample, score in zip(samples, expected, strict=True):
        prediction = sample.pred_private['subject']
        assert torch.allclose(prediction['score'], score)
        assert (prediction['attribute'], prediction['role']) == ('subject', 'classifier')
        assert 'pred_score' not in sample


def test_missing_and_unfitting_labels_are_named():
    samples = batch(n=3)['data_samples']
    with pytest.raises(
        KeyError, match=r"s0 carries no private label 'age' \(it has \['gender', 'subject'\]\)"
    ):
        private_labels(samples, 'age', 3)
    samples[1].gt_private['subject'] = 9
    with pytest.raises(
        ValueError, match="'subject' has at least 10 classes in the data, the head was built for 4"
    ):
        private_labels(samples, 'subject', 4)
