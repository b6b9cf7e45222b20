# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Trial lists against all pairs written out."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.audit.trials import trial_list


def facts(seed, n=30):
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(k, size=n) for k in (4, 3, 20))


@given(st.integers(0, 10_000), st.booleans(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_all_pairs_are_there_once(seed, matched, apart):
    persons, actions, takes = facts(seed)
    enrol, trial = (np.arange(0, 18), np.arange(12, 30)) if apart else (np.arange(30),) * 2
    made = trial_list(enrol, trial, persons, actions, takes, matched, 10**6, 0)
    expected = {
        frozenset((a, b))
        for a, b in itertools.product(enrol, trial)
        if takes[a] != takes[b] and (actions[a] == actions[b]) == matched
    }
    assert {frozenset(p) for p in made.pairs.tolist()} == expected
    assert len(made) == len(expected)
    np.testing.assert_array_equal(
        made.genuine, persons[made.pairs[:, 0]] == persons[made.pairs[:, 1]]
    )
    assert np.isin(made.pairs[:, 0], enrol).all() and np.isin(made.pairs[:, 1], trial).all()


def test_long_lists_are_drawn_by_seed_half_genuine():
    persons, actions, takes = facts(1, 400)
    rows = np.arange(400)
    takes = rows  # everyone's clips are takes of their own
    lists = [trial_list(rows, rows, persons, actions, takes, True, 1000, s) for s in (0, 0, 1)]
    assert all(len(t) == 1000 and t.genuine.sum() == 500 for t in lists)
    np.testing.assert_array_equal(lists[0].pairs, lists[1].pairs)
    assert (lists[0].pairs != lists[2].pairs).any()
    assert len({tuple(p) for p in lists[0].pairs.tolist()}) == 1000


def test_the_digest_tells_lists_apart():
    persons, actions, takes = facts(2)
    rows, names = np.arange(30), [f'c{i}' for i in range(30)]
    a, b = (trial_list(rows, rows, persons, actions, takes, m, 10**6, 0) for m in (True, False))
    assert a.describe(names)['sha256'] != b.describe(names)['sha256']
    assert a.describe(names) == a.describe(names)
    assert a.describe(names)['pairs'] == len(a)


@pytest.mark.parametrize('matched', [True, False])
def test_no_fitting_pair_is_an_empty_list(matched):
    one = np.zeros(5, int)
    made = trial_list(np.arange(5), np.arange(5), one, one, one, matched, 100, 0)
    assert made.pairs.shape == (0, 2) and made.genuine.shape == (0,)
