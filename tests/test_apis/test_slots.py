# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.apis.slots import PersonSlots


def test_slots_are_kept_and_the_longest_absent_makes_room():
    slots = PersonSlots(2)
    both = np.array([True, True])
    assert slots.place(['a', 'b'], both) == [0, 1]
    assert slots.place(['b', 'a'], both) == [1, 0]
    assert slots.place(['b'], both[:1]) == [1]
    assert slots.place(['c'], both[:1]) == [0]  # a has been away longer than b
    assert slots.place(['a', 'b'], np.array([True, False])) == [1, None]
    assert slots.owners == ('c', 'a')


def test_too_many_persons_change_nothing():
    slots = PersonSlots(1)
    slots.place([7], np.array([True]))
    with pytest.raises(ValueError, match=r'shows 2 persons, .* trained for 1; train it with'):
        slots.place([8, 9], np.array([True, True]))
    assert slots.owners == (7,)
    assert slots.place([8, 7], np.array([False, True])) == [None, 0]


@settings(max_examples=100, deadline=None)
@given(
    frames=st.lists(st.sets(st.integers(0, 6), max_size=3), max_size=20),
    persons=st.integers(3, 4),
)
def test_nobody_shares_and_nobody_moves_while_there(frames, persons):
    slots, before = PersonSlots(persons), {}
    for people in frames:
        ids = list(people)
        placed = slots.place(ids, np.ones(len(ids), bool))
        assert len(set(placed)) == len(ids) and None not in placed
        now = dict(zip(ids, placed, strict=True))
        assert all(slots.owners[slot] == person for person, slot in now.items())
        assert all(before[person] == now[person] for person in before.keys() & now.keys())
        before = now
