# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Faulty files end in one sentence that names file and place."""

import logging
from pathlib import Path

import numpy as np
import pytest
from builders import annotations
from pose_datasets import FORMAT, SAMPLE, build, ntu_pickle

from mmskanon.datasets import private_pose_dataset


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path(self.target),))


def two_persons(data):
    sample = data['annotations'][1]
    sample['keypoint'] = np.concatenate([sample['keypoint']] * 2)


def with_nan(data):
    data['annotations'][1]['keypoint'][0, 2, 3, 1] = np.nan


def nobody(data):
    del data['annotations'][1]['subject']


def one_class(data):
    for sample in data['annotations']:
        sample['subject'] = 3


def empty_split(data):
    data['split']['train'] = []


def unknown_sample(data):
    data['split']['train'].append('ghost')


def mixed(data):
    data['annotations'][1]['subject'] = 'bob'


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (
            two_persons,
            r"sample 'a1_s1_t2', key 'keypoint': expected at most 1 person.*found 2 persons",
        ),
        (with_nan, r"sample 'a1_s1_t2', key 'keypoint': expected finite.*\(0, 2, 3, 1\)"),
        (
            nobody,
            r"sample 'a1_s1_t2', key 'subject': expected the subject of the person, found none",
        ),
        (one_class, r"key 'subject': expected at least two values, found only 3"),
        (empty_split, r"key 'split/train': expected at least one sample name, found none"),
        (unknown_sample, r"sample 'ghost', key 'split/train': expected .* found no such sample"),
        (mixed, r"key 'subject': expected integers only or strings only, found both"),
    ],
)
def test_bad_annotations_end_in_one_sentence_that_names_file_and_place(write, spoil, message):
    data = annotations()
    spoil(data)
    path = write(data)
    with pytest.raises(ValueError, match=message) as error:
        build(path, [*SAMPLE, *FORMAT])
    assert str(error.value).startswith(path) and '\n' not in str(error.value)


def test_one_class_in_the_whole_file_is_an_error_for_tests_too(write):
    data = annotations()
    one_class(data)
    path = write(data)
    with pytest.raises(ValueError, match="key 'subject': expected at least two values"):
        build(path, split='test', test_mode=True)
    assert len(build(path, split='test', test_mode=True, attributes=())) == 24


def test_clips_longer_than_a_sample_and_further_persons_can_be_allowed(write):
    data = annotations()
    two_persons(data)
    path = write(data)
    long = [dict(type='UniformSampleFrames', clip_len=21), SAMPLE[1], *FORMAT]
    with pytest.raises(ValueError, match='expected at least 21 frames.*found 20 frames'):
        build(path, long)
    with pytest.raises(ValueError, match='expected at most 1 person'):
        build(path, long, allow_short=True)
    dataset = build(path, long, allow_short=True, allow_dropped_persons=True)
    assert dataset[1]['inputs'].shape == (1, 1, 21, 20, 3)
    wrapped = [dict(type='RandomChoice', transforms=[long[:1], long[:1]]), *long[1:]]
    with pytest.raises(ValueError, match='expected at least 21 frames'):
        build(path, wrapped, allow_dropped_persons=True)


def test_wrong_layout_names_both_numbers_and_counts_the_rest(write):
    path = write(annotations())
    with pytest.raises(ValueError) as error:
        build(path, layout='nturgb+d')
    sentence = str(error.value)
    assert sentence.startswith(f"{path}, sample 'a1_s1_t1', key 'keypoint'"), sentence
    assert "expected 25 joints, as the layout 'nturgb+d' has, found 20 joints" in sentence
    assert sentence.endswith('(23 more; tools/data/check.py lists them)') and '\n' not in sentence


def test_a_subject_unseen_in_training_is_an_error(write):
    data = annotations()
    part = {True: 'train', False: 'val'}
    data['split'] = {'train': [], 'val': []}
    for sample in data['annotations']:
        data['split'][part[sample['subject'] > 1]].append(sample['frame_dir'])
    path = write(data)
    message = "expected a subject that split 'train' holds too, found 1 in 12 sample"
    with pytest.raises(ValueError, match=message):
        build(path, split='val', test_mode=True)
    assert len(build(path)) == 36
    assert len(build(path, split='val', test_mode=True, attributes=())) == 12
    rules = dict(by='subject', values=[1]), dict(by='subject', values=[1], exclude=True)
    with pytest.raises(ValueError, match='expected a subject that split .* found 1 in 12'):
        build(path, split=rules[0], train_split=rules[1], test_mode=True)
    with pytest.raises(KeyError, match="no split 'dev'"):
        build(path, split='val', train_split='dev')


def test_shared_takes_are_logged_once(write, monkeypatch):
    monkeypatch.setattr(private_pose_dataset, '_warned', set())
    logged = []
    monkeypatch.setattr(
        private_pose_dataset,
        'print_log',
        lambda text, logger, level=logging.INFO: logged.append((level, text)),
    )
    path = write(ntu_pickle())
    for _ in range(2):
        build(path, layout='nturgb+d', split='xview_val', test_mode=True)
    ((_, text),) = [entry for entry in logged if entry[0] == logging.WARNING]
    assert "found 12 of 12 samples of split 'xview_val' with one that it holds" in text


def test_faulty_splits_name_the_file(write):
    path = write(annotations())
    with pytest.raises(KeyError, match=r"ann.pkl: the annotations have no split 'dev'"):
        build(path, split='dev')
    with pytest.raises(ValueError, match=r'ann.pkl: the split .* holds no sample'):
        build(path, split=dict(by='subject', values=[9]))
    with pytest.raises(KeyError, match='no skeleton layout is called'):
        build(path, layout='ntu')


def test_a_fault_in_another_split_does_not_stop_this_one(write):
    data = annotations()
    data['split']['dev'] = []
    assert len(build(write(data))) == 24


def test_missing_truncated_and_foreign_files(tmp_path, write):
    with pytest.raises(
        FileNotFoundError,
        match=r"none.pkl' is not there: set ann_file, or make it with .*tools/data",
    ):
        build(str(tmp_path / 'none.pkl'))
    path = write(annotations())
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match='ann.pkl'):
        build(path)
    with pytest.raises(ValueError, match='three.pkl.*int.*expected a dict'):
        build(write(3, 'three.pkl'))


def test_a_pickle_with_code_inside_runs_nothing(tmp_path, write):
    bomb = Bomb()
    bomb.target = str(tmp_path / 'exploded')
    data = annotations()
    data['annotations'][0]['subject'] = bomb
    path = write(data)
    with pytest.raises(ValueError, match='ann.pkl'):
        build(path)
    assert not (tmp_path / 'exploded').exists()
