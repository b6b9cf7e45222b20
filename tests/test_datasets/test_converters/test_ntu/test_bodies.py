# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Who is kept, as whom, and in which frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ntu_files import FIRST_ID, person, recording, text_of

from mmskanon.datasets.converters.ntu import BodyRules, parse_skeleton, skeleton_to_keypoint

A, B, C, D = (FIRST_ID + n for n in range(4))


def select(frames, *bodies, rules=None):
    return skeleton_to_keypoint(parse_skeleton(text_of(recording(frames, *bodies)), 'x'), rules)


def gap(joints, start, stop):
    """The joints, lost from frame ``start`` to ``stop``."""
    joints = joints.copy()
    joints[start:stop] = np.nan
    return joints


def motion(joints):
    """Variance of each coordinate over frames and joints, added up, by its definition."""
    points = joints.astype(np.float32).astype(np.float64).reshape(-1, 3)
    return sum(np.mean((column - np.mean(column)) ** 2) for column in points.T)


class TestOnePerson:
    def test_one_id_is_taken_as_it_is(self):
        joints = person(5, motion=0.0)
        chosen = select(5, (A, 0, joints))
        assert chosen.keypoint.shape == (1, 5, 25, 3) and chosen.keypoint.dtype == np.float32
        np.testing.assert_array_equal(chosen.keypoint[0], joints.astype(np.float32))
        assert chosen.notes == {}

    def test_no_test_applies_to_an_only_id(self):
        assert select(4, (A, 0, person(4, wide=True))).keypoint.shape == (1, 4, 25, 3)

    def test_frames_without_anybody_are_cut_or_kept(self):
        joints = gap(person(9), 3, 5)
        chosen = select(12, (A, 2, joints))
        assert chosen.keypoint.shape == (1, 7, 25, 3) and chosen.notes == dict(empty_frames=5)
        np.testing.assert_array_equal(
            chosen.keypoint[0], joints[[0, 1, 2, 5, 6, 7, 8]].astype('f4')
        )
        kept = select(12, (A, 2, joints), rules=BodyRules(keep_empty=True)).keypoint
        assert kept.shape == (1, 12, 25, 3)
        assert [bool(frame.any()) for frame in kept[0]] == [
            t in (2, 3, 4, *range(7, 11)) for t in range(12)
        ]

    def test_joints_at_zero_are_nobody(self):
        joints = person(4)
        joints[1] = 0
        chosen = select(4, (A, 0, joints), (B, 0, np.zeros((4, 25, 3))))
        assert chosen.keypoint.shape == (1, 3, 25, 3) and chosen.notes == dict(empty_frames=1)

    @pytest.mark.parametrize('frames', [0, 3])
    def test_nobody(self, frames):
        chosen = select(frames)
        assert chosen.keypoint.size == 0 and len(chosen.keypoint) == 0


class TestNoise:
    def test_length(self):
        short, long = person(11, 1, motion=0.5), person(12, 2)
        chosen = select(30, (A, 0, short), (B, 5, long))
        assert chosen.keypoint.shape == (1, 12, 25, 3)
        assert chosen.notes == dict(length=1, empty_frames=18)
        assert len(select(30, (A, 0, person(12, 1)), (B, 5, long)).keypoint) == 2

    def test_the_longest_stays_where_all_are_short(self):
        chosen = select(9, (A, 0, person(4, 1, motion=0.5)), (B, 3, person(6, 2)))
        np.testing.assert_array_equal(chosen.keypoint[0], person(6, 2).astype('f4'))
        assert chosen.notes == dict(length=1, empty_frames=3)

    @pytest.mark.parametrize(('wide', 'kept'), [(13, 2), (14, 1)])
    def test_spread(self, wide, kept):
        """13 of 20 frames are 65 %, 14 are 70 %, on either side of 69.754 %."""
        odd = np.concatenate([person(wide, 3, wide=True), person(20 - wide, 3)])
        chosen = select(20, (A, 0, person(20, 1)), (B, 0, odd))
        assert len(chosen.keypoint) == kept
        assert chosen.notes == ({} if kept == 2 else dict(spread=1))

    def test_spread_leaves_the_last(self):
        bodies = [(A, 0, person(20, 1, wide=True)), (B, 0, person(20, 2, wide=True))]
        chosen = select(20, *bodies)
        np.testing.assert_array_equal(chosen.keypoint[0], bodies[1][2].astype('f4'))

    def test_implausible_frames_do_not_count_as_motion(self):
        """Ten frames elsewhere, lying, would make the second the one who moves most."""
        calm = person(20, 1, motion=0.02)
        calm[:10] = person(10, 1, motion=0.02, wide=True) + [3.0, 0, 0]
        lively = person(20, 2, motion=0.3)
        assert motion(calm) > motion(lively) > motion(calm[10:])
        chosen = select(20, (A, 0, calm), (B, 0, lively))
        np.testing.assert_array_equal(chosen.keypoint[0], lively.astype('f4'))

    def test_motion_is_a_test_only_if_asked_for(self):
        lively, still = person(20, 1, motion=1.0), person(20, 2, motion=0.0)
        assert len(select(20, (A, 0, still), (B, 0, lively)).keypoint) == 2
        limit = motion(still)
        for low, kept in ((limit * 0.99, 2), (limit * 1.01, 1)):
            rules = BodyRules(motion_test=True, motion_range=(low, 9.0))
            chosen = select(20, (A, 0, still), (B, 0, lively), rules=rules)
            assert len(chosen.keypoint) == kept and chosen.notes.get('motion', 0) == 2 - kept

    def test_the_published_thresholds(self):
        rules = BodyRules()
        assert (rules.min_frames, rules.spread_ratio, rules.spread_share) == (11, 0.8, 0.69754)
        assert rules.motion_range == (0.089925, 2) and not rules.motion_test


class TestPersons:
    @settings(max_examples=20, deadline=None)
    @given(st.permutations([0.05, 0.4, 0.9]))
    def test_the_two_who_move_most_in_this_order(self, motions):
        bodies = [(A + n, 0, person(14, n, motion=m)) for n, m in enumerate(motions)]
        chosen = select(14, *bodies)
        ranked = sorted((joints for _, _, joints in bodies), key=motion, reverse=True)
        np.testing.assert_array_equal(chosen.keypoint, np.array(ranked[:2], dtype='f4'))
        assert chosen.notes == dict(overlap=1)

    def test_a_new_id_of_a_lost_person_is_joined(self):
        one = person(40, 1, motion=0.5)
        chosen = select(40, (A, 0, one[:22]), (B, 22, one[22:]))
        np.testing.assert_array_equal(chosen.keypoint, one[None].astype('f4'))
        assert chosen.notes == dict(joined=1)

    def test_ids_swap_while_another_stays(self):
        lively, calm = person(60, 1, motion=0.9), person(60, 2, motion=0.05)
        chosen = select(60, (A, 0, lively[:30]), (C, 0, calm), (B, 30, lively[30:]))
        assert chosen.keypoint.shape == (2, 60, 25, 3) and chosen.notes == dict(joined=1)
        np.testing.assert_array_equal(chosen.keypoint[0], lively.astype('f4'))
        np.testing.assert_array_equal(chosen.keypoint[1], calm.astype('f4'))

    def test_second_person_is_joined_too(self):
        lively, calm = person(60, 1, motion=0.9), person(60, 2, motion=0.05)
        chosen = select(60, (A, 0, lively), (C, 0, calm[:30]), (D, 30, calm[30:]))
        np.testing.assert_array_equal(chosen.keypoint[1], calm.astype('f4'))

    def test_one_shared_frame_is_the_later_ones(self):
        first, second = person(20, 1, motion=0.9), person(20, 2, motion=0.05)
        chosen = select(39, (A, 0, first), (B, 19, second))
        assert len(chosen.keypoint) == 1
        np.testing.assert_array_equal(chosen.keypoint[0, 19], second[0].astype('f4'))
        assert len(select(38, (A, 0, first), (B, 18, second)).keypoint) == 2

    def test_a_lost_person_stays_in_the_frames_where_seen(self):
        """SGN's reader would move what follows the gap to the gap."""
        lively, calm = gap(person(30, 1, motion=0.9), 10, 20), person(30, 2, motion=0.05)
        chosen = select(30, (A, 0, lively), (B, 0, calm)).keypoint
        assert not chosen[0, 10:20].any()
        np.testing.assert_array_equal(chosen[0, 20:], lively[20:].astype('f4'))
        np.testing.assert_array_equal(chosen[1], calm.astype('f4'))

    def test_an_id_twice_in_a_frame(self):
        chosen = select(13, (A, 0, person(13, 1)), (A, 0, person(1, 2)))
        np.testing.assert_array_equal(chosen.keypoint[0], person(13, 1).astype('f4'))
        assert chosen.notes == dict(repeated=1)


def test_real_files(ntu_samples_dir):
    from mmskanon.datasets.converters.ntu import read_ntu_skeleton

    samples = [read_ntu_skeleton(path) for path in sorted(ntu_samples_dir.glob('*.skeleton'))]
    assert [s['keypoint'].shape[:2] for s in samples] == [(1, 82), (2, 70), (1, 71)]
    assert [s['label'] for s in samples] == [10, 57, 33]
    assert [s['subject'] for s in samples] == [1, 8, 15]
    two = samples[1]['keypoint']
    assert motion(two[0]) > motion(two[1])
