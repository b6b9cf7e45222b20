# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
from collections import Counter

import pytest
import torch

from mmskanon.skeletons.donors import DonorIndex

# Class 0: persons 0 (clips 0, 1, 2), 1 (3) and 2 (4); class 5: person 0 (5).
INDEX = DonorIndex([0, 0, 0, 0, 0, 5], [0, 0, 0, 1, 2, 0])
PERSON = dict(enumerate([0, 0, 0, 1, 2, 0]))


def draws(number=600, k=2, **kwargs):
    generator = torch.Generator().manual_seed(0)
    refuse = kwargs.pop('refuse', lambda clip: False)
    return [INDEX.draw(0, k, refuse, generator, **kwargs) for _ in range(number)]


def test_people_are_counted():
    assert [INDEX.people(label) for label in (0, 5, 7)] == [3, 1, 0]
    assert INDEX.most_people() == 3


def test_donors_are_different_people_drawn_with_equal_chances():
    drawn = draws()
    assert all(len({PERSON[c] for c in clips}) == 2 for clips in drawn)
    people = Counter(PERSON[c] for clips in drawn for c in clips)
    assert all(count == pytest.approx(400, abs=60) for count in people.values())
    clips = Counter(c for clips in drawn for c in clips if PERSON[c] == 0)
    assert all(clips[c] == pytest.approx(133, abs=45) for c in (0, 1, 2))


def test_a_refused_clip_is_replaced_by_another_of_the_same_person_or_another_person():
    drawn = draws(100, k=3, refuse=lambda clip: clip in (0, 1))
    assert all(sorted(clips) == [2, 3, 4] for clips in drawn)
    drawn = draws(100, refuse=lambda clip: clip == 3)
    assert all(1 not in {PERSON[c] for c in clips} and len(clips) == 2 for clips in drawn)


def test_a_person_can_be_left_out():
    assert all(sorted(clips) == [3, 4] for clips in draws(50, without=0))


def test_too_few_people_give_nothing():
    assert draws(1, k=4) == draws(1, k=3, without=1) == [None]
    assert draws(1, k=3, refuse=lambda clip: clip == 3) == [None]
    assert INDEX.draw(7, 1, lambda clip: False) is None


def test_clips_come_in_turns_of_people_and_surplus_ones_of_each_are_dropped():
    labels, people = [0, 0, 0, 0, 0, 1], [4, 4, 4, 2, 9, 2]
    assert DonorIndex(labels, people).clips(0) == [0, 3, 4, 1, 2]
    assert DonorIndex(labels, people).clips(7) == []
    few = DonorIndex(labels, people, most=4)
    assert few.clips(0) == [0, 3, 4, 1] and few.clips(1) == [5]
    assert few.people(0) == 3 and DonorIndex(labels, people, most=2).people(0) == 2
    drawn = {c for _ in range(60) for c in few.draw(0, 3, lambda clip: False)}
    assert drawn == {0, 1, 3, 4}
