# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import mean_absolute_error as reference_mae

from mmskanon.evaluation.functional import (
    correlation,
    guess_errors,
    mean_absolute_error,
    regression,
)

pairs = st.lists(
    st.tuples(st.integers(-1000, 1000), st.integers(0, 120)), min_size=3, max_size=40
).map(lambda rows: tuple(np.array(column, float) for column in zip(*rows, strict=True)))


@given(pairs)
def test_equal_to_sklearn_and_scipy(pair):
    values, labels = pair
    assert mean_absolute_error(values, labels) == pytest.approx(reference_mae(labels, values))
    if np.ptp(values) and np.ptp(labels):
        assert correlation(values, labels) == pytest.approx(pearsonr(values, labels)[0], abs=1e-9)
    else:
        assert correlation(values, labels) == 0


@given(pairs)
def test_no_constant_beats_the_median(pair):
    guesses, labels = pair
    errors = guess_errors(labels)
    assert errors['median'] <= errors['mean'] + 1e-9
    for guess in guesses:
        assert errors['median'] <= mean_absolute_error(np.full_like(labels, guess), labels) + 1e-9


def test_known_answers_perfect_inverted_and_constant():
    labels = np.array([20.0, 30.0, 70.0])
    assert (mean_absolute_error(labels, labels), correlation(labels, labels)) == (0, 1)
    assert correlation(100 - labels, labels) == -1
    assert correlation(np.full(3, 40.0), labels) == 0
    assert correlation(labels, np.full(3, 40.0)) == 0
    assert guess_errors(labels) == pytest.approx(dict(mean=20.0, median=50 / 3))


def test_faults_are_named():
    with pytest.raises(ValueError, match=r'found \(2,\) and \(3,\)'):
        mean_absolute_error([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match='at least one sample'):
        guess_errors([])
    with pytest.raises(ValueError, match='1 of 2 estimates are NaN'):
        correlation([1, np.nan], [1, 2])
    with pytest.raises(ValueError, match='2 of 2 labels are NaN or infinite'):
        mean_absolute_error([1, 2], [np.inf, np.nan])


def test_examples():
    results = doctest.testmod(regression)
    assert results.attempted == 3 and results.failed == 0
