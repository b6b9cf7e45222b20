# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, top_k_accuracy_score

from mmskanon.evaluation import ActionAccuracy
from mmskanon.registry import METRICS


def test_values_equal_sklearn(make_samples, evaluate):
    samples = make_samples()
    found = evaluate(METRICS.build(dict(type='ActionAccuracy')), samples)
    scores = np.stack([s.pred_score.numpy() for s in samples])
    labels = np.array([s.gt_label.item() for s in samples])
    classes = np.arange(10)
    assert found == pytest.approx(
        {
            'action/top1': top_k_accuracy_score(labels, scores, k=1, labels=classes),
            'action/top5': top_k_accuracy_score(labels, scores, k=5, labels=classes),
            'action/mean_class': balanced_accuracy_score(labels, scores.argmax(1)),
            'action/chance': 1 / len(np.unique(labels)),
        }
    )
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize(('num_actions', 'has_top5'), [(4, False), (5, False), (6, True)])
def test_top5_needs_more_than_five_classes(make_samples, evaluate, num_actions, has_top5):
    found = evaluate(ActionAccuracy(), make_samples(num_actions=num_actions))
    assert ('action/top5' in found) is has_top5


def test_top1_is_always_reported(make_samples, evaluate):
    found = evaluate(ActionAccuracy(topk=3, prefix='h'), make_samples())
    assert set(found) == {'h/top1', 'h/top3', 'h/mean_class', 'h/chance'}


def test_half_precision_scores_are_read(make_samples, evaluate):
    samples = make_samples(4)
    for sample in samples:
        sample.pred_score = torch.nn.functional.one_hot(sample.gt_label[0], 10).to(torch.bfloat16)
    assert evaluate(ActionAccuracy(), samples)['action/top1'] == 1.0


def test_padding_of_the_last_batch_is_cut_off(make_samples, evaluate):
    samples = make_samples(9)
    metric = ActionAccuracy()
    metric.process(None, [s.to_dict() for s in [*samples, *samples[:3]]])
    assert metric.evaluate(9) == evaluate(ActionAccuracy(), samples)


def test_results_are_small_and_do_not_hold_the_graph(make_samples):
    metric = ActionAccuracy()
    sample = make_samples(1)[0]
    sample.pred_score = sample.pred_score.double().requires_grad_()
    metric.process(None, [sample.to_dict()])
    scores, label = metric.results[0]
    assert scores.dtype == np.float32 and scores.flags.owndata and type(label) is int


@pytest.mark.parametrize(
    ('field', 'part'), [('pred_score', 'recognizer'), ('gt_label', 'pipeline')]
)
def test_missing_field_names_its_producer(make_samples, evaluate, field, part):
    samples = make_samples(2)
    for sample in samples:
        delattr(sample, field)
    with pytest.raises(ValueError, match=f"'{field}', which sample 'clip_0' lacks.*{part}"):
        evaluate(ActionAccuracy(), samples)


def test_recognizer_with_too_few_classes_is_named(make_samples, evaluate):
    samples = make_samples()
    for sample in samples:
        sample.pred_score = sample.pred_score[:3]
    with pytest.raises(ValueError, match='classes 0 to 2 have scores.*num_classes'):
        evaluate(ActionAccuracy(), samples)


def test_diverged_model_is_named(make_samples, evaluate):
    samples = make_samples(3)
    samples[1].pred_score[0] = float('nan')
    with pytest.raises(ValueError, match="recognizer for sample 'clip_1' hold NaN"):
        evaluate(ActionAccuracy(), samples)


def test_several_labels_are_refused(make_samples, evaluate):
    samples = make_samples(1)
    samples[0].gt_label = torch.tensor([1, 2])
    with pytest.raises(ValueError, match='2 labels for the action'):
        evaluate(ActionAccuracy(), samples)


def test_nothing_to_evaluate_is_refused():
    with pytest.raises(ValueError, match='no samples'):
        ActionAccuracy().evaluate(0)


@pytest.mark.parametrize('topk', [0, (), (1, -5), (1.5,), True])
def test_bad_topk_is_refused(topk):
    with pytest.raises(ValueError, match='positive integers'):
        ActionAccuracy(topk=topk)
