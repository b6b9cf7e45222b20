# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
from builders import action_head, batch, tiny_model, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.models.recognizers import action_labels
from mmskanon.registry import MODELS


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')


def test_labels_of_a_batch():
    data = batch()
    expected = [int(s.gt_label) for s in data['data_samples']]
    assert action_labels(data['data_samples']).tolist() == expected
    assert action_labels(data['data_samples'], max(expected) + 1).tolist() == expected


def test_a_recognizer_for_fewer_classes_is_named_in_training_and_testing():
    data = batch()
    largest = max(int(s.gt_label) for s in data['data_samples'])
    message = f'at least {largest + 1} action classes, the recognizer was built for {largest};'
    net = tiny_net(action_head(largest))
    model = MODELS.build(tiny_model(recognizer=dict(net=net)))
    data = model.data_preprocessor(data)
    for mode in ('loss', 'predict'):
        with pytest.raises(ValueError, match=message), torch.no_grad():
            model(**data, mode=mode)
    with pytest.raises(ValueError, match=message):
        MODELS.build(net).loss(**data)
