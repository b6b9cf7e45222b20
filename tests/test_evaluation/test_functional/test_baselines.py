# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from mmskanon.evaluation.functional import (
    balanced_accuracy,
    chance_level,
    content_level,
    majority_level,
)


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


def test_who_does_what_is_guessed_from_the_action():
    people, actions = (x.ravel() for x in np.mgrid[:40, :10])
    assert content_level(people, actions, people, actions) == pytest.approx(1 / 40)
    half = (people + actions) % 2 == 0  # each action by half of the people
    some = people[half], actions[half]
    assert content_level(*some, *some) == pytest.approx(1 / 20)
    assert content_level(people[:0], actions[:0], people, actions) == pytest.approx(1 / 40)


@given(st.integers(0, 1000))
def test_content_is_what_a_simulated_guesser_reaches(seed):
    rng = np.random.default_rng(seed)
    train, test = rng.integers(0, 4, (2, 30)), rng.integers(0, 4, (2, 20))
    right = 0.0
    for label, content in test.T:
        known = train[0][train[1] == content].tolist()
        classes = sorted({*train[0].tolist(), *test[0].tolist()})
        most = max(known.count(c) for c in classes)
        guesses = [c for c in classes if known.count(c) == most]
        right += (label in guesses) / len(guesses)
    assert content_level(train[0], train[1], test[0], test[1]) == pytest.approx(right / 20)


@pytest.mark.parametrize('function', [chance_level, majority_level])
def test_no_label_is_refused(function):
    with pytest.raises(ValueError, match='at least one label'):
        function([])
