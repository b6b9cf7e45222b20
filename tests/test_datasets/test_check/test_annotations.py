# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import tracemalloc

import numpy as np
import pytest
from builders import annotations
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.datasets.check import check_annotations, check_train_test
from mmskanon.datasets.schema import complete_annotations

SETTINGS = dict(layout='kinect_v1', attributes=('subject',), num_person=1, clip_len=10)


def clean() -> dict:
    data = annotations(frames=12)
    # An empty second person is not a dropped one.
    data['annotations'][5]['keypoint'] = np.concatenate(
        [data['annotations'][5]['keypoint'], np.zeros((1, 12, 20, 3), np.float32)]
    )
    return data


def kinds(data, **changes) -> list[tuple]:
    found = check_annotations(data, 'f.pkl', **{**SETTINGS, **changes})
    return [(p.level, p.kind, p.sample) for p in found]


def edit(key, function):
    def plant(sample):
        sample[key] = function(sample[key])

    return plant


def with_value(value):
    def change(keypoint):
        keypoint = keypoint.copy()
        keypoint[0, 3, 7, 1] = value
        return keypoint

    return change


def drop(key):
    return lambda sample: sample.pop(key)


def cut(frames):
    def plant(sample):
        sample['keypoint'] = sample['keypoint'][:, :frames]
        sample['total_frames'] = frames

    return plant


# kind -> how to plant it in a sample.
DEFECTS = {
    'label': [drop('label'), edit('label', lambda v: -1), edit('label', float), edit('label', str)],
    'keypoint-type': [
        drop('keypoint'),
        edit('keypoint', np.ndarray.tolist),
        edit('keypoint', lambda k: k > 0),
    ],
    'keypoint-rank': [edit('keypoint', lambda k: k[0]), edit('keypoint', lambda k: k[None])],
    'joint-count': [edit('keypoint', lambda k: k[:, :, :17])],
    'coordinate-count': [
        edit('keypoint', lambda k: k[..., :2]),
        edit('keypoint', lambda k: np.concatenate([k, k], -1)),
    ],
    'no-person': [edit('keypoint', lambda k: k[:0])],
    'no-frame': [cut(0)],
    'not-finite': [edit('keypoint', with_value(v)) for v in (np.nan, np.inf, -np.inf)],
    'all-zero': [edit('keypoint', np.zeros_like)],
    'person-count': [edit('keypoint', lambda k: np.concatenate([k[:1], k[:1]]))],
    'score-shape': [
        lambda s: s.update(keypoint_score=np.ones((1, 12, 19))),
        lambda s: s.update(keypoint_score=None),
    ],
    'total-frames': [
        edit('total_frames', lambda t: t + 1),
        drop('total_frames'),
        edit('total_frames', str),
    ],
    'too-short': [cut(9)],
    'attribute-missing': [drop('subject'), edit('subject', lambda v: None)],
    'attribute-type': [edit('subject', float)],
}


def test_clean_data_has_no_problem():
    assert check_annotations(clean(), **SETTINGS) == []
    assert check_annotations(clean()['annotations'], **SETTINGS) == []
    assert check_annotations(clean()) == []


@pytest.mark.parametrize('kind', DEFECTS)
def test_each_defect_is_found_and_described_in_one_sentence(kind):
    for plant in DEFECTS[kind]:
        data = clean()
        plant(data['annotations'][2])
        (problem,) = check_annotations(data, 'f.pkl', **SETTINGS)
        assert (problem.level, problem.kind, problem.sample) == ('error', kind, 'a1_s1_t3')
        sentence = str(problem)
        assert '\n' not in sentence
        assert sentence.startswith(f"f.pkl, sample 'a1_s1_t3', key '{problem.key}': expected ")
        assert ', found ' in sentence and problem.advice


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 47).filter(lambda i: i != 5),
        st.tuples(st.sampled_from(sorted(DEFECTS)), st.integers(0, 9)),
        max_size=12,
    )
)
def test_any_set_of_planted_defects_is_found_exactly(planted):
    data = clean()
    for index, (kind, variant) in planted.items():
        DEFECTS[kind][variant % len(DEFECTS[kind])](data['annotations'][index])
    expected = {
        ('error', kind, data['annotations'][i]['frame_dir']) for i, (kind, _) in planted.items()
    }
    found = kinds(data, splits=[])
    assert set(found) == expected
    assert len(found) == len(expected)


def test_several_defects_of_one_sample_are_all_reported():
    data = clean()
    sample = data['annotations'][0]
    sample['keypoint'] = with_value(np.nan)(sample['keypoint'])[:, :8]
    del sample['subject'], sample['label']
    assert {k for _, k, _ in kinds(data)} == {
        'not-finite',
        'total-frames',
        'too-short',
        'attribute-missing',
        'label',
    }


@settings(max_examples=40, deadline=None)
@given(
    st.sets(
        st.sampled_from(
            [
                'frame-dir-missing',
                'frame-dir-duplicate',
                'sample-type',
                'split-unknown-sample',
                'split-empty',
                'split-duplicate',
                'split-form',
            ]
        )
    )
)
def test_any_set_of_planted_structure_defects_is_found_exactly(planted):
    data = clean()
    samples, splits = data['annotations'], data['split']
    spare = [s for s in samples if s['trial'] == 4]
    extra = {**spare[0], 'frame_dir': None}
    if 'frame-dir-missing' in planted:
        samples.append(extra)
    if 'frame-dir-duplicate' in planted:
        samples.append({**spare[1]})
    if 'sample-type' in planted:
        samples.append('a1_s1_t1')
    if 'split-unknown-sample' in planted:
        splits['train'].append('ghost')
    if 'split-empty' in planted:
        splits['dev'] = []
    if 'split-duplicate' in planted:
        splits['train'].append(splits['train'][0])
    if 'split-form' in planted:
        splits['more'] = 'train'
    assert {k for _, k, _ in kinds(data)} == planted


@pytest.mark.parametrize('data', [None, 3, 'x', {}, {'annotations': None}, {'annotations': {}}])
def test_what_is_no_annotation_file_is_one_error(data):
    assert [k for _, k, _ in kinds(data)] == ['form']


def test_no_sample_and_malformed_splits():
    assert [k for _, k, _ in kinds({'annotations': []})] == ['no-sample']
    data = clean()
    data['split'] = ['train']
    assert [k for _, k, _ in kinds(data)] == ['split-form']
    data['split'] = {'train': [3, ['a']], 'test': 7}
    assert {k for _, k, _ in kinds(data)} == {'split-form'}


def test_wrong_layout_names_both_numbers():
    problems = check_annotations(clean(), layout='nturgb+d')
    assert {p.kind for p in problems} == {'joint-count'} and len(problems) == 48
    assert "25 joints, as the layout 'nturgb+d' has, found 20 joints" in str(problems[0])


def test_without_a_layout_the_majority_decides():
    data = clean()
    data['annotations'][0]['keypoint'] = data['annotations'][0]['keypoint'][:, :, :17]
    (problem,) = check_annotations(data)
    assert problem.kind == 'joint-count' and 'expected 20 joints' in str(problem)


def test_subject_unseen_in_training_is_an_error_for_that_attribute_alone():
    data = clean()
    data['split'] = {
        'xsub_train': [s['frame_dir'] for s in data['annotations'] if s['subject'] <= 2],
        'xsub_val': [s['frame_dir'] for s in data['annotations'] if s['subject'] > 2],
    }
    problems = check_annotations(data, 'f.pkl', **SETTINGS)
    assert [p.kind for p in problems] == ['attribute-unseen'] * 2
    assert "expected a subject that split 'xsub_train' holds too, found 3 in 12 sample(s)" in str(
        problems[0]
    )
    assert kinds(data, attributes=()) == []
    assert kinds(data, splits=['xsub_train']) == []
    with pytest.raises(KeyError, match="no split 'xview_val'"):
        check_annotations(data, splits=['xview_val'])


def test_one_class_is_an_error_in_the_file_and_in_a_training_split():
    data = clean()
    for sample in data['annotations']:
        sample['gender'] = 'f' if sample['subject'] < 3 or sample['trial'] < 3 else 'm'
    found = check_annotations(data, 'f.pkl', attributes=('gender',))
    assert sorted(p.kind for p in found) == ['attribute-one-class', 'attribute-unseen']
    for sample in data['annotations']:
        sample['gender'] = 'f'
    found = check_annotations(data, 'f.pkl', attributes=('gender',), splits=[])
    assert str(found[0]) == (
        "f.pkl, key 'gender': expected at least two values, found only 'f'; "
        "choose samples with several values, or take 'gender' out of the attributes"
    )


def test_mixed_types_are_an_error():
    data = clean()
    for sample in data['annotations'][:24]:
        sample['subject'] = str(sample['subject'])
    found = {k for _, k, _ in kinds(data, splits=[])}
    assert found == {'attribute-type'}


def test_imbalance_is_a_warning_for_attributes_and_labels():
    data = clean()
    for index, sample in enumerate(data['annotations']):
        sample['gender'] = 'm' if index < 4 else 'f'
        sample['label'] = 0 if index < 45 else 1
    found = check_annotations(data, 'f.pkl', attributes=('gender',), splits=[])
    assert [(p.level, p.kind, p.key) for p in found] == [
        ('warning', 'imbalance', 'gender'),
        ('warning', 'imbalance', 'label'),
    ]
    assert "44 samples of 'f' and 4 of 'm'" in str(found[0])


def test_train_and_test_that_share_takes_draw_one_warning():
    samples = []
    for camera in (1, 2, 3):
        for subject in (1, 2):
            for replication in (1, 2):
                name = f'S001C{camera:03d}P{subject:03d}R{replication:03d}A001'
                keypoint = np.ones((1, 12, 25, 3), np.float16)
                samples.append(dict(frame_dir=name, label=0, keypoint=keypoint, total_frames=12))
    names = [s['frame_dir'] for s in samples]
    complete_annotations(samples)
    data = {
        'split': {
            'xview_train': [n for n in names if 'C001' not in n],
            'xview_val': [n for n in names if 'C001' in n],
            'xrep_train': [n for n in names if 'R001' in n],
            'xrep_val': [n for n in names if 'R002' in n],
        },
        'annotations': samples,
    }
    (problem,) = check_annotations(data, 'f.pkl', layout='nturgb+d', attributes=('subject',))
    assert (problem.level, problem.kind) == ('warning', 'shared-take')
    assert "4 of 4 samples of split 'xview_val'" in str(problem)


def test_a_sample_in_train_and_test_draws_a_warning_also_where_takes_are_unknown():
    data = annotations(n_subjects=2, n_actions=2, trials=2, frames=12)
    for sample in data['annotations']:
        del sample['trial']
    assert kinds(data) == []
    data['split']['test'].append(data['split']['train'][0])
    (problem,) = check_annotations(data, 'f.pkl', layout='kinect_v1')
    assert (problem.kind, problem.sample) == ('shared-take', data['split']['train'][0])
    assert "1 of 5 samples of split 'test' with one that it holds" in str(problem)


def test_splits_that_were_asked_for_and_have_no_training_part_draw_a_warning():
    data = annotations(frames=12)
    data['split'] = {f'{name}ing': members for name, members in data['split'].items()}
    assert check_annotations(data, 'f.pkl') == []
    (problem,) = check_annotations(data, 'f.pkl', splits=['testing'])
    assert (problem.level, problem.kind) == ('warning', 'split-unpaired')
    assert "'xsub_train' of 'xsub_val', found only ['training', 'testing']" in str(problem)
    data['split']['train'] = data['split'].pop('training')
    assert check_annotations(data, 'f.pkl', splits=['train', 'testing'])[0].kind == 'split-unpaired'
    data['split']['test'] = data['split'].pop('testing')
    assert check_annotations(data, 'f.pkl', splits=['train', 'test']) == []


def filmed_twice():
    data = annotations(n_subjects=2, n_actions=1, trials=2, frames=12)
    for sample in data['annotations']:
        sample['camera'] = sample.pop('trial')
    return data


def test_several_cameras_without_a_number_of_the_take_draw_one_warning():
    (problem,) = check_annotations(filmed_twice(), 'f.pkl', attributes=('subject',))
    assert (problem.level, problem.kind) == ('warning', 'take-unknown')
    assert 'neither trial nor replication in 4 samples of 2 cameras' in problem.found
    assert 'add trial' in problem.advice


@pytest.mark.parametrize('key', ['trial', 'replication'])
def test_several_cameras_with_one_do_not(key):
    data = filmed_twice()
    for sample in data['annotations']:
        sample[key] = 1
    assert [p.kind for p in check_annotations(data, 'f.pkl')] == ['shared-take']


def test_one_camera_needs_no_number_of_the_take():
    data = filmed_twice()
    for sample in data['annotations']:
        sample['camera'] = 'front'
    assert check_annotations(data, 'f.pkl') == []


def test_a_test_part_of_another_camera_is_told_of_unknown_takes():
    """What a data set of a split by camera warns of."""
    samples = filmed_twice()['annotations']
    train, test = ([s for s in samples if s['camera'] == camera] for camera in (1, 2))
    (problem,) = check_train_test(train, test, ['subject'], 'f.pkl')
    assert problem.kind == 'take-unknown'
    assert check_train_test(train[:1], train[1:], file='f.pkl') == []


def test_keypoints_are_not_copied_and_many_samples_are_quick():
    rng = np.random.default_rng(0)
    keypoint = rng.normal(size=(64, 2, 300, 25, 3)).astype(np.float16)
    samples = [
        dict(
            frame_dir=f'S{i // 2560 + 1:03d}C001P{i % 40 + 1:03d}R{i % 2 + 1:03d}A{i % 60 + 1:03d}_{i}',
            label=i % 60,
            keypoint=keypoint[i % 64],
            total_frames=300,
            subject=i % 40,
        )
        for i in range(12800)
    ]
    names = [s['frame_dir'] for s in samples]
    data = {'split': {'train': names[::2], 'val': names[1::2]}, 'annotations': samples}
    check_annotations({'annotations': samples[:4]}, layout='nturgb+d')
    tracemalloc.start()
    found = check_annotations(data, layout='nturgb+d', num_person=2, clip_len=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == []
    # The keypoints of these samples would fill 1.15 GB.
    assert peak < 30e6
