# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Figures of answers against scikit-learn and loops."""

import numpy as np
import pytest
from audit_recordings import recordings
from scipy.stats import binom, norm
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from mmskanon.audit.judging import Answers
from mmskanon.audit.measures import Yardstick, strongest
from mmskanon.audit.tasks import attribute_task, closed_task, open_task
from mmskanon.audit.trials import trial_list
from mmskanon.evaluation.functional import equal_error_rate


def yard(original, task, resamples=200):
    lists = {
        name: trial_list(
            np.concatenate([f.enrolment for f in task.folds]),
            task.test,
            task.labels,
            original.actions,
            original.take_numbers(),
            matched,
            10**5,
            0,
        )
        for name, matched in (('matched', True), ('across', False))
    }
    return Yardstick(task, lists, original, resamples, 0)


def answers_of(made, strength, seed=0):
    rng = np.random.default_rng(seed)
    task = made.task
    logits = rng.normal(size=(len(task.test), task.num_classes))
    logits[np.arange(len(task.test)), task.labels[task.test]] += strength
    pairs = {n: rng.normal(size=len(t)) + strength * t.genuine for n, t in made.trials.items()}
    return Answers(logits - np.log(np.exp(logits).sum(1, keepdims=True)), pairs)


def test_the_lowest_of_many_guessed_error_rates_stays_above_the_bound(record):
    original = record(recordings(n_subjects=7))
    made = yard(original, closed_task(original))
    genuine = made.trials['matched'].genuine
    rng = np.random.default_rng(1)
    lowest = [
        min(equal_error_rate(rng.normal(size=len(genuine)), genuine) for _ in range(20))
        for _ in range(100)
    ]
    bound = made.eer_bound(20)
    assert 0.88 <= np.mean(np.array(lowest) > bound) <= 1
    # Not so low that it says nothing: the formula for pairs that are guessed one by one.
    spread = 0.25 * np.sqrt(1 / genuine.sum() + 1 / (~genuine).sum())
    assert bound == pytest.approx(0.5 + norm.ppf(0.05 / 20) * spread, abs=0.02)
    assert made.eer_bound(1) > bound > made.eer_bound(1000)
    knows = made.measure(answers_of(made, 1.5))
    assert knows['eer'] < bound
    assert Yardstick(made.task, {}, original, 10, 0).eer_bound(20) is None


def test_figures_are_those_of_scikit_learn(record):
    original = record(recordings(n_subjects=7))
    made = yard(original, closed_task(original))
    answers = answers_of(made, 1.5)
    found = made.measure(answers)
    guess, truth = answers.log_posterior.argmax(1), made.labels
    assert found['rank1'] == pytest.approx((guess == truth).mean())
    assert found['balanced'] == pytest.approx(balanced_accuracy_score(truth, guess))
    best = np.argsort(-answers.log_posterior, axis=1)[:, :5]
    assert found['rank5'] == pytest.approx((best == truth[:, None]).any(1).mean())
    genuine = made.trials['matched'].genuine
    assert found['auc'] == pytest.approx(roc_auc_score(genuine, answers.pairs['matched']))
    assert (
        0 < found['eer'] < 0.5
        and found['eer_interval'][0] <= found['eer'] <= found['eer_interval'][1]
    )
    for value, rate in found['per_class'].items():
        mine = truth == made.task.values.index(int(value))
        assert rate == pytest.approx((guess[mine] == truth[mine]).mean())
    assert found['worst_decile'] == pytest.approx(max(found['per_class'].values()))
    low, high = found['rank1_interval']
    assert low <= found['rank1'] <= high
    assert made.chance == pytest.approx(1 / 7)


def test_guessing_is_at_chance_and_below_the_bound(record):
    original = record(recordings(n_subjects=6, n_actions=6))
    made = yard(original, closed_task(original))
    found = made.measure(answers_of(made, 0.0))
    assert found['rank1'] <= made.guess_bound(11)
    assert found['eer'] == pytest.approx(0.5, abs=0.12)
    assert made.guess_bound(1) < made.guess_bound(50) < 0.6


def test_attributes_are_guessed_for_people_and_people_for_clips(record):
    original = record(recordings(n_subjects=40, genders=True))
    by_clip, by_person = (
        Yardstick(task, {}, original, 10, 0)
        for task in (closed_task(original), attribute_task(original, 'gender'))
    )
    assert by_clip.leak_bound(5) == by_clip.guess_bound(5)
    majority = by_person.describe()['majority']
    expected = binom.isf(0.05 / 5, 40, majority) / 40
    assert by_person.leak_bound(5) == pytest.approx(expected)
    assert expected > by_person.guess_bound(5)
    few = record(recordings(n_subjects=4, genders=True))
    assert Yardstick(attribute_task(few, 'gender', 2), {}, few, 10, 0).leak_bound(5) == 1


def test_resamples_without_a_kind_of_pairs_give_no_interval(record):
    original = record(recordings(n_subjects=2))
    made = yard(original, closed_task(original), resamples=1)
    found = []
    for made.seed in range(10):
        found.append(made.measure(answers_of(made, 1.5)))
    assert all(f['eer'] is not None for f in found)
    # One person drawn twice leaves no impostor.
    assert {f['eer_interval'] is None for f in found} == {True, False}


def test_the_same_figures_with_the_same_seed(record):
    original = record(recordings())
    task = closed_task(original)
    a, b = (yard(original, task).measure(answers_of(yard(original, task), 1.0)) for _ in range(2))
    assert a == b


def test_strangers_are_linked_and_not_named(record):
    original = record(recordings(n_subjects=5))
    made = yard(original, open_task(original))
    found = made.measure(answers_of(made, 1.0))
    assert found['rank1'] is None and found['per_class'] is None and found['eer'] < 0.5


def test_an_attribute_is_named_by_value_and_measured_by_person(record):
    original = record(recordings(n_subjects=6, genders=True))
    task = attribute_task(original, 'gender')
    made = Yardstick(task, {}, original, 100, 0)
    found = made.measure(answers_of(made, 1.0))
    assert set(found['per_class']) == {'f', 'm'} and found['eer'] is None and found['rank5'] is None
    assert made.describe()['values'] == ['f', 'm']
    people = np.array(original.values('subject'))[task.test]
    right = answers_of(made, 1.0).log_posterior.argmax(1) == made.labels
    assert found['worst_decile'] == pytest.approx(
        max(right[people == p].mean() for p in set(people))
    )


def test_a_clip_without_an_answer_is_an_error(record):
    original = record(recordings())
    made = yard(original, closed_task(original))
    answers = answers_of(made, 1.0)
    answers.log_posterior[3] = np.nan
    with pytest.raises(ValueError, match='no answer for a clip'):
        made.measure(answers)


def test_donors_and_others_apart(record):
    original = record(recordings())
    made = yard(original, closed_task(original))
    answers = answers_of(made, 1.0)
    right = answers.log_posterior.argmax(1) == made.labels
    found = made.groups(answers, [1, 2])
    known = np.isin(made.labels, [0, 1])
    assert found['donors'] == dict(clips=int(known.sum()), rank1=pytest.approx(right[known].mean()))
    assert found['others']['rank1'] == pytest.approx(right[~known].mean())
    assert made.groups(answers, [1, 2, 3, 4])['others']['rank1'] is None


def test_the_strongest_counts_and_has_a_rank():
    attackers = dict(a=dict(counts=True), b=dict(counts=True), c=dict(counts=False))
    figures = dict(a=dict(rank1=0.3), b=dict(rank1=0.4), c=dict(rank1=0.9))
    assert strongest(figures, attackers) == 'b'
    figures['b']['rank1'] = None
    assert strongest(figures, attackers) == 'a'
    assert strongest(dict(c=dict(rank1=0.9)), attackers) is None
