# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Habits and their strength, against loops and made-up people of known habits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.skeletons.habits import MOST_STRENGTH, Balance, alike, balance, excess, habits


@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_habits_are_means_of_people_less_that_of_all(seed):
    rng = np.random.default_rng(seed)
    paths, people = rng.normal(size=(9, 3, 5)), np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    usable = rng.random((9, 3)) < 0.6
    offsets, overall = habits(paths, people, usable)
    for donor in range(3):
        means = {}
        for person in range(3):
            rows = [paths[i, donor] for i in range(9) if people[i] == person and usable[i, donor]]
            if rows:
                means[person] = np.mean(rows, axis=0)
        everybody = np.mean(list(means.values()), axis=0) if means else np.zeros(5)
        np.testing.assert_allclose(overall[donor], everybody, atol=1e-12)
        for person in range(3):
            expected = means[person] - everybody if person in means else np.zeros(5)
            np.testing.assert_allclose(offsets[person, donor], expected, atol=1e-12)


def test_likeness_is_its_definition():
    rng = np.random.default_rng(0)
    vectors, people = rng.normal(size=(12, 6)), np.repeat([0, 1, 2], 4)
    takes = ['a', 'a', 'b', 'c'] * 3
    takes = [f'{p}{t}' for p, t in zip(people, takes, strict=True)]
    centred = vectors - vectors.mean(0)
    same, other = [], []
    for i in range(12):
        for j in range(12):
            cosine = (
                centred[i] @ centred[j] / np.linalg.norm(centred[i]) / np.linalg.norm(centred[j])
            )
            if people[i] != people[j]:
                other.append(cosine)
            elif takes[i] != takes[j]:
                same.append(cosine)
    assert alike(vectors, people, takes) == pytest.approx(np.mean(same) - np.mean(other))


def test_views_of_one_take_say_nothing():
    people, vectors = np.array([0, 0, 1, 1]), np.eye(4)
    assert alike(vectors, people, ['a', 'a', 'b', 'b']) is None
    assert alike(vectors, np.zeros(4), ['a', 'b', 'c', 'd']) is None  # nobody to compare with
    assert alike(vectors, people, ['a', 'b', 'c', 'd']) is not None


def crowd(habit, people=30, takes=4, size=40, seed=0):
    """Clips of people who differ by a habit of the given size, takes of a person by 1."""
    rng = np.random.default_rng(seed)
    mine = habit * rng.normal(size=(people, 1, size))
    clips = mine + rng.normal(size=(people, takes, size))
    return clips.reshape(-1, size), np.repeat(np.arange(people), takes)


@pytest.mark.parametrize('habit', [0.5, 1.0, 2.0])
def test_the_strength_leaves_clips_of_a_person_no_more_and_no_less_alike(habit):
    vectors, people = crowd(habit)
    offsets = habits(vectors[:, None], people, np.ones((len(vectors), 1), bool))[0][people, 0]

    def likeness(strength):
        return alike(vectors - strength * offsets, people, range(len(vectors)))

    strength = balance(likeness).strength
    assert likeness(0) > 0.1 and likeness(1) < -0.1
    assert abs(likeness(strength)) < 5e-3
    # Of vectors with a habit of variance h and takes of variance 1, clips of a person with n takes are uncorrelated at the a of
    # (1 - a)^2 h = (2 a - a^2) / n.
    roots = np.roots([habit**2 + 1 / 4, -2 * (habit**2 + 1 / 4), habit**2])
    assert strength == pytest.approx(roots[(roots > 0) & (roots < 1)][0], abs=0.05)


def across_takes(vectors, people):
    """Covariance (D, D) of different takes of a person, written out."""
    total, pairs = 0, 0
    for i in range(len(vectors)):
        for j in range(len(vectors)):
            if i != j and people[i] == people[j]:
                total, pairs = total + np.outer(vectors[i], vectors[j]), pairs + 1
    return total / pairs


def beyond(vectors, people, takes=None):
    """Excess habit of each clip's person; one donor, everything usable."""
    usable, paths = np.ones((len(vectors), 1), bool), vectors[:, None]
    offsets, overall = habits(paths, people, usable)
    takes = range(len(vectors)) if takes is None else takes
    return excess(offsets, overall, paths, people, usable, takes)[people, 0]


def test_takes_without_the_excess_are_uncorrelated_in_every_direction():
    """People differ much in some directions and not at all in others: one strength for all leaves some alike and makes others unlike."""
    rng = np.random.default_rng(0)
    people = np.repeat(np.arange(200), 4)
    habit = rng.normal(size=(200, 4)) * [3, 1, 0.5, 0]
    vectors = habit[people] + rng.normal(size=(800, 4)) * [1, 0.5, 1, 1]
    offsets = habits(vectors[:, None], people, np.ones((800, 1), bool))[0][people, 0]
    strength = balance(lambda s: alike(vectors - s * offsets, people, range(len(vectors)))).strength
    by_one = across_takes(vectors - strength * offsets, people)
    by_each = across_takes(vectors - beyond(vectors, people), people)
    assert np.abs(by_one).max() > 0.15
    assert np.abs(by_each).max() < 0.04


def test_the_excess_is_the_formula_along_principal_directions():
    vectors, people = crowd(1.0, people=5, size=30)
    taken = beyond(vectors, people)[::4]
    means = vectors.reshape(5, 4, 30).mean(1)
    means = means - means.mean(0)
    within = vectors.reshape(5, 4, 30) - vectors.reshape(5, 4, 30).mean(1, keepdims=True)
    values, directions = np.linalg.eigh(np.cov(means.T))
    expected = np.zeros_like(means)
    for value, direction in zip(values, directions.T, strict=True):
        if value > 1e-9:
            by_chance = ((within.reshape(-1, 30) @ direction) ** 2).sum() / (5 * 3) / 4
            share = 1 - min(np.sqrt(by_chance / value), 1)
            expected += share * np.outer(means @ direction, direction)
    np.testing.assert_allclose(taken, expected, atol=1e-9)


def test_views_of_one_take_count_as_one():
    vectors, people = crowd(1.0, people=6, size=12)
    takes = np.arange(len(vectors))
    twice = [np.concatenate([x, x]) for x in (vectors, people, takes)]
    np.testing.assert_allclose(beyond(*twice)[:24], beyond(vectors, people, takes), atol=1e-9)


def test_no_excess_without_people_who_differ_and_all_of_it_without_repetitions():
    vectors, people = crowd(0.0, people=4, takes=3, size=8)
    means = vectors.reshape(4, 3, 8).mean(1)
    same = vectors - (means - means.mean(0))[people]
    np.testing.assert_allclose(beyond(same, people), 0, atol=1e-12)
    once = vectors[::3]
    np.testing.assert_allclose(beyond(once, np.arange(4)), once - once.mean(0), atol=1e-12)


def test_nothing_is_taken_where_there_is_no_habit_and_most_where_all_is_not_enough():
    assert balance(lambda s: -0.1 - s) == Balance(0, -0.1)
    assert balance(lambda s: 1 - 0.5 * s) == Balance(MOST_STRENGTH, 1 - 0.5 * MOST_STRENGTH)
    assert balance(lambda s: None) is None
    found = balance(lambda s: 0.25 - s)
    assert found.strength == pytest.approx(0.25, abs=2e-3) and abs(found.likeness) < 2e-3


def test_likeness_that_rises_again():
    """Too much puts a person on the other side of everybody."""
    assert balance(lambda s: (1.1 - s) ** 2 - 0.04).strength == pytest.approx(0.9, abs=2e-3)
    found = balance(lambda s: (0.8 - s) ** 2 + 0.1)
    assert found.strength == 0.75 and found.likeness == pytest.approx(0.1025)
