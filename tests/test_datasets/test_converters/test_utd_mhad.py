# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""UTD-MHAD converter: the real files, and files broken on purpose."""

import io
import shutil
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from mmskanon.datasets.converters import (
    UTD_MHAD_LAYOUT,
    missing_trials,
    read_utd_mhad,
    split_summary,
)
from mmskanon.datasets.converters.utd_mhad import read_keypoint
from mmskanon.skeletons.layouts import get_layout


def mat_bytes(compress=False, **variables) -> bytes:
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=compress)
    return stream.getvalue()


def skeleton(frames=5, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(20, 3, frames))


def cells() -> np.ndarray:
    """A cell array of the right shape, which SciPy would read as an object array."""
    array = np.empty((20, 3, 4), dtype=object)
    array.fill(1.0)
    return array


@pytest.fixture
def folder(tmp_path):
    """Two actions, one subject, trials 1 and 3."""
    source = tmp_path / 'mat'
    source.mkdir()
    for action in (2, 10):
        for trial in (1, 3):
            savemat(
                source / f'a{action}_s1_t{trial}_skeleton.mat',
                {'d_skel': skeleton(4 + action, trial)},
            )
    return source


@pytest.fixture(scope='module')
def real(utd_dir):
    return read_utd_mhad(utd_dir)


class TestRealFiles:
    def test_counts_and_split(self, real):
        rows = {row['split']: row for row in split_summary(real)}
        assert rows['all']['samples'] == 861
        assert rows['all']['subjects'] == 8 and rows['all']['actions'] == 27
        assert (rows['all']['frames_min'], rows['all']['frames_max']) == (41, 125)
        assert rows['train']['samples'] + rows['test']['samples'] == 861
        trials = {sample['frame_dir']: sample['trial'] for sample in real['annotations']}
        assert {trials[name] for name in real['split']['train']} == {1, 2}
        assert {trials[name] for name in real['split']['test']} == {3, 4}

    def test_missing_trials_are_the_published_three(self, real):
        gone = {name.rsplit('_', 1)[0] for name in missing_trials(real)}
        assert gone == {'a8_s1', 'a23_s6', 'a27_s8'}
        assert len(missing_trials(real)) == 3

    def test_samples_follow_the_schema(self, real):
        assert len({sample['frame_dir'] for sample in real['annotations']}) == 861
        for sample in real['annotations']:
            action, subject, trial = (int(part[1:]) for part in sample['frame_dir'].split('_'))
            assert (sample['label'], sample['subject'], sample['trial']) == (
                action - 1,
                subject,
                trial,
            )
            keypoint = sample['keypoint']
            assert keypoint.dtype == np.float32 and keypoint.flags.c_contiguous
            assert keypoint.shape == (1, sample['total_frames'], 20, 3)
            assert 'gender' not in sample

    def test_coordinates_are_those_of_the_file(self, real, utd_dir):
        by_name = {sample['frame_dir']: sample for sample in real['annotations']}
        for name in ('a1_s1_t1', 'a27_s8_t3'):
            raw = loadmat(utd_dir / f'{name}_skeleton.mat')['d_skel']
            keypoint = by_name[name]['keypoint']
            for joint, axis, frame in ((0, 1, 0), (7, 2, 10), (19, 0, 40)):
                assert keypoint[0, frame, joint, axis] == pytest.approx(
                    raw[joint, axis, frame], abs=1e-6
                )

    def test_bodies_are_upright_in_the_named_layout(self, real):
        layout = get_layout(UTD_MHAD_LAYOUT)
        keypoint = real['annotations'][0]['keypoint']
        assert layout.num_joints == keypoint.shape[2]
        height = keypoint[0, 0, :, 1]
        assert height[0] == height.max()
        assert 1.3 < height.max() - height.min() < 2.0

    def test_zip_equals_folder(self, utd_dir, tmp_path):
        archive = tmp_path / 'Skeleton.zip'
        names = ['a1_s1_t1_skeleton.mat', 'a10_s2_t3_skeleton.mat', 'a2_s8_t4_skeleton.mat']
        plain = tmp_path / 'plain'
        plain.mkdir()
        with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as target:
            for name in names:
                target.write(utd_dir / name, f'Skeleton/{name}')
                shutil.copy(utd_dir / name, plain / name)
            target.writestr('__MACOSX/Skeleton/._a1_s1_t1_skeleton.mat', b'resource fork')
            target.writestr('Skeleton/readme.txt', b'hello')
        packed, unpacked = read_utd_mhad(archive), read_utd_mhad(plain)
        assert packed['split'] == unpacked['split']
        assert [sample['frame_dir'] for sample in packed['annotations']] == [
            'a1_s1_t1',
            'a2_s8_t4',
            'a10_s2_t3',
        ]
        for one, other in zip(packed['annotations'], unpacked['annotations'], strict=True):
            np.testing.assert_array_equal(one['keypoint'], other['keypoint'])

    def test_cut_file_is_named(self, utd_dir, tmp_path):
        whole = (utd_dir / 'a1_s1_t1_skeleton.mat').read_bytes()
        (tmp_path / 'a1_s1_t1_skeleton.mat').write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ValueError, match=r'a1_s1_t1_skeleton\.mat is damaged'):
            read_utd_mhad(tmp_path)


class TestReading:
    def test_numeric_order_and_progress(self, folder):
        seen = []

        def progress(recordings):
            for recording in recordings:
                seen.append(recording.frame_dir)
                yield recording

        data = read_utd_mhad(folder, progress)
        assert seen == ['a2_s1_t1', 'a2_s1_t3', 'a10_s1_t1', 'a10_s1_t3']
        assert data['split'] == {
            'train': ['a2_s1_t1', 'a10_s1_t1'],
            'test': ['a2_s1_t3', 'a10_s1_t3'],
        }

    def test_other_sensors_are_counted_not_silent(self, folder):
        for sensor in ('depth', 'inertial'):
            savemat(folder / f'a2_s1_t1_{sensor}.mat', {'d': np.zeros(3)})
        with pytest.warns(UserWarning, match='2 files of other sensors'):
            read_utd_mhad(folder)


class TestContents:
    @pytest.mark.parametrize('compress', [False, True])
    def test_axes(self, compress):
        raw = skeleton(7)
        keypoint = read_keypoint(mat_bytes(compress, d_skel=raw), 'x.mat')
        assert keypoint.shape == (1, 7, 20, 3)
        np.testing.assert_allclose(keypoint[0, 3, 5], raw[5, :, 3], rtol=1e-6)

    def test_one_frame_lost_its_last_axis(self):
        assert read_keypoint(mat_bytes(d_skel=skeleton(1)[..., 0]), 'x.mat').shape == (1, 1, 20, 3)

    @pytest.mark.parametrize(
        ('variables', 'message'),
        [
            ({'skel': skeleton()}, r"lacks the variable 'd_skel', found \['skel'\]"),
            ({'d_skel': np.zeros((25, 3, 9))}, r'must have shape \(20, 3, T\).*\(25, 3, 9\)'),
            ({'d_skel': np.zeros((20, 9, 3))}, r'found \(20, 9, 3\)'),
            ({'d_skel': np.zeros((20, 3, 0))}, r'found \(20, 3, 0\)'),
            ({'d_skel': np.zeros((20, 3, 2, 2))}, r'found \(20, 3, 2, 2\)'),
            ({'d_skel': cells()}, "MATLAB class 'cell'"),
            ({'d_skel': {'a': 1.0}}, 'array of real numbers'),
            ({'d_skel': 'text'}, 'array of real numbers'),
            ({'d_skel': np.full((20, 3, 4), 1j)}, 'complex double'),
        ],
    )
    def test_wrong_variable(self, variables, message):
        with pytest.raises(ValueError, match=message) as caught:
            read_keypoint(mat_bytes(**variables), 'folder/x.mat')
        assert str(caught.value).startswith('folder/x.mat')

    def test_not_finite(self):
        raw = skeleton()
        raw[4, 1, 2] = np.nan
        with pytest.raises(ValueError, match=r'1 values .* at joint 4, frame 2'):
            read_keypoint(mat_bytes(d_skel=raw), 'x.mat')

    @pytest.mark.parametrize('content', [b'', b'no MATLAB file at all' * 20, b'\x00' * 400])
    def test_not_matlab(self, content):
        with pytest.raises(ValueError, match=r'x\.mat (is damaged|lacks)'):
            read_keypoint(content, 'x.mat')

    @settings(max_examples=150, deadline=None)
    @given(data=st.data())
    def test_damaged_files_give_arrays_or_sentences(self, data):
        content = bytearray(mat_bytes(d_skel=skeleton(2)))
        for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
            content[position] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, len(content)))
        try:
            keypoint = read_keypoint(bytes(content[:cut]), 'x.mat')
        except ValueError as error:
            assert str(error).startswith('x.mat')
        else:
            assert keypoint.dtype == np.float32 and keypoint.shape == (1, 2, 20, 3)

    def test_damaged_archive_member(self, tmp_path):
        archive = tmp_path / 'a.zip'
        with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as target:
            target.writestr('a1_s1_t1_skeleton.mat', mat_bytes(d_skel=skeleton()))
        content = bytearray(archive.read_bytes())
        content[120:160] = bytes(40)
        archive.write_bytes(content)
        with pytest.raises(ValueError, match=r'a\.zip!a1_s1_t1_skeleton\.mat'):
            read_utd_mhad(archive)

    def test_huge_file_is_not_read(self, tmp_path):
        with open(tmp_path / 'a1_s1_t1_skeleton.mat', 'wb') as file:
            file.truncate(33 * 2**20)
        with pytest.raises(ValueError, match='more than the .* allowed'):
            read_utd_mhad(tmp_path)

    def test_archive_bomb(self, tmp_path):
        archive = tmp_path / 'a.zip'
        with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as target:
            target.writestr('a1_s1_t1_skeleton.mat', bytes(33 * 2**20))
        with pytest.raises(ValueError, match='more than the .* allowed'):
            read_utd_mhad(archive)
