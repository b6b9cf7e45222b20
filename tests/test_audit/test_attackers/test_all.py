# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import warnings
from functools import cache

import numpy as np
import pytest
import torch
from audit_views import SUBJECTS, halves
from builders import action_head, tiny_net

from mmskanon.audit.attackers import Attacker
from mmskanon.registry import ATTACKERS

QUICK = dict(epochs=12, batch_size=12, learning_rates=[5e-3], max_rounds=1)
GCN_RECIPE = dict(model=tiny_net(action_head()))
NETS = {
    'tcn': dict(type='TemporalCNN', length=16, channels=24, blocks=1, training=QUICK),
    'gru': dict(type='VelocityGRU', length=24, channels=24, hidden=16, training=QUICK),
    'gcn': dict(
        type='GCN',
        recipe=GCN_RECIPE,
        length=12,
        training=dict(epochs=16, max_rounds=1, learning_rates=[0.01]),
    ),
}
OTHERS = {
    'anthropometrics': dict(type='Anthropometrics'),
    'anthropometrics-logistic': dict(type='Anthropometrics', classifier='logistic'),
    'anthropometrics-boosting': dict(type='Anthropometrics', classifier='boosting'),
    'kinematics': dict(type='Kinematics'),
    'kinematics-boosting': dict(type='Kinematics', classifier='boosting'),
    'class-aware': dict(type='ClassAware'),
    'class-centred': dict(type='ClassCentred'),
    'class-centred-lda': dict(type='ClassCentred', classifier='lda'),
    'content': dict(type='ContentBaseline'),
    'duration': dict(type='Duration'),
    'placement': dict(type='Placement'),
}
CUES = {
    'tcn': 'bones',
    'gru': 'tempo',
    'gcn': 'bones',
    'anthropometrics': 'bones',
    'anthropometrics-logistic': 'bones',
    'anthropometrics-boosting': 'bones',
    'kinematics': 'tempo',
    'kinematics-boosting': 'style',
    'class-aware': 'style',
    'class-centred': 'style',
    'class-centred-lda': 'bones',
    'duration': 'tempo',
}
ALL = {**NETS, **OTHERS}
CHANCE = 1 / SUBJECTS


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    @cache
    def load(cue, persons=1, layout='kinect_v1'):
        return halves(cue, tmp_path_factory.mktemp('clips'), persons=persons, layout=layout)

    return load


def fit(name, parts, seed=0) -> tuple[Attacker, object]:
    attacker = ATTACKERS.build(ALL[name])
    return attacker, attacker.fit(parts[0], parts[1], SUBJECTS, seed)


@pytest.fixture(scope='module')
def fitted(data):
    return cache(lambda name, cue: fit(name, data(cue)))


def accuracy(attacker, parts):
    return float((attacker.score(parts[2]).log_posterior.argmax(1) == parts[3]).mean())


@pytest.mark.parametrize('name', CUES)
def test_finds_the_cue(name, data, fitted):
    parts = data(CUES[name])
    attacker, report = fitted(name, CUES[name])
    assert report.train_accuracy > 0.6
    assert accuracy(attacker, parts) > 0.6
    scores = attacker.score(parts[2])
    np.testing.assert_allclose(np.exp(scores.log_posterior.astype(float)).sum(1), 1, atol=1e-4)
    assert scores.log_posterior.dtype == scores.embedding.dtype == np.float32
    # Clips of one person lie closer in the embedding.
    unit = scores.embedding / np.linalg.norm(scores.embedding, axis=1, keepdims=True)
    cosine, same = unit @ unit.T, parts[3][:, None] == parts[3][None]
    action = parts[2].actions[:, None] == parts[2].actions[None]
    other = ~np.eye(len(same), dtype=bool) & action
    assert cosine[same & other].mean() > cosine[~same & action].mean() + 0.1


@pytest.mark.parametrize('name', [n for n in ALL if n != 'placement'])
def test_is_at_chance_where_there_is_no_cue(name, data):
    parts = data(None)
    attacker, _ = fit(name, parts)
    count = len(parts[3])
    assert accuracy(attacker, parts) < CHANCE + 3.3 * np.sqrt(CHANCE * (1 - CHANCE) / count)


@pytest.mark.parametrize('name', ALL)
def test_same_seed_same_attacker(name, data, fitted):
    parts = data('bones')
    first, second = (a.score(parts[2]) for a in (fitted(name, 'bones')[0], fit(name, parts)[0]))
    np.testing.assert_array_equal(first.log_posterior, second.log_posterior)
    np.testing.assert_array_equal(first.embedding, second.embedding)


@pytest.mark.parametrize('name', NETS)
def test_another_seed_gives_another_network(name, data, fitted):
    parts = data('bones')
    first, second = (a.score(parts[2]) for a in (fitted(name, 'bones')[0], fit(name, parts, 1)[0]))
    assert np.abs(first.log_posterior - second.log_posterior).max() > 1e-3


@pytest.mark.parametrize('name', ALL)
def test_scores_of_a_clip_do_not_depend_on_the_others(name, data, fitted):
    parts = data('bones')
    attacker, _ = fitted(name, 'bones')
    whole = attacker.score(parts[2])
    alone = attacker.score(parts[2][np.array([5])])
    np.testing.assert_allclose(alone.log_posterior[0], whole.log_posterior[5], atol=2e-4)
    np.testing.assert_allclose(alone.embedding[0], whole.embedding[5], atol=2e-3)


@pytest.mark.parametrize('name', ALL)
@pytest.mark.parametrize('persons, layout', [(2, 'nturgb+d'), (1, 'coco')])
def test_reads_two_persons_and_other_layouts(name, persons, layout, data):
    if name == 'gcn':  # the default network, which fits any layout
        attacker = ATTACKERS.build(
            dict(type='GCN', length=8, training=dict(epochs=1, max_rounds=1, learning_rates=[0.01]))
        )
    else:
        attacker = ATTACKERS.build(ALL[name])
    view, labels = data('bones', persons, layout)[:2]
    report = attacker.fit(view, labels, SUBJECTS, 0)
    scores = attacker.score(view)
    assert np.isfinite(scores.log_posterior).all() and np.isfinite(scores.embedding).all()
    assert scores.log_posterior.shape == (len(view), SUBJECTS)
    if name in ('tcn', 'anthropometrics'):
        assert report.train_accuracy > 0.9


@pytest.mark.parametrize('name', NETS)
def test_what_was_learned_can_be_kept(name, data, fitted):
    parts = data('bones')
    attacker, _ = fitted(name, 'bones')
    state = attacker.state()
    assert all(isinstance(v, torch.Tensor) for v in state.values())
    other = ATTACKERS.build(ALL[name])
    other.load(state, SUBJECTS, parts[2])
    np.testing.assert_array_equal(
        other.score(parts[2]).log_posterior, attacker.score(parts[2]).log_posterior
    )


@pytest.mark.parametrize('name', ['tcn', 'gcn'])
def test_fine_tuning_starts_where_the_first_fit_ended(name, data, fitted):
    parts = data('bones')
    attacker, _ = fitted(name, 'bones')
    assert attacker.adapts
    slow = dict(ALL[name], training=dict(epochs=1, learning_rates=[1e-7], max_rounds=1, target=0))
    tuned, fresh = ATTACKERS.build(slow), ATTACKERS.build(slow)
    kept = tuned.fit(parts[0], parts[1], SUBJECTS, 0, start=attacker.state()).train_accuracy
    assert kept > 0.7
    assert kept > fresh.fit(parts[0], parts[1], SUBJECTS, 0).train_accuracy + 0.2
    # Another number of classes gets a head of its own on the same features.
    tuned.fit(parts[0], parts[0].actions, 3, 0, start=attacker.state())
    assert tuned.score(parts[2]).log_posterior.shape[1] == 3


@pytest.mark.parametrize('name', ALL)
def test_is_quiet_and_leaves_the_random_state(name, data, capfd):
    parts = data('bones')
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        attacker, _ = fit(name, parts)
        attacker.score(parts[2])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert capfd.readouterr() == ('', '')


def test_only_those_count_that_read_the_skeleton():
    counting = {name for name, cfg in ALL.items() if ATTACKERS.build(cfg).counts}
    assert counting == set(ALL) - {'content', 'duration', 'placement'}
    assert all(ATTACKERS.build(cfg).family for cfg in ALL.values())


def test_duration_reads_no_skeleton(data):
    for cue in ('bones', 'style'):
        attacker, _ = fit('duration', data(cue))
        assert accuracy(attacker, data(cue)) < CHANCE + 0.2
        assert not attacker.counts
