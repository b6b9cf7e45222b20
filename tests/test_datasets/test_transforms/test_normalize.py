# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import doctest

import numpy as np
import pytest

from mmskanon.datasets.transforms import NormalizeSkeleton, normalize
from mmskanon.registry import TRANSFORMS
from mmskanon.skeletons.geometry import denormalize_skeleton, normalize_skeleton


def random_clip(joints=25):
    rng = np.random.default_rng(0)
    return (rng.normal(size=(2, 9, joints, 3)) + [0, 0, 3]).astype(np.float32)


@pytest.mark.parametrize('center', ['first_frame', 'every_frame', None])
@pytest.mark.parametrize('rotate', [True, False])
def test_is_the_function_in_a_pipeline(center, rotate):
    transform = TRANSFORMS.build(
        dict(
            type='NormalizeSkeleton',
            layout='kinect_v1',
            center=center,
            center_joint='head',
            rotate=rotate,
        )
    )
    clip = random_clip(20)
    results = transform(dict(keypoint=clip, label=3))
    body, record = normalize_skeleton(clip, 'kinect_v1', center, 0, rotate)
    np.testing.assert_array_equal(results['keypoint'], body)
    for key, value in record.items():
        np.testing.assert_array_equal(results['normalization'][key], value)
    assert results['label'] == 3


def test_record_undoes_it():
    clip = random_clip()
    results = NormalizeSkeleton('nturgb+d')(dict(keypoint=clip))
    back = denormalize_skeleton(results['keypoint'], results['normalization'])
    np.testing.assert_allclose(back, clip, atol=1e-6)


def test_mistakes_in_the_config_fail_when_built():
    with pytest.raises(ValueError, match="'middle'"):
        NormalizeSkeleton('nturgb+d', center='middle')
    with pytest.raises(ValueError, match='center_joint must be 0 to 19'):
        NormalizeSkeleton('kinect_v1', center_joint=20)
    with pytest.raises(KeyError, match='ntu'):
        NormalizeSkeleton('ntu')


def test_wrong_layout_names_the_sample():
    with pytest.raises(ValueError, match='a1_s1_t1.*25 joints.*kinect_v1.*20'):
        NormalizeSkeleton('kinect_v1')(dict(keypoint=random_clip(), frame_dir='a1_s1_t1'))


def test_repr_and_examples():
    expected = "NormalizeSkeleton(layout='coco', center='first_frame', center_joint=0, rotate=True)"
    assert repr(NormalizeSkeleton('coco')) == expected
    results = doctest.testmod(normalize)
    assert results.attempted >= 4 and results.failed == 0
