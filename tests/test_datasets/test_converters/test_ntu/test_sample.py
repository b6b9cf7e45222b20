# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One recording as an annotation."""

import numpy as np
import pytest
from ntu_files import FIRST_ID, person, recording, write

from mmskanon.datasets.converters.ntu import BodyRules, read_ntu_skeleton

NAME = 'S007C002P025R001A060'


def test_facts_and_coordinates(tmp_path):
    joints = person(13)
    path = write(tmp_path, NAME, recording(14, (FIRST_ID, 1, joints)))
    sample = read_ntu_skeleton(path)
    np.testing.assert_array_equal(sample.pop('keypoint'), joints[None].astype(np.float32))
    assert sample == dict(
        frame_dir=NAME, label=59, subject=25, camera=2, setup=7, replication=1, total_frames=13
    )
    assert read_ntu_skeleton(str(path), BodyRules(keep_empty=True))['total_frames'] == 14


def test_float16(tmp_path):
    joints = person(13)
    path = write(tmp_path, NAME, recording(13, (FIRST_ID, 0, joints)))
    half = read_ntu_skeleton(path, dtype='float16')['keypoint']
    assert half.dtype == np.float16 and half.flags.c_contiguous
    far = np.abs(joints).max()
    assert np.abs(half[0] - joints).max() <= 2.0 ** (np.floor(np.log2(far)) - 11) * 1.001
    joints[3, 3, 2] = 70000
    path = write(tmp_path, NAME, recording(13, (FIRST_ID, 0, joints)))
    assert read_ntu_skeleton(path)['keypoint'].max() == 70000
    with pytest.raises(ValueError, match='beyond the range of float16; use float32'):
        read_ntu_skeleton(path, dtype='float16')


@pytest.mark.parametrize('frames', [[], [[], []]])
def test_nobody(tmp_path, frames):
    with pytest.raises(ValueError, match=rf'{NAME}\.skeleton shows nobody'):
        read_ntu_skeleton(write(tmp_path, NAME, frames))


def test_bad_name(tmp_path):
    path = write(tmp_path, 'walking', recording(13, (FIRST_ID, 0, person(13))))
    with pytest.raises(ValueError, match=r'walking\.skeleton is not named like'):
        read_ntu_skeleton(path)
