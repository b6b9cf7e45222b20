# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.datasets.check import check_samples


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(['<f2', '>f2', '<f4', '>f4', '<f8']),
    st.lists(
        st.floats(-1e6, 1e6, width=32)
        | st.sampled_from([np.nan, -np.nan, np.inf, -np.inf, 65504.0, -65504.0, -0.0]),
        max_size=9,
    ),
    st.booleans(),
)
def test_finite_in_every_precision_and_memory_order(dtype, values, transposed):
    keypoint = np.ones((1, 9, 20, 3))
    keypoint[0, : len(values), 4, 2] = values
    with np.errstate(over='ignore'):
        keypoint = keypoint.astype(dtype)
    if transposed:
        keypoint = np.asfortranarray(keypoint)[:, ::-1]
    sample = dict(frame_dir='a', label=0, total_frames=9, keypoint=keypoint)
    problems = check_samples([sample], layout='kinect_v1')
    found = [p.kind for p in problems if p.level == 'error']
    assert found == ([] if np.isfinite(keypoint).all() else ['not-finite'])


def test_coco_samples_may_have_a_score():
    sample = dict(frame_dir='a', label=0, total_frames=4)
    for channels, expected in (
        (1, ['coordinate-count']),
        (2, []),
        (3, []),
        (4, ['coordinate-count']),
    ):
        sample['keypoint'] = np.ones((1, 4, 17, channels), np.float16)
        assert [p.kind for p in check_samples([sample], layout='coco')] == expected


def test_a_coordinate_is_no_score():
    keypoint = np.ones((1, 4, 17, 3), np.float32)
    sample = dict(frame_dir='a', label=0, total_frames=4, keypoint=keypoint)
    for value, expected in (
        (1.005, []),
        (-0.005, []),
        (3.2, ['score-range']),
        (-1, ['score-range']),
    ):
        keypoint[0, 2, 5, 2] = value
        problems = check_samples([sample], layout='coco')
        assert [p.kind for p in problems] == expected
    assert 'found numbers from -1 to 1 in the place' in str(problems[0])
    assert "a further coordinate? the layout 'coco' has 2" in str(problems[0])
    assert check_samples([sample]) == []
