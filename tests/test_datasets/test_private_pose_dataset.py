# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import logging
import pickle
import random
import re
import tracemalloc
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import annotations
from mmaction.datasets import PoseDataset
from mmaction.utils import register_all_modules
from mmengine.registry import DefaultScope
from torch.utils.data import DataLoader

from mmskanon.datasets import PrivatePoseDataset, private_pose_dataset
from mmskanon.registry import DATASETS

DOCS = Path(__file__).resolve().parents[2] / 'docs' / 'annotations.md'
SAMPLE = [dict(type='UniformSampleFrames', clip_len=8), dict(type='PoseDecode')]
FORMAT = [dict(type='FormatGCNInput', num_person=1), dict(type='PackSkeletonInputs')]


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmskanon'):
        yield


@pytest.fixture
def write(tmp_path):
    def write(data, name='ann.pkl'):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(data, protocol=4))
        return str(path)

    return write


def build(path, pipeline=SAMPLE, split='train', layout='kinect_v1', **kwargs) -> PrivatePoseDataset:
    return PrivatePoseDataset(path, pipeline, split=split, layout=layout, **kwargs)


def ntu_pickle() -> dict:
    """What MMAction2 distributes: names, labels and half-precision keypoints, no private keys."""
    rng = np.random.default_rng(0)
    names = [
        f'S001C{c:03d}P{p:03d}R{r:03d}A{a:03d}'
        for c in (1, 2, 3)
        for p in (3, 8, 40)
        for r in (1, 2)
        for a in (1, 50)
    ]
    samples = []
    for index, name in enumerate(names):
        persons, frames = 2 if name.endswith('A050') else 1, 20 + index
        keypoint = rng.normal(size=(persons, frames, 25, 3)).astype(np.float16)
        label = 0 if name.endswith('A001') else 1
        samples.append(dict(frame_dir=name, label=label, keypoint=keypoint, total_frames=frames))
    split = {
        'xsub_train': [n for n in names if 'P008' in n or 'P003' in n],
        'xsub_val': [n for n in names if 'P040' in n],
        'xview_train': [n for n in names if 'C001' not in n],
        'xview_val': [n for n in names if 'C001' in n],
    }
    return dict(split=split, annotations=samples)


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


# --------------------------------------------------------------------------- randomness


def clips(dataset, **loader) -> list[np.ndarray]:
    """One epoch, in the order of the data set."""
    batches = DataLoader(dataset, batch_size=5, collate_fn=list, **loader)
    return [results['frame_inds'] for batch in batches for results in batch]


def same(a, b) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_samples_do_not_depend_on_the_number_of_workers(write):
    path = write(annotations())
    dataset = build(path, repeat=2)
    dataset.set_random_state(7, 0)
    alone = [clips(dataset)]
    dataset.set_random_state(7, 1)
    alone.append(clips(dataset))

    other = build(path, repeat=2)
    loader = DataLoader(
        other, batch_size=5, collate_fn=list, num_workers=2, persistent_workers=True
    )
    with_workers = []
    for epoch in (0, 1):
        # The workers of the second epoch are those of the first.
        other.set_random_state(7, epoch)
        with_workers.append([r['frame_inds'] for batch in loader for r in batch])
    del loader
    assert same(alone[0], with_workers[0]) and same(alone[1], with_workers[1])

    assert not same(alone[0], alone[1])
    assert not same(alone[0][:24], alone[0][24:])
    dataset.set_random_state(8, 0)
    assert not same(alone[0], clips(dataset))
    dataset.set_random_state(7, 0)
    assert same(alone[0], clips(dataset, num_workers=1))


def test_a_worker_that_got_the_dataset_by_pickling_sees_later_states_too(write):
    # This is how a spawned worker gets it, and how often: once, at its start.
    dataset = build(write(annotations(n_actions=1, trials=2)))
    copy = pickle.loads(ForkingPickler.dumps(dataset))
    epochs = []
    for epoch in (0, 1):
        dataset.set_random_state(3, epoch)
        epochs.append(clips(dataset))
        assert same(epochs[-1], clips(copy))
    assert not same(*epochs)


def test_each_sample_differs_and_follows_from_its_index_alone(write):
    def draw(results):
        return dict(draws=(np.random.rand(), random.random(), torch.rand(1).item()))

    dataset = build(write(annotations()), pipeline=[draw])
    dataset.set_random_state(0, 0)
    draws = [dataset[i]['draws'] for i in range(24)]
    assert len(set(draws)) == 24
    assert dataset[5]['draws'] == draws[5] == dataset[-19]['draws']
    flat = [v for d in draws for v in d]
    assert 0.35 < np.mean(flat) < 0.65 and len(set(flat)) == 72


def test_the_random_states_of_the_process_are_left_alone(write):
    def fail(results):
        np.random.seed(255), random.random(), torch.rand(1)
        if results['sample_idx'] == 3:
            raise RuntimeError

    dataset = build(write(annotations()), pipeline=[fail], max_refetch=0)
    dataset.set_random_state(1, 2)

    def numbers(read):
        np.random.seed(0), random.seed(0), torch.manual_seed(0)
        first = np.random.rand()
        if read:
            with pytest.raises(RuntimeError):
                dataset[3]
        return first, np.random.rand(), random.random(), torch.rand(1).item()

    assert numbers(read=True) == numbers(read=False)


def test_without_a_seed_and_in_tests_the_process_decides(write):
    path = write(annotations())

    def two(dataset):
        np.random.seed(5)
        first = dataset[0]['frame_inds']
        np.random.seed(6)
        return first, dataset[0]['frame_inds']

    dataset = build(path)
    assert not same(*[[x] for x in two(dataset)])
    dataset.set_random_state(1)
    assert same(*[[x] for x in two(dataset)])
    dataset.set_random_state(None)
    assert not same(*[[x] for x in two(dataset)])
    test = build(path, split='test', test_mode=True)
    test.set_random_state(1)
    assert not same(*[[x] for x in two(test)])


def test_a_negative_seed_is_refused(write):
    dataset = build(write(annotations()))
    with pytest.raises(ValueError, match='must not be negative, found -1'):
        dataset.set_random_state(-1)


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


# --------------------------------------------------------------------------- bad input


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
