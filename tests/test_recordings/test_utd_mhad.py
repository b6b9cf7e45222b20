# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""MATLAB files: what is written is one variable that SciPy, the converter and the format itself read alike."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import loadmat, savemat

from mmskanon.datasets.converters import read_utd_mhad
from mmskanon.recordings import FORMATS, NobodyError, Recording

UTD = FORMATS['utd_mhad']
NAMES = ('a1_s1_t1', 'a7_s3_t2', 'a10_s8_t4', 'a22_s5_t1', 'a27_s2_t3')


def written(**variables) -> bytes:
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=True)
    return stream.getvalue()


def test_originals_come_back_by_every_reader(utd_dir, tmp_path):
    for folder in ('in', 'out'):
        (tmp_path / folder).mkdir()
    for name in NAMES:
        path = utd_dir / f'{name}_skeleton.mat'
        original = path.read_bytes()
        (tmp_path / 'in' / path.name).write_bytes(original)
        found = UTD.read(original, path.name)
        content = UTD.write(found, found.keypoint)
        (tmp_path / 'out' / path.name).write_bytes(content)
        joints = loadmat(io.BytesIO(content))['d_skel']
        assert joints.dtype == np.float64 and joints.shape == loadmat(path)['d_skel'].shape
        np.testing.assert_array_equal(joints.astype('f4').transpose(2, 0, 1), found.keypoint[0])
    np.testing.assert_equal(read_utd_mhad(tmp_path / 'out'), read_utd_mhad(tmp_path / 'in'))


def test_everything_but_the_joints_is_dropped():
    joints = np.random.default_rng(0).normal(size=(20, 3, 9))
    found = UTD.read(written(d_skel=joints, subject='Alice', age=63), 'x')
    content = UTD.write(found, found.keypoint)
    assert [k for k in loadmat(io.BytesIO(content)) if not k.startswith('__')] == ['d_skel']
    assert content[:128] == b'MATLAB 5.0 MAT-file'.ljust(116) + bytes(8) + b'\x00\x01IM'
    assert content == UTD.write(UTD.read(written(d_skel=joints), 'y'), found.keypoint)
    assert b'Alice' not in content and UTD.traces(found) == {}


@settings(max_examples=60, deadline=None)
@given(
    keypoint=hnp.arrays(
        np.float32,
        st.tuples(st.just(1), st.integers(1, 5), st.just(20), st.just(3)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_any_joints_come_back_to_the_last_bit(keypoint):
    keypoint[0, 0, 0, 0] = 1
    content = UTD.write(Recording(keypoint[:, :1]), keypoint)
    np.testing.assert_array_equal(UTD.read(content, 'x').keypoint, keypoint)
    joints = loadmat(io.BytesIO(content))['d_skel']
    np.testing.assert_array_equal(joints.transpose(2, 0, 1), keypoint[0])


JOINTS = np.ones((20, 3, 4))


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'x' * 200,
        written(d_skel=JOINTS)[:-20],
        written(other=JOINTS),
        written(d_skel=JOINTS[:19]),
        written(d_skel=np.where(JOINTS.cumsum().reshape(JOINTS.shape) == 7, np.nan, JOINTS)),
        written(d_skel=np.array(['text'])),
        written(d_skel=np.zeros((20, 3, 2**20))),  # unpacks to 480 MiB
    ],
)
def test_broken_files_are_named_in_one_sentence(content):
    with pytest.raises(ValueError, match=r'^broken.mat[^\n]*$'):
        UTD.read(content, 'broken.mat')


def test_nobody_is_refused():
    with pytest.raises(NobodyError, match='x shows nobody'):
        UTD.read(written(d_skel=0 * JOINTS), 'x')


def test_names_say_what_the_converter_reads():
    facts = dict(frame_dir='a10_s8_t4', subject=8, label=9, trial=4)
    assert UTD.facts('Skeleton/a10_s8_t4_skeleton.mat') == facts
    assert UTD.matches('a10_s8_t4_skeleton.mat') and UTD.matches('mine.mat')
    for other in ('a10_s8_t4_depth.mat', 'a10_s8_t4_inertial.mat', '._mine.mat', 'mine.matx'):
        assert not UTD.matches(other)
