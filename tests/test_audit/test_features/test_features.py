# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import warnings

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from mmskanon.audit.features import (
    anthropometric_features,
    centred_position,
    kinematic_features,
    motion_residual,
    speed_profile,
    unit_bones,
)
from mmskanon.skeletons.body_parts import body_parts
from mmskanon.skeletons.layouts import LAYOUTS, get_layout

LAYOUT = get_layout('kinect_v1')
FEATURES = [
    anthropometric_features,
    centred_position,
    kinematic_features,
    motion_residual,
    speed_profile,
]


def walk(frames=30, persons=1, layout=LAYOUT, seed=0):
    """Random bodies that move smoothly."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(scale=0.01, size=(persons, frames, layout.num_joints, layout.dims))
    pose = rng.normal(size=(persons, 1, layout.num_joints, layout.dims))
    return (pose + steps.cumsum(axis=1)).astype(np.float32)


def distance(a, b):
    return float(np.sqrt(sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True))))


def test_anthropometrics_are_those_of_the_definition():
    clip = walk()[0]
    found = anthropometric_features(clip[None], LAYOUT)
    pairs = [(j, LAYOUT.parents[j]) for j in range(20) if LAYOUT.parents[j] != j]
    values = [[distance(frame[a], frame[b]) for frame in clip] for a, b in [*pairs, *LAYOUT.pairs]]
    spread = [[np.percentile(v, q) for v in values] for q in (50, 5, 25, 75, 95)]
    spread += [[np.mean(v) for v in values], [np.std(v) for v in values]]
    spread += [[np.mean([abs(b - a) for a, b in zip(v, v[1:], strict=False)]) for v in values]]
    median = {j: np.median(v) for (j, _), v in zip(pairs, values, strict=False)}
    total = sum(median.values())
    ratios = [np.median(v) / total for v in values]
    sides = [(median[a] - median[b]) / (median[a] + median[b]) for a, b in LAYOUT.pairs]
    extent = [np.percentile([np.ptp(f[:, c]) for f in clip], q) for q in (50, 95) for c in range(3)]
    expected = np.concatenate([np.ravel(spread), ratios, sides, [total], extent, [1]])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_absent_joints_do_not_shorten_bones():
    clip = walk()
    expected = anthropometric_features(clip, LAYOUT)
    clip[0, ::5, 7] = 0
    found = anthropometric_features(clip, LAYOUT)
    bone = [j for j, _ in LAYOUT.graph_inward].index(7)
    assert found[bone] == pytest.approx(expected[bone], rel=0.05)


def test_speeds_and_angles_are_those_of_the_definition():
    clip = walk()[0].astype(np.float64)
    found = kinematic_features(clip[None], LAYOUT)
    relative = clip - clip[:, LAYOUT.center][:, None]
    speed = np.array(
        [
            [distance(b[j], a[j]) for j in range(20)]
            for a, b in zip(relative, relative[1:], strict=False)
        ]
    )
    assert found[0] == pytest.approx(np.log(31)) and found[1] == pytest.approx(0.3)
    first = 2 + 6 + 4
    np.testing.assert_allclose(found[first : first + 20], speed.mean(0), atol=1e-9)
    np.testing.assert_allclose(found[first + 20 : first + 40], speed.std(0), atol=1e-9)
    acceleration = [
        np.mean(
            [
                distance(c[j] - b[j], b[j] - a[j])
                for a, b, c in zip(relative, relative[1:], relative[2:], strict=False)
            ]
        )
        for j in range(20)
    ]
    np.testing.assert_allclose(found[first + 60 : first + 80], acceleration, atol=1e-9)
    angles = []
    for joint, parent in LAYOUT.graph_inward:
        above = LAYOUT.parents[parent]
        if above == parent:
            continue
        a, b = clip[:, joint] - clip[:, parent], clip[:, parent] - clip[:, above]
        cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        angles.append(np.arccos(cosine).mean())
    start = first + 7 * 20
    np.testing.assert_allclose(found[start : start + len(angles)], angles, atol=1e-7)


def test_rhythm_finds_the_frequency():
    frames, frequency = 64, 5 / 64
    clip = np.repeat(walk(1)[:, :1], frames, axis=1).astype(np.float64)
    # The speed of the hand is 1 + cos: it swings once in 64 / 5 frames.
    swing = np.cumsum(1 + np.cos(2 * np.pi * frequency * np.arange(frames)))
    clip[0, :, 7, 0] += 0.01 * swing
    found = kinematic_features(clip, LAYOUT)
    parts, pairs = body_parts(LAYOUT), len(LAYOUT.pairs)
    arm = next(i for i, joints in enumerate(parts) if 7 in joints)
    rhythm = found[-2 * pairs - 4 * len(parts) : -2 * pairs].reshape(len(parts), 4)
    assert rhythm[arm, 0] == pytest.approx(frequency, abs=0.5 / frames)
    assert not rhythm[[i for i in range(len(parts)) if i != arm]].any()
    share = found[-2 * pairs : -pairs]
    assert share[[p[0] for p in LAYOUT.pairs].index(7)] == pytest.approx(1)


def test_motion_residual_is_that_of_the_definition():
    clip = walk(frames=32)[0].astype(np.float64)  # as long as the result: nothing is stretched
    bones = np.stack(
        [
            (clip[:, j] - clip[:, p])
            / np.linalg.norm(clip[:, j] - clip[:, p], axis=1, keepdims=True)
            for j, p in LAYOUT.graph_inward
        ],
        axis=1,
    )
    smooth = gaussian_filter1d(bones, 1.5, axis=0, mode='nearest')
    expected = smooth - smooth.mean(0)
    np.testing.assert_allclose(motion_residual(clip[None], LAYOUT), expected.ravel(), atol=1e-6)


def test_residual_and_angles_do_not_see_the_size_of_a_body():
    clip = walk()
    grown = clip * 1.3
    np.testing.assert_allclose(
        motion_residual(clip, LAYOUT), motion_residual(grown, LAYOUT), atol=1e-5
    )
    np.testing.assert_allclose(unit_bones(clip, LAYOUT), unit_bones(grown, LAYOUT), atol=1e-5)
    assert not np.allclose(
        anthropometric_features(clip, LAYOUT), anthropometric_features(grown, LAYOUT)
    )


@pytest.mark.parametrize('function', FEATURES)
@pytest.mark.parametrize('layout', sorted(LAYOUTS))
def test_persons_are_described_side_by_side_and_absent_ones_safely(function, layout):
    layout = get_layout(layout)
    clip = walk(persons=2, layout=layout)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        both = function(clip, layout)
        size = len(both) // 2
        np.testing.assert_array_equal(both[:size], function(clip[:1], layout))
        np.testing.assert_array_equal(both[size:], function(clip[1:], layout))
        clip[1] = 0
        assert np.isfinite(function(clip, layout)).all()
        assert len(function(clip, layout)) == len(both)
        # A second person who comes late is described by the frames in which it is there.
        clip[1, 20:] = clip[0, 20:]
        np.testing.assert_array_equal(
            function(clip, layout)[size:], function(clip[:1, 20:], layout)
        )
        for frames in (1, 2, 3):
            assert len(function(clip[:, :frames], layout)) == len(both)
