# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import shutil

import pytest

from mmskanon.datasets.converters.utd_mhad_files import UTD_MHAD_ACTIONS, list_recordings


@pytest.fixture
def folder(tmp_path):
    """Empty files of two actions, one subject, trials 1 and 3."""
    source = tmp_path / 'mat'
    source.mkdir()
    for action in (10, 2):
        for trial in (1, 3):
            (source / f'a{action}_s1_t{trial}_skeleton.mat').touch()
    return source


def test_subfolders_are_searched(folder, tmp_path):
    assert len(list_recordings(tmp_path)[0]) == 4


def test_other_sensors_are_left_aside(folder):
    for sensor in ('depth', 'inertial'):
        (folder / f'a2_s1_t1_{sensor}.mat').touch()
    recordings, other = list_recordings(folder)
    assert len(recordings) == 4
    assert other == [str(folder / f'a2_s1_t1_{sensor}.mat') for sensor in ('depth', 'inertial')]


def test_missing_source(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere does not exist'):
        list_recordings(tmp_path / 'nowhere')


def test_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='holds no file named'):
        list_recordings(tmp_path)


def test_neither_folder_nor_zip(tmp_path):
    path = tmp_path / 'data.txt'
    path.write_text('hello')
    with pytest.raises(ValueError, match='neither a folder nor a readable zip'):
        list_recordings(path)


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('skeleton.mat', 'not named like'),
        ('a1_s1_t1_skeleton_copy.mat', 'not named like'),
        ('a28_s1_t1_skeleton.mat', 'action 28, expected 1 to 27'),
        ('a0_s1_t1_skeleton.mat', 'action 0, expected 1 to 27'),
        ('a1_s9_t1_skeleton.mat', 'subject 9, expected 1 to 8'),
        ('a1_s1_t5_skeleton.mat', 'trial 5, expected 1 to 4'),
    ],
)
def test_bad_name(folder, name, message):
    (folder / name).touch()
    with pytest.raises(ValueError, match=message) as caught:
        list_recordings(folder)
    assert name in str(caught.value)


def test_same_performance_twice(folder):
    (folder / 'again').mkdir()
    shutil.copy(folder / 'a2_s1_t1_skeleton.mat', folder / 'again')
    with pytest.raises(ValueError, match='repeats a2_s1_t1'):
        list_recordings(folder)


def test_action_names():
    assert len(set(UTD_MHAD_ACTIONS)) == 27
