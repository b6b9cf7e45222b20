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


def test_size_and_proportions_spread_as_they_were_drawn():
    rng = np.random.default_rng(0)
    layout = get_layout('kinect_v1')
    inner = [joint for joint, _ in layout.graph_inward]
    lengths = np.zeros(20)
    lengths[inner] = rng.uniform(0.1, 0.5, 19)
    lengths = (lengths + lengths[list(layout.mirrored_bones)]) / 2
    proportion = np.where(np.arange(20) % 4 == 0, 0.02, 0.05)
    proportion = np.maximum(proportion, proportion[list(layout.mirrored_bones)])
    clips = []
    for subject in range(300):
        noise = proportion * rng.normal(size=20)
        one_side = [min(j, other) for j, other in enumerate(layout.mirrored_bones)]
        body = lengths * np.exp(0.1 * rng.normal() + noise[one_side])
        clips.append((subject, walk(layout, body, rng)))
    measured = measure_population(clips, layout)
    # What the proportions add to the total counts as size, so it is a little above, and they are a little below.
    assert abs(measured.size_spread - 0.1) < 0.012
    np.testing.assert_allclose(
        measured.proportion_spread[inner], proportion[inner], rtol=0.25, atol=0.002
    )
    assert measured.proportion_spread[layout.root] == 0
    np.testing.assert_array_equal(
        measured.proportion_spread, measured.proportion_spread[list(layout.mirrored_bones)]
    )


def walk(layout, lengths, rng):
    """One frame of one body in a random pose, shape (1, 1, V, 3)."""
    directions = rng.normal(size=(layout.num_joints, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    x, done = np.zeros((layout.num_joints, 3)), [layout.root]
    while len(done) < layout.num_joints:
        for joint, parent in layout.graph_inward:
            if parent in done and joint not in done:
                x[joint] = x[parent] + lengths[joint] * directions[joint]
                done.append(joint)
    return x[None, None] + 1


def test_spread_against_the_formula():
    clips = [('a', arm(0.3, 0.2)), ('b', arm(0.4, 0.3)), ('c', arm(0.5, 0.9))]
    measured = measure_population(clips, ARM)  # the median body is 0.4 and 0.3
    size = np.log([0.5 / 0.7, 1, 1.4 / 0.7])
    assert np.isclose(measured.size_spread, np.std(size, ddof=1))
    upper = np.log([0.3 / 0.4, 1, 0.5 / 0.4]) - size
    lower = np.log([0.2 / 0.3, 1, 0.9 / 0.3]) - size
    expected = [0, np.std(upper, ddof=1), np.std(lower, ddof=1)]
    np.testing.assert_allclose(measured.proportion_spread, expected)


def test_people_of_one_build_have_no_spread_of_proportions():
    clips = [(s, scale * arm(0.3, 0.2)) for s, scale in enumerate((0.9, 1.0, 1.2))]
    measured = measure_population(clips, ARM)
    np.testing.assert_allclose(measured.proportion_spread, 0, atol=1e-9)
    assert np.isclose(measured.size_spread, np.std(np.log([0.9, 1.0, 1.2]), ddof=1))


def test_spread_is_unknown_where_fewer_than_two_show_it(recwarn):
    one = measure_population([('a', arm(0.3, 0.2))], ARM)
    assert np.isnan(one.size_spread) and np.isnan(one.proportion_spread[1:]).all()
    without_hand = arm(0.33, 0.2)
    without_hand[:, :, 2] = 0
    nobody = np.zeros_like(without_hand)
    clips = [('a', arm(0.3, 0.2)), ('b', without_hand), ('c', nobody)]
    two = measure_population(clips, ARM)
    # The median body is 0.315 and 0.2; the second person is measured by the upper arm alone.
    size = np.log([0.5 / 0.515, 0.33 / 0.315])
    assert np.isclose(two.size_spread, np.std(size, ddof=1))
    assert np.isfinite(two.proportion_spread[1]) and np.isnan(two.proportion_spread[2])
    assert not recwarn.list
