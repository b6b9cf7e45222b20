# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, top_k_accuracy_score

from mmskanon.evaluation import PrivacyAccuracy
from mmskanon.registry import METRICS


def _arrays(samples, name, attribute):
    scores = np.stack([s.pred_private[name]['score'].numpy() for s in samples])
    return scores, np.array([s.gt_private[attribute] for s in samples])


def test_values_equal_sklearn(make_samples, evaluate):
    samples = make_samples()
    found = evaluate(METRICS.build(dict(type='PrivacyAccuracy')), samples)
    expected = {}
    for name in ('adversary.subject', 'stgcn.subject'):
        scores, labels = _arrays(samples, name, 'subject')
        for k in (1, 5):
            expected[f'privacy/{name}/top{k}'] = top_k_accuracy_score(
                labels, scores, k=k, labels=np.arange(8)
            )
        expected[f'privacy/{name}/balanced'] = balanced_accuracy_score(labels, scores.argmax(1))
        expected[f'privacy/{name}/chance'] = 1 / len(np.unique(labels))
        expected[f'privacy/{name}/majority'] = np.bincount(labels).max() / len(labels)
    scores, labels = _arrays(samples, 'stgcn.gender', 'gender')
    gender = np.mean(scores.argmax(1) == labels)
    expected['privacy/stgcn.gender/top1'] = gender
    expected['privacy/stgcn.gender/balanced'] = balanced_accuracy_score(labels, scores.argmax(1))
    expected['privacy/stgcn.gender/chance'] = 0.5
    expected['privacy/stgcn.gender/majority'] = np.bincount(labels).max() / len(labels)
    subject = [expected[f'privacy/{n}/top1'] for n in ('adversary.subject', 'stgcn.subject')]
    assert subject[1] > subject[0]
    expected['privacy/strongest/subject'] = subject[1]
    expected['privacy/strongest/gender'] = gender
    assert found == pytest.approx(expected)
    assert all(type(value) is float for value in found.values())


def test_known_answers_perfect_inverted_and_collapsed(make_samples, evaluate):
    samples = make_samples(60)
    for sample in samples:
        own = torch.nn.functional.one_hot(torch.tensor(sample.gt_private['subject']), 8).float()
        sample.pred_private = {
            name: dict(attribute='subject', score=score, role='attacker')
            for name, score in (('perfect', own), ('inverted', -own), ('collapsed', own * 0))
        }
    found = evaluate(PrivacyAccuracy(), samples)
    assert found['privacy/perfect/top1'] == found['privacy/perfect/balanced'] == 1.0
    assert found['privacy/inverted/top1'] == found['privacy/inverted/balanced'] == 0.0
    assert found['privacy/collapsed/top1'] == found['privacy/collapsed/balanced'] == 0.125
    assert found['privacy/collapsed/chance'] == 0.125
    assert found['privacy/strongest/subject'] == 1.0


def test_padding_of_the_last_batch_is_cut_off(make_samples, evaluate):
    samples = make_samples(9)
    metric = PrivacyAccuracy()
    metric.process(None, [s.to_dict() for s in [*samples, *samples[:3]]])
    assert metric.evaluate(9) == evaluate(PrivacyAccuracy(), samples)


@pytest.mark.parametrize(
    ('field', 'part'), [('pred_private', 'adversaries, attackers'), ('gt_private', 'data set')]
)
@pytest.mark.parametrize('how', ['absent', 'empty'])
def test_missing_field_names_its_producer(make_samples, evaluate, field, part, how):
    samples = make_samples(2)
    for sample in samples:
        delattr(sample, field)
        if how == 'empty':
            setattr(sample, field, {})
    with pytest.raises(ValueError, match=f"'{field}', which sample 'clip_0' lacks.*{part}"):
        evaluate(PrivacyAccuracy(), samples)


def test_unlabelled_attribute_is_named(make_samples, evaluate):
    samples = make_samples(2)
    samples[1].gt_private = dict(subject=1)
    with pytest.raises(ValueError, match="'stgcn.gender' predicts.*'gender', but sample 'clip_1'"):
        evaluate(PrivacyAccuracy(), samples)


def test_classifier_that_skips_samples_is_named(make_samples, evaluate):
    samples = make_samples(5)
    del samples[3].pred_private['stgcn.gender']
    with pytest.raises(ValueError, match="'stgcn.gender' predicted 4 of 5 samples"):
        evaluate(PrivacyAccuracy(), samples)


def test_name_of_the_summary_is_reserved(make_samples, evaluate):
    samples = make_samples(1)
    samples[0].pred_private['strongest'] = samples[0].pred_private.pop('stgcn.gender')
    with pytest.raises(ValueError, match="named 'strongest'"):
        evaluate(PrivacyAccuracy(), samples)


def test_diverged_attacker_is_an_error_not_privacy(make_samples, evaluate):
    samples = make_samples(1)
    samples[0].pred_private['stgcn.subject']['score'] *= float('nan')
    with pytest.raises(ValueError, match="'stgcn.subject' for sample 'clip_0' hold NaN"):
        evaluate(PrivacyAccuracy(), samples)
