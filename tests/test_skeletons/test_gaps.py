# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmskanon.skeletons.gaps import PERSON_DISTANCE, fill_gaps, occupied_span
from mmskanon.skeletons.layouts import get_layout

ARM = get_layout(dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=1))


@pytest.fixture
def clip():
    """Two persons in 12 frames, all there."""
    return np.random.default_rng(0).normal(size=(2, 12, 3, 3)).astype(np.float32)


def test_a_whole_clip_stays_as_it_is(clip):
    assert occupied_span(clip) == slice(0, 12)
    assert np.array_equal(fill_gaps(clip, 2, ARM), clip)


def test_frames_with_nobody_are_cut_at_the_ends_and_filled_inside(clip):
    clip[:, :2] = clip[:, 9:] = clip[:, 4:6] = 0
    clip[1, 2] = 0
    assert occupied_span(clip) == slice(2, 9)
    out = fill_gaps(clip, 2, ARM)
    assert out.shape == (2, 7, 3, 3) and out.any(axis=(2, 3)).all()
    step = (clip[:, 6] - clip[:, 3]) / 3
    np.testing.assert_allclose(out[:, 2], clip[:, 3] + step, atol=1e-6)
    np.testing.assert_allclose(out[:, 3], clip[:, 3] + 2 * step, atol=1e-6)
    assert np.array_equal(out[1, 0], clip[1, 3])  # held where the person comes later


def test_a_missing_person_moves_like_the_first_one_beside_it(clip):
    clip[0] = 0
    out = fill_gaps(clip, 3, ARM)
    assert np.array_equal(out[1], clip[1])
    for person, places in ((0, -1), (2, 1)):
        shift = [places * PERSON_DISTANCE, 0, 0]
        np.testing.assert_allclose(out[person], clip[1] + shift, atol=1e-6)


def test_absent_joints_come_from_their_neighbours(clip):
    clip[0, 4, 1] = 0
    out = fill_gaps(clip, 2, ARM)
    np.testing.assert_allclose(out[0, 4, 1], (clip[0, 4, 0] + clip[0, 4, 2]) / 2, atol=1e-6)


def test_nobody_at_all(clip):
    assert occupied_span(0 * clip) is None and fill_gaps(0 * clip, 2, ARM) is None
