# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pickle

import etri_files
import numpy as np
import pytest
from ntu_files import FIRST_ID, person, recording, write

from mmskanon.visualization.recordings import load_recording, load_samples


def test_real_ntu_recording_with_both_persons(ntu_samples_dir):
    sample = load_recording(ntu_samples_dir / 'S001C003P008R002A058.skeleton')
    assert sample['frame_dir'] == 'S001C003P008R002A058'
    persons, _, *rest = sample['keypoint'].shape
    assert persons == 2 and rest == [25, 3]


def test_real_utd_mhad_recording(utd_dir):
    from scipy.io import loadmat

    path = utd_dir / 'a6_s1_t1_skeleton.mat'
    (sample,) = load_samples(path)
    assert sample['frame_dir'] == 'a6_s1_t1'
    expected = loadmat(path)['d_skel'].transpose(2, 0, 1)[None]
    np.testing.assert_allclose(sample['keypoint'], expected, rtol=1e-6)


def test_ntu_file_of_any_name(tmp_path):
    path = write(tmp_path, 'mine', recording(14, (FIRST_ID, 0, person(14))))
    sample = load_recording(path)
    assert sample['frame_dir'] == 'mine'
    np.testing.assert_allclose(sample['keypoint'][0], person(14), atol=1e-6)


def test_etri_file(tmp_path):
    path = tmp_path / 'A001_P001_G001_C001.csv'
    path.write_bytes(etri_files.text_of(etri_files.rows_of(person(9))))
    np.testing.assert_allclose(load_recording(path)['keypoint'][0], person(9), atol=1e-6)


@pytest.mark.parametrize('shape', [(7, 20, 3), (2, 7, 20, 3)])
def test_numpy_array(tmp_path, shape):
    clip = np.random.default_rng(0).normal(size=shape)
    np.save(tmp_path / 'clip.npy', clip)
    found = load_recording(tmp_path / 'clip.npy')['keypoint']
    np.testing.assert_array_equal(found, clip.reshape(-1, 7, 20, 3))


def test_annotation_file_gives_all_its_samples(tmp_path):
    samples = [dict(frame_dir=f'c{i}', keypoint=np.ones((1, 2, 20, 3))) for i in range(3)]
    (tmp_path / 'data.pkl').write_bytes(pickle.dumps(dict(annotations=samples)))
    assert [s['frame_dir'] for s in load_samples(tmp_path / 'data.pkl')] == ['c0', 'c1', 'c2']


def _numpy(array):
    def make(path):
        with open(path, 'wb') as file:
            np.save(file, array, allow_pickle=True)

    return make


def _bytes(content):
    return lambda path: path.write_bytes(content)


BAD = {
    'pickled.npy': (_numpy(np.array([{}], dtype=object)), 'holds Python objects'),
    'garbage.npy': (_bytes(b'nonsense'), 'damaged or no array of NumPy'),
    'rank.npy': (_numpy(np.ones((3, 20))), r'shape \(T, V, C\) or \(M, T, V, C\).*\(3, 20\)'),
    'kind.npy': (_numpy(np.ones((3, 20, 3), bool)), 'found bool'),
    'nobody.npy': (_numpy(np.zeros((3, 20, 3))), 'shows nobody'),
    'cut.skeleton': (_bytes(b'3\n1\n'), 'cut.skeleton'),
    'other.mat': (_bytes(b'MATLAB'), 'damaged or not a MATLAB file'),
    'columns.csv': (_bytes(b'a,b\n1,2\n'), 'lacks the column'),
}


@pytest.mark.parametrize('name', BAD)
def test_damaged_and_foreign_files_are_named(tmp_path, name):
    make, message = BAD[name]
    make(tmp_path / name)
    with pytest.raises(ValueError, match=message) as caught:
        load_recording(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_missing_file_and_foreign_ending(tmp_path):
    with pytest.raises(FileNotFoundError, match='gone.npy does not exist'):
        load_samples(tmp_path / 'gone.npy')
    (tmp_path / 'clip.bvh').write_text('')
    with pytest.raises(ValueError, match='must end in one of .skeleton'):
        load_recording(tmp_path / 'clip.bvh')
