# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A private number, read by a regressor alone, as adversary and as attacker."""

import doctest

import numpy as np
import pytest
import torch
from builders import action_head, batch, privacy_head, tiny_model, tiny_net
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope

from mmskanon.models import AdversaryBank, PrivacyRegressionHead
from mmskanon.models.adversaries import regression_head
from mmskanon.models.recognizers import FusedRecognizer
from mmskanon.registry import MODELS

MEAN, STD = 50.0, 20.0


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmskanon')
    torch.manual_seed(0)


def age_head(**kwargs) -> dict:
    return dict(type='PrivacyRegressionHead', attribute='age', mean=MEAN, std=STD, **kwargs)


def aged_batch(n=6, clips=1, seed=0):
    """Clips whose size tells the age."""
    data = batch(n=n, seed=seed)
    rng = np.random.default_rng(seed)
    for i, sample in enumerate(data['data_samples']):
        age = float(rng.uniform(20, 80))
        sample.gt_private['age'] = age
        data['inputs'][i] = (data['inputs'][i] * (age / 50)).repeat(clips, 1, 1, 1, 1)
    return data


def ages(data):
    return np.array([s.gt_private['age'] for s in data['data_samples']])


@pytest.mark.parametrize('loss', ['mse', 'smooth_l1'])
def test_loss_is_on_standardized_values(loss):
    net = MODELS.build(tiny_net(age_head(loss=loss))).eval()
    data = net.data_preprocessor(aged_batch())
    losses = net(**data, mode='loss')
    outputs, _ = net.extract_feat(data['inputs'], stage='head')
    assert outputs.shape == (6, 1)
    error = outputs.detach().numpy()[:, 0] - (ages(data) - MEAN) / STD
    small = 0.5 * error**2
    expected = error**2 if loss == 'mse' else np.where(abs(error) < 1, small, abs(error) - 0.5)
    assert losses['loss_reg'].item() == pytest.approx(expected.mean(), rel=1e-5)
    assert losses['mae'].item() == pytest.approx(abs(error).mean() * STD, rel=1e-5)
    assert losses['guess'].item() == pytest.approx(abs(ages(data) - MEAN).mean(), rel=1e-5)
    assert losses['loss_reg'].requires_grad and not losses['mae'].requires_grad


def test_predicts_values_in_the_unit_averaged_over_clips():
    net = MODELS.build(tiny_net(age_head())).eval()
    data = net.data_preprocessor(aged_batch(n=2))
    data['inputs'] = torch.cat([data['inputs'], data['inputs'] * 0.5], dim=1)
    samples = net(**data, mode='predict')
    outputs, _ = net.extract_feat(data['inputs'], stage='head')
    expected = (MEAN + STD * outputs.view(2, 2)).mean(1)
    for sample, value in zip(samples, expected, strict=True):
        prediction = sample.pred_private['age']
        assert prediction['value'].item() == pytest.approx(value.item())
        assert (prediction['attribute'], prediction['role']) == ('age', 'classifier')
        assert 'score' not in prediction


def test_learns_an_age_that_can_be_seen():
    net = MODELS.build(tiny_net(age_head(), data_bn_type=None))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for step in range(60):
        data = net.data_preprocessor(aged_batch(n=16, seed=step))
        loss = net(**data, mode='loss')['loss_reg']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    data = net.eval().data_preprocessor(aged_batch(n=32, seed=1000))
    with torch.no_grad():
        logs = net(**data, mode='loss')
    assert logs['mae'] < 0.5 * logs['guess']


def test_shares_a_bank_with_classifiers():
    on_shared = dict(head=age_head(in_channels=8), backbone_of='subject')
    bank = AdversaryBank(
        dict(
            subject=dict(net=tiny_net(privacy_head())),
            age=dict(net=tiny_net(action_head()), head=age_head(num_classes=1)),
            shared=on_shared,
        )
    )
    data = aged_batch()
    labels = bank.labels(data['data_samples'])
    assert labels['subject'].dtype == torch.long
    np.testing.assert_allclose(labels['age'].numpy(), ages(data), rtol=1e-6)
    shapes = {n: tuple(v.shape) for n, v in bank(torch.randn(6, 1, 12, 20, 3)).items()}
    assert shapes == dict(subject=(6, 4), age=(6, 1), shared=(6, 1))


def whole_model(tmp_path):
    net = MODELS.build(tiny_net(age_head()))
    torch.save(net.state_dict(), tmp_path / 'age.pth')
    attacker = dict(net=tiny_net(age_head()), checkpoint=str(tmp_path / 'age.pth'))
    members = dict(subject=dict(net=tiny_net(privacy_head())), years=dict(net=tiny_net(age_head())))
    cfg = tiny_model(
        adversary=dict(type='AdversaryBank', members=members), attackers=dict(age=attacker)
    )
    cfg['losses']['privacy']['attributes'] = ['subject']
    cfg['losses']['age'] = dict(type='PrivacySquaredEstimate', weight=0.5, attributes=['age'])
    return MODELS.build(cfg)


def wrapper(module):
    return OptimWrapper(torch.optim.SGD(module.parameters(), lr=0.01))


def test_both_phases_against_a_number(tmp_path):
    model = whole_model(tmp_path)
    logs = model.adversary_step(aged_batch(), wrapper(model.adversary))
    assert {k.removeprefix('adversary/') for k in logs} == {
        *('loss', 'loss_subject', 'acc_subject', 'chance_subject'),
        *('loss_years', 'mae_years', 'guess_years'),
    }
    assert logs['adversary/loss'] == logs['adversary/loss_subject'] + logs['adversary/loss_years']
    before = model.anonymizer.blocks[0].fc2.weight.clone()
    logs = model.anonymizer_step(aged_batch(), wrapper(model.anonymizer))
    assert logs['anonymizer/loss_age'] > 0
    assert not torch.equal(model.anonymizer.blocks[0].fc2.weight, before)


def test_the_anonymizer_loss_pulls_the_estimate_to_the_mean(tmp_path):
    model = whole_model(tmp_path)
    torch.nn.init.constant_(model.adversary.head('years').fc.bias, 1.5)
    del model.losses['action'], model.losses['privacy'], model.losses['reconstruction']
    optimizer = OptimWrapper(torch.optim.Adam(model.anonymizer.parameters(), lr=0.01))
    values = [
        model.anonymizer_step(aged_batch(), optimizer)['anonymizer/loss_age'] for _ in range(40)
    ]
    assert values[-1] < 0.5 * values[0]


def test_adversary_and_attacker_predict_values(tmp_path):
    model = whole_model(tmp_path).eval()
    data = model.data_preprocessor(aged_batch(n=3, clips=2))
    samples = model(**data, mode='predict')
    skeletons = model.anonymizer(data['inputs'].flatten(0, 1))
    expected = (MEAN + STD * model.attackers['age'](skeletons)).view(3, 2).mean(1)
    for sample, value in zip(samples, expected, strict=True):
        private = sample.pred_private
        assert set(private) == {'adversary.subject', 'adversary.years', 'attacker.age'}
        assert private['attacker.age']['value'].item() == pytest.approx(value.item(), rel=1e-5)
        assert private['attacker.age']['role'] == 'attacker'
        assert private['adversary.years']['role'] == 'adversary'
        assert private['adversary.subject']['score'].shape == (4,)


def test_regressors_cannot_be_fused_as_scores():
    with pytest.raises(ValueError, match="estimate 'age' as a number.*name each net on its own"):
        FusedRecognizer(dict(a=dict(net=tiny_net(age_head())), b=dict(net=tiny_net(age_head()))))


def test_class_and_number_are_not_confused():
    samples = aged_batch()['data_samples']
    subject = MODELS.build(dict(privacy_head(attribute='age'), in_channels=8))
    with pytest.raises(ValueError, match="'age' is given as a number.*PrivacyRegressionHead"):
        subject.labels(samples)
    number = MODELS.build(dict(age_head(in_channels=8), attribute='subject'))
    with pytest.raises(ValueError, match="'subject' is given as a class index"):
        number.labels(samples)
    with pytest.raises(KeyError, match="s0 carries no private label 'height'"):
        MODELS.build(dict(age_head(in_channels=8), attribute='height')).labels(samples)


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        (dict(std=0.0), 'std a positive one, found 50.0 and 0.0'),
        (dict(mean=float('nan')), 'mean must be a number'),
        (dict(loss='l1'), r"loss must be one of \['mse', 'smooth_l1'\], found 'l1'"),
        (dict(num_classes=40), 'one output, found num_classes=40'),
    ],
)
def test_mistakes_in_the_config_fail_when_built(wrong, message):
    cfg = dict(attribute='age', in_channels=8, mean=MEAN, std=STD)
    with pytest.raises(ValueError, match=message):
        PrivacyRegressionHead(**{**cfg, **wrong})


def test_examples():
    results = doctest.testmod(regression_head)
    assert results.attempted >= 4 and results.failed == 0
