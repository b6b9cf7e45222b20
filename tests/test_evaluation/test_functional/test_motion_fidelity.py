# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Speed, jerk, lengths of bones and presence, against loops and known answers."""

import numpy as np
import pytest

from mmskanon.evaluation.functional import motion_figures, motion_sums

BONES = ((0, 0), (1, 0), (2, 1))


def clip(frames=12, persons=1, seed=0):
    return np.random.default_rng(seed).normal(size=(persons, frames, 3, 3)) + 5


def figures(a, b):
    return motion_figures([motion_sums(a, b, BONES)])


def test_the_same_clip():
    found = figures(clip(), clip())
    assert found['velocity_ratio'] == found['jerk_ratio'] == 1.0
    assert found['bone_variation'] == found['bone_variation_original'] > 0
    assert found['ghost_frames'] == found['vanished_frames'] == 0.0


def test_against_loops():
    a, b = clip(seed=1), clip(seed=2)
    found = figures(a, b)

    def mean(x, order):
        d = np.diff(x[0], n=order, axis=0)
        return np.mean([np.sqrt((d[t, v] ** 2).sum()) for t in range(len(d)) for v in range(3)])

    assert found['velocity_ratio'] == pytest.approx(mean(b, 1) / mean(a, 1))
    assert found['jerk_ratio'] == pytest.approx(mean(b, 3) / mean(a, 3))
    lengths = [np.linalg.norm(b[0, :, c] - b[0, :, p], axis=-1) for c, p in BONES[1:]]
    assert found['bone_variation'] == pytest.approx(np.mean([x.std() / x.mean() for x in lengths]))


def test_a_statue_and_a_clip_twice_as_wide():
    a = clip()
    assert figures(a, np.repeat(a[:, :1], 12, axis=1))['velocity_ratio'] == 0.0
    assert figures(a, 2 * a)['velocity_ratio'] == pytest.approx(2)
    assert figures(a, 2 * a)['bone_variation'] == pytest.approx(figures(a, a)['bone_variation'])


def test_nobody_moves_in_or_out_of_the_picture():
    a = clip(persons=2)
    a[1, 4:8] = 0
    gap = figures(a, a)
    assert gap['velocity_ratio'] == gap['jerk_ratio'] == 1.0
    speeds = motion_sums(a, a, BONES)['speed_before']
    whole = motion_sums(a[:1], a[:1], BONES)['speed_before']
    rest = sum(
        np.linalg.norm(np.diff(a[1, part], axis=0), axis=-1).sum()
        for part in (slice(0, 4), slice(8, 12))
    )
    assert speeds == pytest.approx(whole + rest)


def test_ghosts_and_vanished_people():
    a, b = clip(persons=2), clip(persons=2)
    a[1, :6] = 0
    b[1, 3:9] = 0
    found = figures(a, b)
    assert found['ghost_frames'] == pytest.approx(3 / 6)
    assert found['vanished_frames'] == pytest.approx(3 / 18)


def test_sums_add_over_clips():
    parts = [motion_sums(clip(seed=s), clip(seed=s + 9), BONES) for s in range(3)]
    joined = {k: sum(p[k] for p in parts) for k in parts[0]}
    assert motion_figures(parts) == motion_figures([joined])


def test_one_frame_moves_nowhere():
    found = figures(clip(1), clip(1))
    assert np.isnan(found['velocity_ratio']) and found['ghost_frames'] == 0.0


def test_shapes_are_checked():
    with pytest.raises(ValueError, match='two clips of one shape'):
        motion_sums(clip(3), clip(4), BONES)
