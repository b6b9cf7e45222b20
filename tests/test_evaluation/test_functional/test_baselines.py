# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from mmskanon.evaluation.functional import balanced_accuracy, chance_level, majority_level


def test_known_answers():
    labels = np.repeat(np.arange(8), 10)
    assert chance_level(labels) == majority_level(labels) == 0.125
    assert chance_level([4]) == majority_level([4]) == 1.0
    assert majority_level([7, 7, 7, 1]) == 0.75


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_majority_is_what_a_dummy_classifier_reaches(labels):
    dummy = DummyClassifier(strategy='most_frequent').fit(np.zeros((len(labels), 1)), labels)
    assert majority_level(labels) == pytest.approx(dummy.score(np.zeros((len(labels), 1)), labels))
    assert majority_level(labels) >= chance_level(labels) - 1e-12


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_a_constant_guess_of_a_class_that_occurs_is_balanced_chance(labels):
    scores = np.tile(np.eye(6)[labels[0]], (len(labels), 1))
    assert balanced_accuracy(scores, labels) == pytest.approx(chance_level(labels))


@pytest.mark.parametrize('function', [chance_level, majority_level])
def test_no_label_is_refused(function):
    with pytest.raises(ValueError, match='at least one label'):
        function([])
