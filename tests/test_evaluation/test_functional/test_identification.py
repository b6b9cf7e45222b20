# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Accuracy by person, and the most exposed tenth."""

import numpy as np
import pytest

from mmskanon.evaluation.functional import per_group_accuracy, worst_decile


def test_groups_against_loops():
    rng = np.random.default_rng(0)
    credit, groups = rng.random(100), rng.integers(3, 9, size=100)
    expected = {
        g: np.mean([c for c, h in zip(credit, groups, strict=True) if h == g]) for g in range(3, 9)
    }
    found = per_group_accuracy(credit, groups)
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()))


@pytest.mark.parametrize(('count', 'named'), [(1, 1), (10, 1), (11, 2), (40, 4), (106, 11)])
def test_the_tenth_is_rounded_up(count, named):
    accuracy = {i: i / count for i in range(count)}
    expected = np.mean([i / count for i in range(count - named, count)])
    assert worst_decile(accuracy) == pytest.approx(expected)


def test_nobody_is_refused():
    with pytest.raises(ValueError, match='found none'):
        worst_decile({})
    with pytest.raises(ValueError, match='at least one credit'):
        per_group_accuracy([], [])
