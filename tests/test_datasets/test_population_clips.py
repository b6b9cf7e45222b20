# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pickle

import numpy as np
import pytest
from builders import LAYOUT, annotations

from mmskanon.datasets.population_clips import PopulationClips, population_clips
from mmskanon.skeletons.geometry import normalize_skeleton


@pytest.fixture
def write(tmp_path):
    def save(data):
        path = tmp_path / 'data.pkl'
        path.write_bytes(pickle.dumps(data))
        return str(path)

    return save


@pytest.mark.parametrize('settings', [dict(), dict(center='every_frame', rotate=False)])
def test_clips_of_the_split_are_normalized_as_told(write, settings):
    data = annotations()
    clips = PopulationClips(write(data), 'train', LAYOUT, **settings)
    chosen = [s for s in data['annotations'] if s['frame_dir'] in data['split']['train']]
    assert len(clips) == len(chosen) == 24
    assert clips.labels == [s['label'] for s in chosen]
    for index in (0, 7):
        expected = normalize_skeleton(chosen[index]['keypoint'], LAYOUT, **settings)[0]
        assert np.array_equal(clips[index], expected)


def test_subjects_of_ntu_are_read_from_names(write):
    data = annotations(n_subjects=2, joints=25)
    for index, sample in enumerate(data['annotations']):
        sample['frame_dir'] = f'S001C001P{sample.pop("subject"):03d}R001A{index + 1:03d}'
    clips = PopulationClips(write(data['annotations']))
    assert clips.measure().subjects == 2


def test_every_sample_is_checked(write):
    data = annotations()
    data['annotations'][3]['keypoint'][0, 2, 5, 1] = np.nan
    with pytest.raises(ValueError, match=r'data.pkl.*a1_s1_t4.*keypoint'):
        PopulationClips(write(data), layout=LAYOUT)
    clips = PopulationClips(write(data), 'train', LAYOUT)  # it is not in this split
    assert len(clips) == 24


def test_a_bone_that_nobody_shows_names_the_file(write):
    data = annotations()
    for sample in data['annotations']:
        sample['keypoint'][:, :, 19] = 0
    clips = PopulationClips(write(data), 'train', LAYOUT)
    with pytest.raises(
        ValueError, match="data.pkl: no clip shows the bone from 'right_ankle' to 'right_foot'"
    ):
        clips.measure()


def test_keys_are_checked(write):
    path = write(annotations())
    made = population_clips(dict(ann_file=path, split='test', _scope_='mmskanon'), LAYOUT, 'X')
    assert len(made) == 24
    for wrong in (dict(split='train'), dict(ann_file=path, splits='train')):
        with pytest.raises(
            ValueError, match=r'X: population must be dict\(ann_file=..., split=...\)'
        ):
            population_clips(wrong, LAYOUT, 'X')
