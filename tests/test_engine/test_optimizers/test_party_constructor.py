# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
from builders import tiny_model
from mmengine.registry import init_default_scope

from mmskanon.engine import PartyOptimWrapperConstructor
from mmskanon.registry import MODELS

SGD = dict(type='SGD', lr=0.1, weight_decay=0.01)


def build(cfg, **model):
    init_default_scope('mmskanon')
    return PartyOptimWrapperConstructor(cfg)(MODELS.build(tiny_model(**model)))


def test_each_party_has_its_own_options():
    cfg = dict(
        anonymizer=dict(optimizer=SGD, accumulative_counts=3, clip_grad=dict(max_norm=1)),
        adversary=dict(
            optimizer=dict(SGD, lr=0.5),
            paramwise_cfg=dict(bias_decay_mult=0.0),
            clip_grad=dict(max_norm=2),
        ),
    )
    wrappers = build(cfg)
    assert set(wrappers.keys()) == {'anonymizer', 'adversary'}
    assert wrappers['anonymizer']._accumulative_counts == 3
    assert wrappers['adversary']._accumulative_counts == 1
    assert wrappers['adversary'].get_lr()['lr'][0] == 0.5
    assert 0.0 in {g['weight_decay'] for g in wrappers['adversary'].param_groups}
    assert {g['weight_decay'] for g in wrappers['anonymizer'].param_groups} == {0.01}
    # Gradient norms are logged under different names.
    assert wrappers['anonymizer'].grad_name != wrappers['adversary'].grad_name


@pytest.mark.parametrize(
    ('cfg', 'model', 'message'),
    [
        (
            dict(generator=dict(optimizer=SGD)),
            {},
            "optim_wrapper names 'generator', but the model has the parties",
        ),
        (
            dict(anonymizer=dict(optimizer=SGD)),
            dict(anonymizer=dict(type='IdentityAnonymizer', layout='kinect_v1', num_person=1)),
            'IdentityAnonymizer has no trainable weights',
        ),
    ],
)
def test_what_cannot_be_optimized_is_named(cfg, model, message):
    with pytest.raises(ValueError, match=message):
        build(cfg, **model)
