# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Fidelity within classes: what keeps recordings passes, what only keeps classes or people fails."""

import numpy as np
import pytest

from mmskanon.audit.features import motion_residual, speed_profile
from mmskanon.datasets.converters import read_utd_mhad
from mmskanon.evaluation.functional import (
    instance_linkage,
    residual_amplitude,
    speed_correlation,
    trial_match,
)
from mmskanon.skeletons.layouts import get_layout

S, A, T, D = 5, 4, 4, 30


@pytest.fixture
def world():
    """Rows that are made of an action, a person's way of doing it, and the repetition."""
    rng = np.random.default_rng(0)
    subject, action = (x.ravel()[:] for x in np.meshgrid(range(S), range(A), indexing='ij'))
    subject, action = np.repeat(subject, T), np.repeat(action, T)
    parts = dict(
        action=rng.normal(size=(A, D))[action],
        style=rng.normal(size=(S * A, D))[subject * A + action],
        trial=rng.normal(size=(S * A * T, D)),
    )
    return parts, subject, action


def test_an_unchanged_file_scores_full_marks(world):
    parts, subject, action = world
    table = sum(parts.values())
    assert trial_match(table, table, subject, action) == (1.0, 1 / T)
    assert speed_correlation(table, table, subject, action) == pytest.approx(1)
    assert instance_linkage(table, table, subject, action) == (1.0, 1 / ((S - 1) * T + 1))


@pytest.mark.parametrize('kept', [['action'], ['action', 'style'], []])
def test_keeping_the_class_or_the_person_earns_nothing(world, kept):
    parts, subject, action = world
    table = sum(parts.values())
    made = sum((parts[k] for k in kept), np.zeros_like(table))
    if kept == []:
        made = np.random.default_rng(1).normal(size=table.shape)
    tm, chance = trial_match(table, made, subject, action)
    assert tm == pytest.approx(chance, abs=0.12)
    assert speed_correlation(table, made, subject, action) == pytest.approx(0, abs=0.12)


def test_keeping_the_repetition_earns_all_without_the_person(world):
    parts, subject, action = world
    table = sum(parts.values())
    made = parts['action'] + parts['trial']
    assert trial_match(table, made, subject, action)[0] > 0.8
    assert speed_correlation(table, made, subject, action) == pytest.approx(1)


def test_against_loops(world):
    parts, subject, action = world
    rng = np.random.default_rng(2)
    table = sum(parts.values())
    made = table + rng.normal(scale=2, size=table.shape)
    a, b = table.copy(), made.copy()
    for k in range(A):
        for x in (a, b):
            x[action == k] -= x[action == k].mean(axis=0)

    def cosine(i, j):
        return b[i] @ a[j] / np.linalg.norm(b[i]) / np.linalg.norm(a[j])

    rows = range(0, len(a), 3)
    for measure, member in (
        (trial_match, lambda i, j: subject[j] == subject[i]),
        (instance_linkage, lambda i, j: subject[j] != subject[i] or j == i),
    ):
        hits = []
        for i in rows:
            group = [j for j in range(len(a)) if action[j] == action[i] and member(i, j)]
            hits.append(max(group, key=lambda j: cosine(i, j)) == i)
        assert measure(table, made, subject, action, rows)[0] == pytest.approx(np.mean(hits))


def test_views_of_the_own_performance_are_neither_misses_nor_help(world):
    """Two cameras film each performance; what an output keeps of it is the same in both."""
    parts, subject, action = world
    rng = np.random.default_rng(4)
    parts, subject, action = (
        {k: np.repeat(p, 2, 0) for k, p in parts.items()},
        *(np.repeat(x, 2) for x in (subject, action)),
    )
    view = np.arange(len(subject)) % 2
    camera = 2 * rng.normal(size=(S * A * 2, D))[(subject * A + action) * 2 + view]
    table = sum(parts.values()) + camera + 0.3 * rng.normal(size=(len(view), D))
    kept = parts['action'] + 3 * parts['trial']
    tm, chance = trial_match(table, kept, subject, action, view=view)
    assert tm > 0.95 and chance == 1 / T
    assert trial_match(table, kept, subject, action)[0] < 0.6
    assert speed_correlation(table, kept, subject, action, view=view) > 0.95
    # Who keeps the camera, or one performance of each person, keeps no repetition.
    seen = parts['action'] + camera
    assert trial_match(table, seen, subject, action, view=view)[0] == pytest.approx(1 / T)
    assert speed_correlation(table, seen, subject, action, view=view) == 0
    assert speed_correlation(table, seen, subject, action) > 0.5
    with pytest.raises(ValueError, match='expected the view of 160 clips, found 2'):
        trial_match(table, kept, subject, action, view=[0, 1])


def test_one_view_changes_nothing(world):
    parts, subject, action = world
    table, rng = sum(parts.values()), np.random.default_rng(5)
    made = table + rng.normal(scale=2, size=table.shape)
    for measure in (trial_match, speed_correlation):
        plain = measure(table, made, subject, action)
        assert measure(table, made, subject, action, view=np.zeros(len(table), int)) == plain


def test_chosen_rows_find_their_sources_among_all(world):
    parts, subject, action = world
    table = sum(parts.values())
    rows = np.arange(0, S * A * T, T)  # one repetition of each
    assert trial_match(table, table, subject, action, rows) == (1.0, 1 / T)


def test_a_whiff_of_the_motion_passes_the_match_and_not_the_amplitude(world):
    parts, subject, action = world
    table = sum(parts.values())
    means = np.stack([table[action == a].mean(axis=0) for a in range(A)])[action]
    made = means + 0.01 * (table - means)
    assert trial_match(table, made, subject, action)[0] == 1.0
    assert residual_amplitude(table, made, action) == pytest.approx(0.01)
    assert residual_amplitude(table, table, action) == 1.0
    assert residual_amplitude(table, means, action) == 0.0
    assert np.isnan(residual_amplitude(means, table, action))


def test_single_repetitions_are_left_out():
    table = np.random.default_rng(0).normal(size=(4, D))
    assert np.isnan(trial_match(table, table, [0, 1, 2, 3], [0, 0, 0, 0])).all()
    assert np.isnan(instance_linkage(table, table, [0, 0, 0, 0], [0, 0, 0, 0])).all()


def test_tables_are_checked():
    with pytest.raises(ValueError, match='two tables of one shape'):
        trial_match(np.zeros((2, 3)), np.zeros((2, 4)), [0, 1], [0, 0])
    with pytest.raises(ValueError, match='subject and action of 2 clips'):
        trial_match(np.zeros((2, 3)), np.zeros((2, 3)), [0], [0, 0])


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_one_clip_that_is_no_number_is_refused(world, value):
    """It would put all others at chance."""
    parts, subject, action = world
    original = sum(parts.values())
    anonymized = original.copy()
    anonymized[3, 0] = value
    for measure in (trial_match, instance_linkage, speed_correlation):
        with pytest.raises(ValueError, match='1 of .* anonymized clips have NaN or infinite'):
            measure(original, anonymized, subject, action)
    with pytest.raises(ValueError, match='1 of .* original clips have NaN or infinite'):
        residual_amplitude(anonymized, original, action)


def test_on_real_recordings_substitution_fails_and_identity_passes(utd_dir):
    data = read_utd_mhad(utd_dir)['annotations']
    data = [s for s in data if s['label'] < 6]
    layout = get_layout('kinect_v1')
    subject, action = (np.array([s[k] for s in data]) for k in ('subject', 'label'))
    motion, speed = (
        np.stack([f(s['keypoint'], layout) for s in data]) for f in (motion_residual, speed_profile)
    )
    typical = {}
    for k in range(6):
        rows = np.flatnonzero(action == k)
        middle = motion[rows].mean(axis=0)
        typical[k] = rows[np.linalg.norm(motion[rows] - middle, axis=1).argmin()]
    replaced = np.array([typical[k] for k in action])
    assert trial_match(motion, motion, subject, action)[0] == 1.0
    assert speed_correlation(speed, speed, subject, action) == pytest.approx(1)
    tm, chance = trial_match(motion, motion[replaced], subject, action)
    assert tm == pytest.approx(chance, abs=0.02)
    assert abs(speed_correlation(speed, speed[replaced], subject, action)) < 0.1
