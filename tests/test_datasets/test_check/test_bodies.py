# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmskanon.datasets.check import check_samples


def standing(samples=5):
    """People of 20 joints, about two metres high, a few metres before the camera."""
    rng = np.random.default_rng(0)
    made = []
    for n in range(samples):
        pose = rng.normal(scale=0.2, size=(20, 3))
        pose[[0, 1, 2, 3], 1] = 0.7, 0.4, 0.1, -0.1  # head, shoulders, spine, hips
        pose[[14, 15, 18, 19], 1] = -0.9
        clip = pose + rng.normal(scale=0.01, size=(2, 40, 20, 3)) + [0, 0, 3]
        clip[1] = 0
        clip[0, :3] = clip[0, 20:, 2] = 0  # tracking starts late and loses the spine
        made.append(
            dict(frame_dir=f's{n}', label=0, keypoint=clip.astype(np.float32), total_frames=40)
        )
    return made


def found(samples, layout='kinect_v1'):
    return [(p.level, p.kind, p.sample) for p in check_samples(samples, 'f.pkl', layout)]


def changed(sample, function):
    return {**sample, 'keypoint': function(sample['keypoint'])}


def test_people_in_metres_who_stand_are_fine():
    assert found(standing()) == []


@pytest.mark.parametrize('scale', [1000, 100, 1e-3])
def test_a_sample_in_another_unit_is_named(scale):
    samples = standing()
    for n in (1, 3):
        samples[n] = changed(samples[n], lambda k: k * np.float32(scale))
    (problem,) = check_samples(samples, 'f.pkl', 'kinect_v1')
    assert (problem.level, problem.kind, problem.sample) == ('warning', 'unit', 's1')
    assert problem.found.endswith("in 2 of 5 samples, also 's3'")
    assert 'divided by 1000' in str(problem)


def test_pixels_may_have_any_size():
    pixels = np.random.default_rng(0).uniform(0, 1000, (1, 9, 17, 2)).astype(np.float32)
    assert found([dict(frame_dir='a', label=0, keypoint=pixels, total_frames=9)], 'coco') == []


def test_a_file_with_y_down_or_joints_of_another_order_is_told_once():
    down = [changed(s, lambda k: k * np.float32([1, -1, 1])) for s in standing()]
    # Microsoft's order begins with the hips, that of the layout with the head.
    turned = [changed(s, lambda k: k[:, :, [3, 2, 1, 0, *range(4, 20)]]) for s in standing()]
    for samples in (down, turned):
        assert found(samples) == [('warning', 'upside-down', None)]


def test_somebody_may_stand_on_the_head():
    samples = standing()
    samples[:2] = [changed(s, lambda k: k * np.float32([1, -1, 1])) for s in samples[:2]]
    assert found(samples) == []
