# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmskanon.skeletons import get_layout
from mmskanon.skeletons.population import main_body, measure_population

ARM = get_layout(dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=0))


def arm(upper, lower, frames=5, direction=(0, 0, -1)):
    """One person whose two bones point one way, shape (1, T, 3, 3)."""
    step = np.asarray(direction, float)
    clip = np.stack([np.ones(3), 1 + upper * step, 1 + (upper + lower) * step])
    return np.repeat(clip[None, None], frames, 1)


def test_subjects_count_alike_however_many_clips_they_have():
    clips = [('a', arm(0.3, 0.2)), ('b', arm(0.4, 0.3)), ('c', arm(0.5, 0.9))]
    clips += [('a', arm(0.31, 0.21)), ('a', arm(0.29, 0.19))] * 10
    measured = measure_population(clips, ARM)
    np.testing.assert_allclose(measured.lengths, [0, 0.4, 0.3])
    assert (measured.subjects, measured.clips) == (3, 23)


def test_clips_without_subject_stand_for_themselves():
    clips = [(None, arm(0.3, 0.2)), (None, arm(0.4, 0.3)), (None, arm(0.5, 0.9))]
    measured = measure_population(clips, ARM)
    np.testing.assert_allclose(measured.lengths, [0, 0.4, 0.3])
    assert measured.subjects == 3


def test_directions_are_means_of_means():
    clips = [(1, arm(0.3, 0.2, direction=(1, 0, 0))) for _ in range(9)]
    clips.append((2, arm(0.3, 0.2, direction=(0, 1, 0))))
    directions = measure_population(clips, ARM).directions
    half = np.sqrt(0.5)
    np.testing.assert_allclose(directions, [[0, 0, 0], [half, half, 0], [half, half, 0]])


def test_absent_frames_and_joints_do_not_count():
    clip = arm(0.3, 0.2, frames=9)
    clip[:, :4] = 0
    clip[:, 6, 1] = 0  # the elbow: both bones are unknown in this frame
    measured = measure_population([('a', clip)], ARM)
    np.testing.assert_allclose(measured.lengths, [0, 0.3, 0.2])
    np.testing.assert_allclose(measured.directions[1:], [[0, 0, -1], [0, 0, -1]])


def test_the_person_with_the_most_frames_is_measured():
    clip = np.concatenate([arm(0.3, 0.2), arm(0.7, 0.7)])
    assert main_body(clip) == 0
    clip[0, 3:] = 0
    assert main_body(clip) == 1
    np.testing.assert_allclose(measure_population([('a', clip)], ARM).lengths, [0, 0.7, 0.7])


def test_directions_that_cancel_are_zero():
    clip = np.concatenate([arm(0.3, 0.2), arm(0.3, 0.2, direction=(0, 0, 1))], axis=1)
    assert not measure_population([('a', clip)], ARM).directions.any()


def test_mistakes():
    with pytest.raises(ValueError, match='at least one clip, found none'):
        measure_population([], ARM)
    clip = arm(0.3, 0.2)
    clip[:, :, 2] = 0
    with pytest.raises(ValueError, match="no clip shows the bone from 'elbow' to 'wrist'"):
        measure_population([('a', clip)], ARM)
