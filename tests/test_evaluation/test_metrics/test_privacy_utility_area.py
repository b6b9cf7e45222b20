# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest

from mmskanon.evaluation import ActionAccuracy, PrivacyAccuracy, PrivacyUtilityArea
from mmskanon.registry import METRICS


@pytest.fixture
def parts(make_samples, evaluate):
    samples = make_samples()
    values = evaluate([ActionAccuracy(), PrivacyAccuracy()], samples)
    return samples, values


def test_area_is_action_times_not_strongest_for_every_attribute(parts, evaluate):
    samples, values = parts
    found = evaluate(METRICS.build(dict(type='PrivacyUtilityArea')), samples)
    assert found == pytest.approx(
        {
            f'area/{a}': values['action/top1'] * (1 - values[f'privacy/strongest/{a}'])
            for a in ('subject', 'gender')
        }
    )


def test_one_attribute_and_one_classifier(parts, evaluate):
    samples, values = parts
    found = evaluate(PrivacyUtilityArea('subject', privacy='adversary.subject'), samples)
    expected = values['action/top1'] * (1 - values['privacy/adversary.subject/top1'])
    assert found == pytest.approx({'area/subject': expected})
    assert set(evaluate(PrivacyUtilityArea('gender'), samples)) == {'area/gender'}


@pytest.mark.parametrize(
    'options',
    [
        dict(attribute='age'),
        dict(privacy='nobody'),
        dict(attribute='gender', privacy='stgcn.subject'),
    ],
)
def test_unknown_choice_lists_what_there_is(parts, evaluate, options):
    with pytest.raises(ValueError, match="'stgcn.gender': 'gender'"):
        evaluate(PrivacyUtilityArea(**options), parts[0])


@pytest.mark.parametrize('field', ['pred_score', 'pred_private'])
def test_both_sides_are_needed(parts, evaluate, field):
    for sample in parts[0]:
        delattr(sample, field)
    with pytest.raises(ValueError, match=f"PrivacyUtilityArea needs the field '{field}'"):
        evaluate(PrivacyUtilityArea(), parts[0])


def test_padding_of_the_last_batch_is_cut_off(make_samples, evaluate):
    samples = make_samples(9)
    metric = PrivacyUtilityArea()
    metric.process(None, [s.to_dict() for s in [*samples, *samples[:3]]])
    assert metric.evaluate(9) == evaluate(PrivacyUtilityArea(), samples)
