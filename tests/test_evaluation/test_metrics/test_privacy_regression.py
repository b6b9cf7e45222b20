# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.stats import pearsonr

from mmskanon.evaluation import PrivacyAccuracy, PrivacyRegression, PrivacyUtilityArea
from mmskanon.registry import METRICS


@pytest.fixture
def aged(make_samples):
    def make(n=40):
        rng = np.random.default_rng(1)
        samples = make_samples(n)
        for sample in samples:
            age = float(rng.integers(20, 90))
            sample.gt_private['age'] = age
            for name, noise in (('adversary.age', 20.0), ('attacker.age', 5.0)):
                value = torch.tensor(age + rng.normal(scale=noise))
                sample.pred_private[name] = dict(attribute='age', value=value, role='attacker')
        return samples

    return make


def test_values_equal_references(aged, evaluate):
    samples = aged()
    found = evaluate(METRICS.build(dict(type='PrivacyRegression')), samples)
    labels = np.array([s.gt_private['age'] for s in samples])
    expected = {}
    for name in ('adversary.age', 'attacker.age'):
        values = np.array([s.pred_private[name]['value'].item() for s in samples])
        expected[f'privacy/{name}/mae'] = np.abs(values - labels).mean()
        expected[f'privacy/{name}/mean_mae'] = np.abs(labels - labels.mean()).mean()
        expected[f'privacy/{name}/median_mae'] = np.abs(labels - np.median(labels)).mean()
        expected[f'privacy/{name}/correlation'] = pearsonr(values, labels)[0]
    lowest = expected['privacy/attacker.age/mae']
    assert lowest < expected['privacy/adversary.age/mae']
    expected['privacy/strongest_mae/age'] = lowest
    assert found == pytest.approx(expected)
    assert all(type(value) is float for value in found.values())


def test_accuracies_leave_numbers_aside(aged, make_samples, evaluate):
    for metric in (PrivacyAccuracy, PrivacyUtilityArea):
        assert evaluate(metric(), aged()) == evaluate(metric(), make_samples(40))


def test_nothing_of_a_kind_is_an_error(aged, make_samples, evaluate):
    with pytest.raises(ValueError, match='predict classes: use PrivacyAccuracy'):
        evaluate(PrivacyRegression(), make_samples(2))
    samples = aged(2)
    for sample in samples:
        sample.pred_private = {k: v for k, v in sample.pred_private.items() if 'value' in v}
    with pytest.raises(ValueError, match='predict numbers: use PrivacyRegression'):
        evaluate(PrivacyAccuracy(), samples)


def test_faults_are_named(aged, evaluate):
    samples = aged(3)
    samples[1].pred_private['attacker.age']['value'] *= float('nan')
    with pytest.raises(ValueError, match="'attacker.age' for sample 'clip_1' is nan.*diverged"):
        evaluate(PrivacyRegression(), samples)
    samples = aged(3)
    del samples[2].pred_private['attacker.age']
    with pytest.raises(ValueError, match="'attacker.age' predicted 2 of 3 samples"):
        evaluate(PrivacyRegression(), samples)
    samples = aged(1)
    samples[0].pred_private['strongest_mae'] = samples[0].pred_private['attacker.age']
    with pytest.raises(ValueError, match="named 'strongest_mae'"):
        evaluate(PrivacyRegression(), samples)


def test_padding_of_the_last_batch_is_cut_off(aged, evaluate):
    samples = aged(9)
    metric = PrivacyRegression()
    metric.process(None, [s.to_dict() for s in [*samples, *samples[:3]]])
    assert metric.evaluate(9) == evaluate(PrivacyRegression(), samples)
