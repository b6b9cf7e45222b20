# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Intervals and bounds: by loops, by coverage, and in degenerate cases."""

import numpy as np
import pytest
from scipy.stats import binom

from mmskanon.evaluation.functional import (
    chance_upper_bound,
    equal_error_rate,
    mean_interval,
    pair_interval,
)


def test_the_interval_is_that_of_drawing_people_one_by_one():
    rng = np.random.default_rng(0)
    people = rng.integers(6, size=100)
    values = rng.random(100) < (people + 1) / 8
    means = []
    for draw in np.random.default_rng(5).multinomial(6, np.full(6, 1 / 6), size=400):
        chosen = [v for p in range(6) for _ in range(draw[p]) for v in values[people == p]]
        means.append(np.mean(chosen))
    expected = np.percentile(means, [2.5, 97.5])
    np.testing.assert_allclose(mean_interval(values, people, 400, 5), expected)


def test_people_who_differ_make_it_wider_than_clips_would():
    people = np.repeat(np.arange(8), 50)
    values = people < 4  # each person always or never
    low, high = mean_interval(values, people)
    assert high - low > 0.5
    low, high = mean_interval(np.tile([0, 1], 200), people)
    assert high - low < 0.05


def test_it_covers_the_truth_about_as_often_as_promised():
    rng, hits = np.random.default_rng(3), 0
    for seed in range(100):
        rate = rng.beta(4, 4, size=30)
        people = np.repeat(np.arange(30), 20)
        low, high = mean_interval(rng.random(600) < rate[people], people, 200, seed)
        hits += low <= 0.5 <= high
    assert 85 <= hits <= 100


def test_one_person_has_no_spread():
    assert mean_interval([1, 0, 1, 1], [7, 7, 7, 7]) == (0.75, 0.75)


def test_pairs_count_as_often_as_their_persons_were_drawn():
    rng = np.random.default_rng(1)
    people = rng.integers(5, size=(200, 2))
    genuine = people[:, 0] == people[:, 1]
    scores = rng.normal(size=200) + genuine
    found = []
    for draw in np.random.default_rng(2).multinomial(5, np.full(5, 0.2), size=50):
        times = [draw[a] if a == b else draw[a] * draw[b] for a, b in people]
        s, g = np.repeat(scores, times), np.repeat(genuine, times)
        if g.any() and not g.all():
            found.append(equal_error_rate(s, g))
    expected = np.percentile(found, [2.5, 97.5])
    got = pair_interval(equal_error_rate, scores, genuine, people, 50, 2)
    np.testing.assert_allclose(got, expected)


def test_long_lists_are_measured_in_part():
    rng = np.random.default_rng(1)
    people = rng.integers(20, size=(30000, 2))
    genuine = people[:, 0] == people[:, 1]
    scores = rng.normal(size=30000) + genuine
    low, high = pair_interval(equal_error_rate, scores, genuine, people, 100, 0, max_pairs=5000)
    assert low < equal_error_rate(scores, genuine) < high


def test_two_people_can_leave_nothing_to_measure():
    people = np.array([[0, 1], [0, 1], [1, 1]])
    low, high = pair_interval(
        equal_error_rate, np.array([1.0, 2, 3]), np.array([False, False, True]), people, 20
    )
    assert np.isfinite([low, high]).all()
    nothing = pair_interval(
        equal_error_rate, np.array([1.0, 2.0]), np.array([True, True]), people[:2] * 0, 20
    )
    assert np.isnan(nothing).all()


def test_the_bound_is_that_of_the_binomial_distribution():
    for clips, chance, attackers in ((429, 0.125, 1), (429, 0.125, 11), (50, 0.5, 3)):
        bound = chance_upper_bound(clips, chance, 0.05, attackers)
        hits = round(bound * clips)
        assert binom.sf(hits, clips, chance) * attackers <= 0.05
        assert binom.sf(hits - 1, clips, chance) * attackers > 0.05


def test_guessers_seldom_pass_the_bound():
    rng = np.random.default_rng(0)
    best = (rng.random((2000, 5, 200)) < 0.2).mean(axis=2).max(axis=1)
    assert (best > chance_upper_bound(200, 0.2, 0.05, 5)).mean() < 0.06


def test_mistakes_are_named():
    with pytest.raises(
        ValueError, match='one person for each of at least one value, found 1 for 2'
    ):
        mean_interval([1, 2], [0])
    with pytest.raises(ValueError, match='at least one clip'):
        chance_upper_bound(0, 0.5)
