# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.engine.loops import PhaseSchedule

ENTRIES = st.lists(
    st.tuples(st.sampled_from(['adversary', 'anonymizer']), st.integers(1, 4)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(
    ENTRIES,
    st.lists(st.tuples(st.just('adversary'), st.integers(1, 5)), max_size=1),
    st.integers(1, 3),
    st.integers(0, 60),
)
def test_count_agrees_with_walking_through_the_phases(cycle, warmup, accumulation, iteration):
    schedule = PhaseSchedule(cycle, warmup, dict(adversary=accumulation))
    walked = [schedule.phase(i) for i in range(iteration)]
    for phase in ('adversary', 'anonymizer'):
        assert schedule.count(phase, iteration) == walked.count(phase)


def test_updates_take_as_many_batches_as_are_accumulated():
    schedule = PhaseSchedule(
        [('adversary', 1), ('anonymizer', 2)], [('adversary', 1)], dict(anonymizer=2)
    )
    assert [schedule.phase(i)[:2] for i in range(8)] == [
        'ad',
        'ad',
        'an',
        'an',
        'an',
        'an',
        'ad',
        'an',
    ]


@pytest.mark.parametrize(
    'cycle', [[], [('adversary', 0)], ['adversary'], [('adversary', 1.5)], [(1, 'adversary')]]
)
def test_malformed_cycles_are_refused(cycle):
    with pytest.raises(ValueError, match='cycle'):
        PhaseSchedule(cycle)
