# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a sample is, and how the samples are kept."""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from builders import annotations
from mmaction.datasets import PoseDataset
from mmaction.utils import register_all_modules
from mmengine.registry import DefaultScope
from pose_datasets import FORMAT, SAMPLE, build, ntu_pickle

from mmskanon.registry import DATASETS

DOCS = Path(__file__).resolve().parents[3] / 'docs' / 'annotations.md'


# --------------------------------------------------------------------------- what a sample is


def test_results_hold_the_class_of_each_attribute_and_metainfo_its_values(write):
    data = annotations()
    for sample in data['annotations']:
        sample['gender'] = 'f' if sample['subject'] > 2 else 'm'
        sample['subject'] *= 10
    path = write(data)
    kwargs = dict(attributes=('subject', 'gender'))
    train, test = build(path, **kwargs), build(path, split='test', test_mode=True, **kwargs)
    assert len(train) == len(test) == 24
    for dataset in (train, test):
        assert dataset.metainfo == {
            'layout': 'kinect_v1',
            'label_maps': {'subject': [10, 20, 30, 40], 'gender': ['f', 'm']},
            'num_classes': 3,
        }
        for results in dataset:
            maps = dataset.metainfo['label_maps']
            assert results['private'].keys() == maps.keys()
            for attribute, index in results['private'].items():
                assert type(index) is int and maps[attribute][index] == results[attribute]
            assert results['keypoint'].shape == (1, 8, 20, 3)


def test_labels_may_be_integers_of_numpy(write):
    data = annotations()
    for sample in data['annotations']:
        sample['label'] = np.int64(sample['label'])
    for pack in ('PackSkeletonInputs', 'PackActionInputs'):
        dataset = build(write(data), pipeline=[*SAMPLE, FORMAT[0], dict(type=pack)])
        assert [int(d['data_samples'].gt_label) for d in dataset] == [
            s['label'] for s in data['annotations'] if s['trial'] <= 2
        ]


def test_label_maps_cover_the_file_and_not_the_split(write):
    path = write(annotations())
    one = build(path, split=dict(by='subject', values=[1, 3]))
    assert one.metainfo['label_maps'] == {'subject': [1, 2, 3, 4]}
    assert {r['private']['subject'] for r in one} == {0, 2}


def test_it_is_built_from_a_config_and_packs_private_labels(write):
    dataset = DATASETS.build(
        dict(
            type='PrivatePoseDataset',
            ann_file=write(annotations()),
            pipeline=[*SAMPLE, *FORMAT],
            split=dict(by='trial', values=[1]),
            layout='kinect_v1',
            attributes='subject',
        )
    )
    packed = dataset[5]
    assert packed['inputs'].shape == (1, 1, 8, 20, 3)
    assert packed['data_samples'].gt_private == {'subject': 1}


def test_no_attributes_at_all(write):
    data = annotations()
    for sample in data['annotations']:
        del sample['subject']
    dataset = build(write(data), attributes=())
    assert dataset[0]['private'] == {} and dataset.metainfo['label_maps'] == {}


def test_stock_ntu_files_work_unchanged(write):
    path = write(ntu_pickle())
    dataset = build(path, layout='nturgb+d', split='xview_train')
    assert len(dataset) == 24
    assert dataset.metainfo['label_maps'] == {'subject': [3, 8, 40]}
    for results in dataset:
        assert results['subject'] == int(results['frame_dir'][9:12])
        assert results['camera'] == int(results['frame_dir'][5:8]) != 1
        assert (results['setup'], results['replication']) == (1, int(results['frame_dir'][13:16]))
    val = build(path, layout='nturgb+d', split='xview_val', test_mode=True)
    assert val.metainfo == dataset.metainfo
    by_rule = [
        build(path, layout='nturgb+d', split=dict(rule='xrep', part=p)) for p in ('train', 'test')
    ]
    assert [len(d) for d in by_rule] == [18, 18]


def test_attributes_of_ntu_come_from_a_csv_file(write, tmp_path):
    csv = tmp_path / 'gender.csv'
    csv.write_text('subject,gender\n003,f\n008,m\n040,f\n')
    kwargs = dict(attributes=['gender'], attribute_files=[str(csv)], layout='nturgb+d')
    dataset = build(write(ntu_pickle()), split='xsub_val', test_mode=True, **kwargs)
    assert dataset.metainfo['label_maps'] == {'gender': ['f', 'm']}
    assert {r['private']['gender'] for r in dataset} == {0}


def test_our_files_feed_the_stock_dataset_with_a_stock_pipeline(write):
    register_all_modules(init_default_scope=False)
    data = annotations(joints=25)
    for sample in data['annotations']:
        sample['gender'] = 'f'
    pipeline = [
        dict(type='PreNormalize3D'),
        dict(type='GenSkeFeat', dataset='nturgb+d', feats=['j']),
        dict(type='UniformSampleFrames', clip_len=16),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=2),
        dict(type='PackActionInputs'),
    ]
    with DefaultScope.overwrite_default_scope('mmaction'):
        dataset = PoseDataset(write(data), pipeline, split='train')
        assert len(dataset) == 24
        assert dataset[3]['inputs'].shape == (1, 2, 16, 25, 3)


def test_repeat_passes_over_each_sample_that_often(write):
    path = write(annotations())
    dataset = build(path, repeat=3)
    assert len(dataset) == 72
    assert dataset[0]['frame_dir'] == dataset[24]['frame_dir'] == dataset[48]['frame_dir']
    assert dataset[25]['sample_idx'] == 1
    assert dataset[-1]['frame_dir'] == dataset[23]['frame_dir']
    for repeat in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match='repeat must be an integer of at least 1'):
            build(path, repeat=repeat)


# --------------------------------------------------------------------------- memory


def test_serialized_data_is_the_same_data(write):
    path = write(annotations())
    plain, packed = build(path, [], serialize_data=False), build(path, [])
    assert packed.data_list == [] and len(plain.data_list) == len(packed) == 24
    for a, b in zip(plain, packed, strict=True):
        np.testing.assert_array_equal(a.pop('keypoint'), b.pop('keypoint'))
        assert a == b
    subset = packed.get_subset([3, 5])
    assert [s['frame_dir'] for s in subset] == [packed[i]['frame_dir'] for i in (3, 5)]
    subset.set_random_state(1)
    assert packed._random_state[0] == 0 and subset._random_state.is_shared()
    assert len(build(path, indices=7)) == 7


def test_loading_never_holds_the_samples_twice(write):
    data = annotations(frames=1000)
    size = sum(s['keypoint'].nbytes for s in data['annotations'])
    path = write(data)
    del data
    tracemalloc.start()
    dataset = build(path, [], split=None)
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(dataset) == 48
    assert size < now < 1.15 * size
    assert peak < 1.4 * size


# --------------------------------------------------------------------------- one file a sample


def test_skeletons_from_a_folder_are_loaded_and_checked(tmp_path, write):
    data = annotations()
    for sample in data['annotations']:
        skeleton = {k: sample.pop(k) for k in ('keypoint', 'total_frames')}
        write(skeleton, f'{sample["frame_dir"]}.pkl')
    path = write(data)
    kwargs = dict(data_root=str(tmp_path), data_prefix=dict(skeleton='.'))
    dataset = build(path, **kwargs)
    assert dataset[4]['keypoint'].shape == (1, 8, 20, 3)
    assert dataset[4]['private'] == {'subject': 0}
    with pytest.raises(ValueError, match=r'a1_s1_t1.pkl, .*expected 25 joints.*found 20'):
        build(path, layout='nturgb+d', **kwargs)
    (tmp_path / 'a1_s1_t2.pkl').unlink()
    with pytest.raises(FileNotFoundError, match='a1_s1_t2.pkl'):
        dataset[1]
    write([1], 'a1_s1_t2.pkl')
    with pytest.raises(ValueError, match='expected a dict .* found list'):
        dataset[1]


# --------------------------------------------------------------------------- the page about it


def test_the_example_in_the_docs_runs_and_prints_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r'```python\n(.*?)```', DOCS.read_text(), flags=re.S)
    (example,) = [b for b in blocks if 'import' in b and not b.startswith('# tested')]
    exec(compile(example, str(DOCS), 'exec'), {})
    expected = re.search(r'^# (.*)$', example, flags=re.M).group(1)
    assert capsys.readouterr().out.strip().splitlines()[-1] == expected


def test_the_layout_in_the_docs_is_one():
    from mmskanon.skeletons import get_layout

    blocks = re.findall(r'```python\n(.*?)```', DOCS.read_text(), flags=re.S)
    names = {}
    exec([b for b in blocks if b.startswith('layout')][0], names)
    assert get_layout(names['layout']).num_joints == 4


# --------------------------------------------------------------------------- attributes that are numbers


def aged() -> dict:
    """Subjects 1 to 4 are 20, 40, 60 and 80 years old, in whatever type a file may hold."""
    data = annotations()
    for sample in data['annotations']:
        age = 20 * sample['subject']
        sample['age'] = [age, float(age), np.float64(age), str(age)][sample['subject'] - 1]
    return data


def test_regression_attributes_are_passed_on_as_numbers(write):
    dataset = build(write(aged()), [*SAMPLE, *FORMAT], attributes=[], regression_attributes='age')
    ages = [dataset[i]['data_samples'].gt_private for i in range(len(dataset))]
    assert {tuple(private) for private in ages} == {('age',)}
    assert all(type(private['age']) is float for private in ages)
    assert sorted({private['age'] for private in ages}) == [20, 40, 60, 80]
    assert dataset.metainfo['numbers']['age'] == pytest.approx(
        dict(mean=50, std=np.std([20, 40, 60, 80]), min=20, max=80)
    )


def test_classes_and_numbers_side_by_side_and_from_a_csv_file(write, tmp_path):
    (tmp_path / 'people.csv').write_text('subject,height\n1,1.75\n2,1.6\n3,1.8\n4,1.9\n')
    dataset = build(
        write(annotations()),
        regression_attributes=['height'],
        attribute_files=str(tmp_path / 'people.csv'),
    )
    heights = {r['private']['subject']: r['private']['height'] for r in dataset}
    assert heights == {0: 1.75, 1: 1.6, 2: 1.8, 3: 1.9}
    assert dataset.metainfo['label_maps'] == {'subject': [1, 2, 3, 4]}


def test_faulty_numbers_stop_the_loading(write):
    data = aged()
    data['annotations'][0]['age'] = 'young'
    with pytest.raises(ValueError, match="'a1_s1_t1', key 'age': expected a finite number"):
        build(write(data), regression_attributes=['age'])
    with pytest.raises(ValueError, match="key 'height': expected the height of the person"):
        build(write(data), regression_attributes=['height'])
    with pytest.raises(ValueError, match="'age' stands in attributes and in regression_attributes"):
        build(write(aged()), attributes=['age'], regression_attributes=['age'])
