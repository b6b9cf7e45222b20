# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the page holds, unpacked with NumPy, is what was put in."""

import base64

import numpy as np
import pytest
from viewer_samples import two_samples, walkers

from mmskanon.skeletons.layouts import get_layout
from mmskanon.visualization.viewer import ViewerSample, pack_clips, sample_entry
from mmskanon.visualization.viewer.data import ABSENT
from mmskanon.visualization.views import project

KINECT = get_layout('kinect_v1')


def unpacked(data, shapes):
    """Steps of each clip (M, T, V, 3)."""
    values = np.frombuffer(base64.b64decode(data), '<i2').astype(int)
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    parts = np.split(values, ends)
    assert not len(parts[-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=False)]


@pytest.mark.parametrize('up', ['y', 'z', '-y'])
def test_round_trip_is_within_half_a_step(up):
    clips = [walkers(30, persons=2), walkers(41, persons=2, seed=1)]
    clips[0][1, 3:7] = 0
    origin, step, data = pack_clips(clips, up)
    assert step == 0.1
    for clip, steps in zip(clips, unpacked(data, [c.shape for c in clips]), strict=True):
        present = clip.any(axis=(2, 3))
        assert np.array_equal(present, (steps != ABSENT).all(axis=(2, 3)))
        assert (steps[~present] == ABSENT).all()
        found = steps[present] * step + origin
        expected = 1000 * project(clip, 'front', up)[present]
        assert np.abs(found - expected).max() <= step / 2 + 1e-9


def test_absent_joints_are_told_from_the_place_of_the_camera():
    clip = walkers(9)
    clip[0, 2:5, 7] = 0
    origin, step, data = pack_clips([clip], 'y')
    (steps,) = unpacked(data, [clip.shape])
    assert np.array_equal(
        np.argwhere((steps == ABSENT).all(axis=-1)), [[0, t, 7] for t in (2, 3, 4)]
    )
    seen = clip.any(axis=-1)
    assert origin[2] > 2000 and np.abs(steps[seen]).max() * step < 1500
    # Normalised skeletons: the joint that lies at zero by right stays.
    (steps,) = unpacked(pack_clips([clip], 'z', center=7)[2], [clip.shape])
    assert not (steps == ABSENT).any()


def test_step_grows_only_as_far_as_16_bits_need():
    clip = walkers(5)
    clip[0, 0, 0, 0] += 100
    origin, step, data = pack_clips([clip], 'y')
    found = unpacked(data, [clip.shape])[0] * step + origin
    assert np.abs(found - 1000 * project(clip)).max() <= step / 2 + 1e-9
    farthest = np.abs(1000 * project(clip) - origin).max()
    assert farthest / step <= 32767 < farthest / (step - 0.1)


def test_image_coordinates_stand_upright():
    coco = get_layout('coco')
    rng = np.random.default_rng(0)
    clip = rng.uniform([0, 0, 0], [1920, 1080, 1], (1, 4, 17, 3))
    entry = sample_entry(ViewerSample('a', clip, {'m': clip}), coco, '-y')
    steps = unpacked(entry['data'], [clip.shape] * 2)[0] * entry['step']
    assert np.allclose(np.diff(steps[..., 0], axis=2), np.diff(clip[..., 0], axis=2), atol=0.1)
    assert np.allclose(np.diff(steps[..., 1], axis=2), -np.diff(clip[..., 1], axis=2), atol=0.1)
    assert not steps[..., 2].any()


def test_entry_names_clips_and_leaves_out_who_is_never_there():
    sample = two_samples()[1]
    empty = np.zeros((1, 20, 20, 3))
    sample = ViewerSample('x', np.concatenate([sample.original, empty]), sample.anonymized)
    entry = sample_entry(sample, KINECT, 'y')
    assert (entry['name'], entry['persons']) == ('x', 2)
    assert [clip['name'] for clip in entry['clips']] == ['original', *sample.anonymized]
    assert [clip['frames'] for clip in entry['clips']] == [20, 20, 20]
    assert len(unpacked(entry['data'], [(2, 20, 20, 3)] * 3)) == 3


def test_who_lacks_in_one_clip_is_absent_there():
    clip = walkers(6, persons=2)
    entry = sample_entry(ViewerSample('x', clip, {'m': clip[:1]}), KINECT, 'y')
    _, after, *_ = unpacked(entry['data'], [clip.shape] * 2)
    assert (after[1] == ABSENT).all() and (after[0] != ABSENT).all()


BAD = {
    'rank': (np.zeros((4, 20, 3)), r'the clip of m must have shape \(M, T, V, C\)'),
    'no frames': (np.zeros((1, 0, 20, 3)), 'T >= 1'),
    'joints': (np.zeros((1, 4, 25, 3)), 'has 25 joints.*kinect_v1.*20'),
    'coordinates': (np.zeros((1, 4, 20, 2)), 'has 2 coordinates a joint'),
    'NaN': (np.full((1, 4, 20, 3), np.nan), 'NaN or infinite'),
}


@pytest.mark.parametrize('case', BAD)
def test_clips_that_do_not_fit_are_named(case):
    clip, message = BAD[case]
    with pytest.raises(ValueError, match=f"sample 'x', .*{message}"):
        sample_entry(ViewerSample('x', walkers(4), {'m': clip}), KINECT, 'y')


def test_nobody_is_no_sample():
    empty = np.zeros((1, 4, 20, 3))
    with pytest.raises(ValueError, match="sample 'x', no body to draw"):
        sample_entry(ViewerSample('x', empty, {'m': empty}), KINECT, 'y')
    with pytest.raises(ValueError, match='no body to draw'):
        pack_clips([empty], 'y')
