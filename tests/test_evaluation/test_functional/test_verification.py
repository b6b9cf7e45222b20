# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Verification measures against scikit-learn, against repeated pairs, and at known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from mmskanon.evaluation.functional import (
    area_under_roc,
    equal_error_rate,
    roc_points,
    tpr_at_fpr,
)


@st.composite
def pairs(draw):
    size = draw(st.integers(2, 60))
    scores = draw(st.lists(st.integers(-4, 4), min_size=size, max_size=size))
    genuine = draw(st.lists(st.booleans(), min_size=size - 2, max_size=size - 2))
    return np.array(scores, float), np.array([True, False, *genuine])


@given(pairs())
@settings(max_examples=100, deadline=None)
def test_points_and_area_are_those_of_scikit_learn(drawn):
    scores, genuine = drawn
    false, true, _ = roc_curve(genuine, scores, drop_intermediate=False)
    found = roc_points(scores, genuine)
    np.testing.assert_allclose(found, (false, true), atol=1e-12)
    assert area_under_roc(scores, genuine) == pytest.approx(roc_auc_score(genuine, scores))


@given(pairs())
@settings(max_examples=100, deadline=None)
def test_equal_error_rate_is_where_the_broken_line_crosses(drawn):
    scores, genuine = drawn
    false, true, _ = roc_curve(genuine, scores, drop_intermediate=False)
    at = np.linspace(0, 1, 20001)
    # Along the line, point by point: parametrized by its length, so that vertical pieces count too.
    steps = np.concatenate([[0], np.cumsum(np.abs(np.diff(false)) + np.abs(np.diff(true)))])
    f, t = (np.interp(at * steps[-1], steps, v) for v in (false, true))
    crossing = np.abs(f - (1 - t)).argmin()
    assert equal_error_rate(scores, genuine) == pytest.approx(f[crossing], abs=2e-3)


@given(pairs(), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_weights_are_repetitions(drawn, seed):
    scores, genuine = drawn
    counts = np.random.default_rng(seed).integers(0, 4, len(scores))
    counts[:2] += 1
    repeated = (np.repeat(scores, counts), np.repeat(genuine, counts))
    for measure in (equal_error_rate, area_under_roc):
        assert measure(scores, genuine, counts) == pytest.approx(measure(*repeated))


def test_known_answers():
    genuine = np.arange(10) < 5
    perfect = genuine.astype(float)
    assert equal_error_rate(perfect, genuine) == 0.0 and area_under_roc(perfect, genuine) == 1.0
    assert equal_error_rate(-perfect, genuine) == 1.0 and area_under_roc(-perfect, genuine) == 0.0
    constant = np.zeros(10)
    assert equal_error_rate(constant, genuine) == 0.5 == area_under_roc(constant, genuine)
    assert tpr_at_fpr(perfect, genuine, 0.0) == 1.0
    assert tpr_at_fpr(constant, genuine, 0.5) == 0.0


def test_noise_is_at_one_half():
    rng = np.random.default_rng(0)
    genuine = np.arange(20000) < 2000
    assert equal_error_rate(rng.normal(size=20000), genuine) == pytest.approx(0.5, abs=0.02)


def test_monotonic_scales_change_nothing():
    rng = np.random.default_rng(1)
    genuine = np.arange(500) < 100
    scores = rng.normal(size=500) + genuine
    for measure in (equal_error_rate, area_under_roc, lambda s, g: tpr_at_fpr(s, g, 0.01)):
        assert measure(scores, genuine) == measure(np.exp(3 * scores), genuine)


def test_infinite_scores_tie_as_finite_ones_do():
    """Such as logarithms of the likelihood 0."""
    genuine = np.array([True, False, True, False, False])
    finite = np.array([-9.0, -9.0, -9.0, 1.0, 9.0])
    infinite = np.where(np.abs(finite) == 9, np.inf * finite, finite)
    np.testing.assert_array_equal(roc_points(infinite, genuine), roc_points(finite, genuine))
    nothing = np.full(5, -np.inf)
    assert area_under_roc(nothing, genuine) == 0.5 and tpr_at_fpr(nothing, genuine, 0.4) == 0.0


def test_a_threshold_that_is_promised_can_be_set():
    genuine = np.array([True] * 4 + [False] * 200)
    scores = np.concatenate([[10, 9, 7, 1], [8.0, 7.5], np.zeros(198)])
    assert tpr_at_fpr(scores, genuine, 0.01) == 1.0  # two impostors of 200 may pass
    assert tpr_at_fpr(scores, genuine, 0.001) == 0.5  # none may
    for rate in (0.001, 0.01, 0.3):
        found = tpr_at_fpr(scores, genuine, rate)
        possible = [
            (scores[genuine] >= c).mean()
            for c in [*scores, 99]
            if (scores[~genuine] >= c).mean() <= rate
        ]
        assert found == max(possible)


@pytest.mark.parametrize(
    ('scores', 'genuine', 'sentence'),
    [
        ([1.0, 2.0], np.array([True]), 'of the same shape'),
        ([1.0, np.nan], np.array([True, False]), '1 of 2 pairs have NaN scores'),
        ([1.0, 2.0], np.array([1, 0]), 'genuine must be boolean'),
        ([1.0, 2.0], np.array([True, True]), 'found no impostor one'),
        ([1.0, 2.0], np.array([False, False]), 'found no genuine one'),
    ],
)
def test_what_cannot_be_measured_is_refused(scores, genuine, sentence):
    with pytest.raises(ValueError, match=sentence):
        equal_error_rate(scores, genuine)


def test_weights_and_rates_are_checked():
    genuine = np.array([True, False])
    with pytest.raises(ValueError, match='weights of at least 0'):
        equal_error_rate([1, 2], genuine, [-1, 1])
    with pytest.raises(ValueError, match='fraction from 0 to 1, found 1.5'):
        tpr_at_fpr([1, 2], genuine, 1.5)
