# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The body of a population, in checkpoints and in training."""

import pickle

import numpy as np
import pytest
import torch
from builders import LAYOUT, annotations, batch, tiny_model, training_config
from canonical_bodies import SMALL_UNET, body, build, skeletons
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmskanon.models.anonymizers import UNetAnonymizer
from mmskanon.models.weights import load_weights
from mmskanon.registry import MODELS


def test_the_body_is_that_of_the_population_and_in_the_state_dict(population):
    anonymizer = build(SMALL_UNET, body=None, population=population, lengths='random')
    measured = anonymizer.population
    assert (measured.subjects, measured.clips) == (4, 24)
    state = anonymizer.state_dict()
    np.testing.assert_allclose(state['bone_lengths'], measured.lengths, rtol=1e-6)
    np.testing.assert_allclose(state['rest_directions'], measured.directions, atol=1e-6)
    np.testing.assert_allclose(state['proportion_spread'], measured.proportion_spread, atol=1e-6)
    # Sizes are 1, 1.2, 1.4 and 1.6.
    spread = np.std(np.log([1, 1.2, 1.4, 1.6]), ddof=1)
    assert float(state['size_spread']) == pytest.approx(spread, rel=0.02)
    own = {'bone_lengths', 'rest_directions', 'size_spread', 'proportion_spread'}
    inner = {f'inner.{key}' for key in UNetAnonymizer(4, 2, layout=LAYOUT).state_dict()}
    assert set(state) == own | inner


def test_a_checkpoint_holds_the_body(population, tmp_path):
    first = build(SMALL_UNET, body=None, population=population, rest_pose='canonical')
    torch.save(first.state_dict(), tmp_path / 'whole.pth')
    second = build(SMALL_UNET, body=None, rest_pose='canonical')
    x = skeletons()
    with pytest.raises(ValueError, match=r"does not know \['bone_lengths', 'rest_directions'\]"):
        second(x)
    load_weights(second, str(tmp_path / 'whole.pth'), 'anonymizer', prefix='anonymizer.')
    assert torch.equal(second(x), first(x))


@pytest.mark.parametrize('prefix', ['', 'anonymizer.'])
def test_weights_of_a_bare_anonymizer_go_inside(population, tmp_path, prefix):
    bare = MODELS.build(dict(SMALL_UNET, layout=LAYOUT, num_person=1)).eval()
    torch.save(bare.state_dict(prefix=prefix), tmp_path / 'bare.pth')
    anonymizer = build(SMALL_UNET, body=None, population=population)
    before = anonymizer.bone_lengths.clone()
    load_weights(anonymizer, str(tmp_path / 'bare.pth'), 'anonymizer', prefix='anonymizer.')
    assert torch.equal(anonymizer.bone_lengths, before)
    x = skeletons()
    assert torch.equal(anonymizer.inner(x), bare(x))
    init_default_scope('mmskanon')
    cfg = dict(type='CanonicalBodyAnonymizer', anonymizer=SMALL_UNET, population=population)
    model = MODELS.build(
        tiny_model(
            anonymizer=dict(cfg, layout=LAYOUT, num_person=1),
            anonymizer_checkpoint=str(tmp_path / 'bare.pth'),
        )
    )
    model.init_weights()
    assert torch.equal(model.anonymizer.inner.eval()(x), bare(x))
    wrong = build(dict(SMALL_UNET, depth=1))
    with pytest.raises(ValueError, match='keys missing'):
        load_weights(wrong, str(tmp_path / 'bare.pth'), 'anonymizer', prefix='anonymizer.')


def wrapped(**kwargs) -> dict:
    return dict(
        type='CanonicalBodyAnonymizer',
        anonymizer=dict(type='ResNetAnonymizer', num_blocks=2),
        body=body(LAYOUT),
        layout=LAYOUT,
        num_person=1,
        **kwargs,
    )


def test_one_update_trains_what_is_inside_and_nothing_else():
    init_default_scope('mmskanon')
    model = MODELS.build(tiny_model(anonymizer=wrapped(rest_pose='own')))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.anonymizer.parameters(), lr=0.1)
    logs = model.anonymizer_step(batch(), OptimWrapper(optimizer))
    assert all(value.isfinite() for value in logs.values())
    moved = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    assert moved and all(key.startswith('anonymizer.inner.') for key in moved)


def test_training_with_random_bodies_is_repeatable(tmp_path, monkeypatch):
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    path = tmp_path / 'data.pkl'
    path.write_bytes(pickle.dumps(annotations(2, 2, 4)))

    def train(name, **kwargs):
        cfg = Config(training_config(tmp_path / name, path, max_epochs=1))
        cfg.model.anonymizer = wrapped(**kwargs)
        cfg.experiment_name = f'body-{name}'
        runner = Runner.from_cfg(cfg)
        runner.train()
        return runner.model.anonymizer.state_dict()

    first, again = (train(name, lengths='random') for name in ('first', 'again'))
    canonical = train('canonical', lengths='canonical')
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], canonical[key]) for key in first)


def test_frozen_encoders_are_found_inside():
    init_default_scope('mmskanon')
    frozen = dict(wrapped(), anonymizer=dict(type='AutoencoderAnonymizer', freeze_encoder=True))
    with pytest.raises(ValueError, match='AutoencoderAnonymizer has freeze_encoder=True'):
        MODELS.build(tiny_model(anonymizer=frozen))
    assert MODELS.build(tiny_model(anonymizer=frozen, load_parties=False)).anonymizer is not None
