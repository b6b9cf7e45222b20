# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Answers from scores, against loops."""

import numpy as np
import pytest

from mmskanon.audit.attackers import Scores
from mmskanon.audit.judging import answer, target_of
from mmskanon.audit.tasks import Fold, Task
from mmskanon.audit.trials import trial_list

N, K, D = 40, 4, 6


@pytest.fixture
def world():
    rng = np.random.default_rng(0)
    labels = np.arange(N) % K
    takes = np.arange(N) // 2  # two cameras film each take... of two people, which must not matter
    takes = np.array([labels[i] * 100 + i // 8 for i in range(N)])
    return rng, labels, takes, np.zeros(N, int)


def scores(rng, rows, labels, strength=2.0):
    logits = rng.normal(size=(len(rows), K))
    logits[np.arange(len(rows)), labels[rows]] += strength
    embedding = rng.normal(size=(len(rows), D))
    return Scores(
        (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32),
        embedding.astype(np.float32),
    )


def task_of(labels, folds, kind='closed'):
    return Task('subject', 'subject', kind, labels, list(range(K)), folds, '')


def test_posteriors_are_averaged_over_seeds_and_multiplied_over_pairs(world):
    rng, labels, takes, actions = world
    fold = Fold(np.arange(16), np.arange(16, N))
    task = task_of(labels, (fold,))
    trials = dict(matched=trial_list(fold.test, fold.test, labels, actions, takes, True, 10**6, 0))
    seeds = [scores(rng, target_of(fold), labels) for _ in range(2)]
    made = answer(task, [[s] for s in seeds], [[s] for s in seeds], trials, takes, False)
    mean = np.mean([np.exp(s.log_posterior) for s in seeds], axis=0)
    np.testing.assert_allclose(np.exp(made.log_posterior), mean, rtol=1e-4)
    for (a, b), value in list(zip(trials['matched'].pairs, made.pairs['matched'], strict=True))[
        :20
    ]:
        expected = np.mean(
            [
                np.log(
                    sum(
                        np.exp(s.log_posterior[a - 16, k] + s.log_posterior[b - 16, k])
                        for k in range(K)
                    )
                )
                for s in seeds
            ]
        )
        assert value == pytest.approx(expected, rel=1e-4)


def test_enrolment_and_trial_files_are_not_confused(world):
    rng, labels, takes, actions = world
    fold = Fold(np.arange(16), np.arange(16, N))
    task = task_of(labels, (fold,))
    trials = dict(matched=trial_list(fold.test, fold.test, labels, actions, takes, True, 10**6, 0))
    enrol, trial = (scores(rng, target_of(fold), labels) for _ in range(2))
    made = answer(task, [[enrol]], [[trial]], trials, takes, False)
    a, b = trials['matched'].pairs[5] - 16
    expected = np.log(np.exp(enrol.log_posterior[a] + trial.log_posterior[b]).sum())
    assert made.pairs['matched'][5] == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(made.log_posterior, trial.log_posterior, rtol=1e-5)


def test_templates_leave_out_the_occasion_that_is_tried(world):
    rng, labels, _, _ = world
    occasions = np.arange(N) // 5
    fold = Fold(np.arange(16), np.arange(16, N))
    task = task_of(labels, (fold,))
    made_of = scores(rng, target_of(fold), labels)
    got = answer(task, [[made_of]], [[made_of]], {}, occasions, True).log_posterior
    x = made_of.embedding.astype(np.float64)
    x = x - x.mean(axis=0)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    for i, position in enumerate(fold.test):
        cosine = np.zeros(K)
        for k in range(K):
            others = [
                j
                for j, p in enumerate(fold.test)
                if labels[p] == k and occasions[p] != occasions[position]
            ]
            template = x[others].sum(axis=0)
            cosine[k] = x[i] @ template / np.linalg.norm(template)
        assert got[i].argmax() == cosine.argmax()
        np.testing.assert_allclose(got[i] - got[i].max(), 10 * (cosine - cosine.max()), atol=1e-6)


@pytest.mark.parametrize('noise', [0.05, 0.3, 1.0])
def test_who_reads_actions_alone_names_people_by_guessing(noise):
    """Not less often either, which would flatter."""
    people, actions, repetitions = 8, 27, 2
    person, action, repetition = (x.ravel() for x in np.mgrid[:people, :actions, :repetitions])
    rng, hits = np.random.default_rng(0), []
    everyone = np.arange(len(person))
    task = Task(
        'subject',
        'subject',
        'closed',
        person,
        list(range(people)),
        (Fold(everyone[:0], everyone),),
        '',
    )
    for _ in range(20):
        embedding = rng.normal(size=(actions, 32))[action] + noise * rng.normal(
            size=(len(person), 32)
        )
        said = Scores(np.zeros((len(person), people), np.float32), embedding.astype(np.float32))
        occasions = action * repetitions + repetition
        found = answer(task, [[said]], [[said]], {}, occasions, True).log_posterior
        hits.append((found.argmax(axis=1) == person).mean())
    assert np.mean(hits) == pytest.approx(1 / people, abs=4 * np.sqrt(0.11 / (20 * len(person))))


def test_a_leaky_embedding_is_found_by_template_and_noise_is_not(world):
    rng, labels, takes, _ = world
    fold = Fold(np.arange(16), np.arange(16, N))
    task = task_of(labels, (fold,))
    noise = scores(rng, target_of(fold), labels, 0)
    leaky = Scores(noise.log_posterior, noise.embedding + 5 * np.eye(K, D)[labels[target_of(fold)]])
    hits = [
        (
            answer(task, [[s]], [[s]], {}, takes, True).log_posterior.argmax(1) == labels[fold.test]
        ).mean()
        for s in (noise, leaky)
    ]
    assert hits[1] == 1.0 and hits[0] < 0.6


def test_folds_of_strangers_share_a_scale(world):
    rng, labels, takes, actions = world
    folds = (Fold(np.arange(20, N), np.arange(20)), Fold(np.arange(20), np.arange(20, N)))
    task = task_of(labels, folds, 'open')
    lists = [trial_list(f.test, f.test, labels, actions, takes, True, 10**6, 0) for f in folds]
    from mmskanon.audit.trials import Trials

    trials = dict(
        matched=Trials(
            np.concatenate([t.pairs for t in lists]), np.concatenate([t.genuine for t in lists])
        )
    )
    judged = [scores(rng, target_of(f), labels) for f in folds]
    judged[1] = Scores(judged[1].log_posterior, judged[1].embedding * 50)
    pairs = answer(task, [judged], [judged], trials, takes, False).pairs['matched']
    for part in (pairs[: len(lists[0])], pairs[len(lists[0]) :]):
        assert part.mean() == pytest.approx(0, abs=1e-9) and part.std() == pytest.approx(1)
    assert np.isfinite(answer(task, [judged], [judged], trials, takes, False).log_posterior).all()


def test_what_is_ruled_out_stays_so_where_folds_share_a_scale(world):
    """Boosted trees may give no chance at all to a class; its logarithm is -inf."""
    rng, labels, takes, actions = world
    folds = (Fold(np.arange(20, N), np.arange(20)), Fold(np.arange(20), np.arange(20, N)))
    task = task_of(labels, folds)
    trials = dict(
        matched=trial_list(np.arange(20), np.arange(20), labels, actions, takes, True, 10**6, 0)
    )
    sure, other = (scores(rng, target_of(f), labels) for f in folds)
    sure.log_posterior[:4] = np.where(np.eye(K)[labels[:4]], 0, -np.inf)
    made = answer(task, [[sure, other]], [[sure, other]], trials, takes, False).pairs['matched']
    (a, b), genuine = trials['matched'].pairs.T, trials['matched'].genuine
    both = (a < 4) & (b < 4)
    assert both.any() and not np.isnan(made).any()
    assert (np.isneginf(made) == (both & ~genuine)).all()
    assert made[np.isfinite(made)].mean() == pytest.approx(0, abs=1e-6)
