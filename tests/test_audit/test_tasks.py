# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Partitions: takes stay apart, people are shared or not as the task says."""

import numpy as np
import pytest
from audit_recordings import recordings

from mmskanon.audit.tasks import attribute_task, closed_task, open_task


def without_splits(data):
    data['split'] = {}
    return data


def takes_of(original, rows):
    return set(original.take_numbers()[rows])


def test_splits_of_the_file_come_first(record):
    original = record(recordings())
    task = closed_task(original)
    (fold,) = task.folds
    assert [original.samples[i]['trial'] for i in fold.train[:4]] == [1, 2, 1, 2]
    assert len(fold.train) == len(fold.test) == 24
    assert fold.enrolment is fold.test and 'split train' in task.sentence


@pytest.mark.parametrize('trials', [2, 3, 4, 5])
def test_without_splits_takes_are_halved(record, trials):
    original = record(without_splits(recordings(trials=trials, cameras=2)))
    task = closed_task(original)
    (fold,) = task.folds
    assert not takes_of(original, fold.train) & takes_of(original, fold.test)
    assert set(task.labels[fold.train]) == set(task.labels[fold.test]) == {0, 1, 2, 3}
    assert len(fold.train) + len(fold.test) == len(original.samples)


def test_with_two_repetitions_people_are_enrolled_by_clips_trained_on(record):
    task = closed_task(record(without_splits(recordings(trials=2))))
    (fold,) = task.folds
    np.testing.assert_array_equal(fold.enrolment, fold.train)
    assert 'enrolled by clips that attackers have trained on' in task.sentence
    assert 'rule xrep' in task.sentence


def test_a_cross_view_split_is_passed_over_and_refused_when_asked_for(record):
    data = recordings(cameras=2)
    data['split'] = {
        part: [s['frame_dir'] for s in data['annotations'] if s['camera'] == camera]
        for part, camera in (('train', 1), ('test', 2))
    }
    original = record(data)
    (fold,) = closed_task(original).folds
    assert not takes_of(original, fold.train) & takes_of(original, fold.test)
    with pytest.raises(
        ValueError, match=r'48 of 48 test clips show a take that training shows too'
    ):
        closed_task(original, dict(train='train', test='test'))


def test_a_cross_subject_partition_is_refused(record):
    original = record(recordings())
    rule = dict(by='subject', values=[1, 2])
    with pytest.raises(ValueError, match=r'2 of the subjects tried are not among those trained on'):
        closed_task(original, dict(train=rule, test=dict(rule, exclude=True)))


def test_one_repetition_is_not_enough(record):
    with pytest.raises(ValueError, match='need subject and trial'):
        closed_task(record(without_splits(recordings(trials=1))))


def test_partition_needs_both_keys(record):
    with pytest.raises(ValueError, match='partition must have the keys train and test'):
        closed_task(record(recordings()), dict(train='train'))


def test_folds_of_small_sets_try_each_clip_once(record):
    original = record(recordings())
    first = dict(by='trial', values=[1, 2])
    folds = [
        dict(train=first, test=dict(first, exclude=True)),
        dict(train=dict(first, exclude=True), test=first),
    ]
    task = closed_task(original, folds)
    assert sorted(task.test) == list(range(len(original.samples)))
    np.testing.assert_array_equal(task.folds[0].train, task.folds[1].test)
    with pytest.raises(ValueError, match='24 clips are tried in more than one fold'):
        closed_task(original, [folds[0], folds[0]])


def test_open_folds_try_everyone_once_and_never_someone_trained_on(record):
    original = record(recordings(n_subjects=5))
    task = open_task(original, 2)
    assert sorted(task.test) == list(range(len(original.samples)))
    for fold in task.folds:
        assert not set(task.labels[fold.train]) & set(task.labels[fold.test])
    with pytest.raises(
        ValueError, match='3 folds of unseen people need at least 6 subjects, found 5'
    ):
        open_task(original, 3)


def test_an_attribute_is_read_from_strangers(record):
    original = record(recordings(n_subjects=6, genders=True))
    task = attribute_task(original, 'gender', folds=4)
    people = np.array(original.values('subject'))
    assert task.values == ['f', 'm'] and len(task.folds) == 3
    assert sorted(task.test) == list(range(len(original.samples)))
    for fold in task.folds:
        assert not set(people[fold.train]) & set(people[fold.test])
        assert set(task.labels[fold.train]) == {0, 1}


def test_an_attribute_needs_two_people_of_each_value(record):
    data = recordings(n_subjects=3, genders=True)
    with pytest.raises(ValueError, match='at least two subjects of each value'):
        attribute_task(record(data), 'gender')


def test_a_subject_has_one_value(record):
    data = recordings(genders=True)
    data['annotations'][0]['gender'] = 'f'
    with pytest.raises(
        ValueError, match='expected one value a subject, found several for 1 subjects'
    ):
        attribute_task(record(data), 'gender')


def test_an_attribute_with_one_value_tells_nothing(record):
    data = recordings(genders=True)
    for sample in data['annotations']:
        sample['gender'] = 'f'
    with pytest.raises(ValueError, match="found only 'f'"):
        attribute_task(record(data), 'gender')
