# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Whole collections: what is written, and that nothing depends on how it was done."""

import multiprocessing
import os
import pickle
import signal
import tracemalloc
import zipfile

import numpy as np
import pytest
from mmaction.datasets import PoseDataset
from mmaction.registry import TRANSFORMS
from mmengine.registry import DefaultScope
from ntu_files import (
    FIRST_ID,
    person,
    recording,
    sample_name,
    text_of,
    write,
    write_collection,
)
from processes import wait_for_end

from mmskanon.datasets import PrivatePoseDataset
from mmskanon.datasets.check import check_annotations
from mmskanon.datasets.converters.ntu import (
    BodyRules,
    ConversionOptions,
    convert_ntu,
    parts,
    read_ntu_skeleton,
)
from mmskanon.io import load_annotations

STOCK_PIPELINE = [
    dict(type='PreNormalize3D'),
    dict(type='GenSkeFeat', dataset='nturgb+d', feats=['j']),
    dict(type='UniformSampleFrames', clip_len=10),
    dict(type='PoseDecode'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackActionInputs'),
]
OUR_PIPELINE = [
    dict(type='NormalizeSkeleton', center='every_frame'),
    dict(type='PadTo', length=300, mode='loop'),
    dict(type='FormatGCNInput', num_person=2),
    dict(type='PackSkeletonInputs'),
]


def build(cls, pipeline, *args, **kwargs):
    with DefaultScope.overwrite_default_scope(
        'mmskanon' if cls is PrivatePoseDataset else 'mmaction'
    ):
        return cls(*args, pipeline=pipeline, **kwargs)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


class TestWritten:
    def test_every_sample_is_what_reading_its_file_gives(self, folder, converted):
        data = load_annotations(converted)
        paths = sorted(folder.glob('*.skeleton'))
        assert len(paths) == len(data['annotations']) == 24
        for path, sample in zip(paths, data['annotations'], strict=True):
            expected = read_ntu_skeleton(path)
            np.testing.assert_array_equal(sample.pop('keypoint'), expected.pop('keypoint'))
            assert sample == expected

    def test_it_passes_the_checker(self, converted):
        data = load_annotations(converted)
        problems = check_annotations(
            data, str(converted), layout='nturgb+d', attributes=['subject']
        )
        # Subjects never seen in training are what a cross-subject split is about.
        errors = [p for p in problems if p.level == 'error']
        assert {(p.kind, 'xsub' in str(p)) for p in errors} == {('attribute-unseen', True)}
        assert set(data['split']) >= {'xview_train', 'xview_val', 'xrep_train', 'xrep_val'}

    def test_stock_mmaction2_reads_it(self, converted):
        dataset = build(PoseDataset, STOCK_PIPELINE, str(converted), split='xview_train')
        assert len(dataset) == 12
        packed = dataset[0]
        assert packed['inputs'].shape == (1, 2, 10, 25, 3)
        assert {int(dataset[i]['data_samples'].gt_label) for i in range(12)} == {0, 49}

    def test_our_data_set_reads_it(self, converted):
        dataset = build(PrivatePoseDataset, OUR_PIPELINE, str(converted), split='xrep_train')
        assert dataset[0]['inputs'].shape == (1, 2, 300, 25, 3)
        assert dataset.metainfo['label_maps'] == dict(subject=[1, 2, 3])

    def test_stock_pickle_feeds_our_data_set(self, converted, tmp_path):
        data = load_annotations(converted)
        keys = ('frame_dir', 'label', 'keypoint', 'total_frames')
        samples = [{key: sample[key] for key in keys} for sample in data['annotations']]
        for sample in samples:
            sample['keypoint'] = sample['keypoint'].astype(np.float16)
        stock = dict(split=data['split'], annotations=samples)
        (tmp_path / 'stock.pkl').write_bytes(pickle.dumps(stock))
        dataset = build(
            PrivatePoseDataset, OUR_PIPELINE, str(tmp_path / 'stock.pkl'), split='xview_train'
        )
        assert dataset[0]['data_samples'].gt_private == dict(subject=0)
        assert dataset[11]['data_samples'].gt_private == dict(subject=2)

    def test_stock_transforms_run_on_a_sample(self, folder):
        sample = read_ntu_skeleton(sorted(folder.iterdir())[2])
        for transform in STOCK_PIPELINE[:-1]:
            sample = TRANSFORMS.build(transform)(sample)
        assert sample['keypoint'].shape == (1, 2, 10, 25, 3)

    def test_float16(self, folder, converted, tmp_path):
        convert_ntu(folder, tmp_path / 'half.pkl', ConversionOptions(dtype='float16'))
        half, single = (
            load_annotations(p)['annotations'] for p in (tmp_path / 'half.pkl', converted)
        )
        for one, other in zip(half, single, strict=True):
            assert one['keypoint'].dtype == np.float16
            np.testing.assert_array_equal(one['keypoint'], other['keypoint'].astype(np.float16))

    def test_ntu120_is_recognized(self, tmp_path):
        write_collection(tmp_path / 'in', subjects=(45, 48), actions=(61, 106), setup=18)
        write_collection(tmp_path / 'in', subjects=(45, 48), actions=(61, 106), setup=19)
        report = convert_ntu(tmp_path / 'in', tmp_path / 'ntu120.pkl')
        assert report['data_set'] == 'NTU RGB+D 120'
        split = load_annotations(tmp_path / 'ntu120.pkl')['split']
        assert 'xview_train' not in split
        assert {name[1:4] for name in split['xset_train']} == {'018'}

    def test_attributes_from_csv(self, folder, tmp_path):
        (tmp_path / 'gender.csv').write_text('subject,gender\n1,f\n2,m\n')
        options = ConversionOptions(attribute_files=(str(tmp_path / 'gender.csv'),))
        report = convert_ntu(folder, tmp_path / 'a.pkl', options)
        samples = load_annotations(tmp_path / 'a.pkl')['annotations']
        assert {(s['subject'], s.get('gender')) for s in samples} == {(1, 'f'), (2, 'm'), (3, None)}
        assert report['odd_counts'] == dict(unknown=8)


class TestPerSample:
    @pytest.fixture
    def index(self, folder, tmp_path):
        out = tmp_path / 'ntu60.pkl'
        convert_ntu(folder, out, ConversionOptions(per_sample=True), workers=2, part_size=5)
        return out

    def test_index_and_files(self, index, converted, tmp_path):
        assert names_in(tmp_path) == ['ntu60', 'ntu60.pkl', 'ntu60.report.json']
        whole, data = load_annotations(converted), load_annotations(index)
        assert data['split'] == whole['split']
        assert len(names_in(tmp_path / 'ntu60')) == 24
        for one, other in zip(data['annotations'], whole['annotations'], strict=True):
            content = load_annotations(tmp_path / 'ntu60' / f'{one["frame_dir"]}.pkl')
            np.testing.assert_array_equal(content['keypoint'], other.pop('keypoint'))
            assert content['total_frames'] == one['total_frames'] and one == other
        assert index.stat().st_size < converted.stat().st_size / 20

    def test_both_data_sets_read_it(self, index, converted, tmp_path):
        prefix = dict(skeleton=str(tmp_path / 'ntu60'))
        for cls, pipeline in ((PrivatePoseDataset, OUR_PIPELINE), (PoseDataset, STOCK_PIPELINE)):
            one = build(
                cls, pipeline, str(index), split='xview_val', data_prefix=prefix, test_mode=True
            )
            other = build(cls, pipeline, str(converted), split='xview_val', test_mode=True)
            assert len(one) == len(other) == 12
            for i in range(12):
                np.random.seed(0)
                first = one[i]['inputs']
                np.random.seed(0)
                assert (first == other[i]['inputs']).all()

    def test_folder_is_not_overwritten_unasked(self, folder, index, tmp_path):
        options = ConversionOptions(per_sample=True)
        index.unlink()
        with pytest.raises(FileExistsError, match='ntu60 exists already'):
            convert_ntu(folder, index, options)
        stale = f'{sample_name(subject=9)}.pkl'
        (tmp_path / 'ntu60' / stale).write_text('')
        convert_ntu(folder, index, options, overwrite=True)
        assert stale not in names_in(tmp_path / 'ntu60')
        assert len(names_in(tmp_path / 'ntu60')) == 24
        assert names_in(tmp_path) == ['ntu60', 'ntu60.pkl', 'ntu60.report.json']

    def test_a_folder_with_anything_else_is_never_replaced(self, tmp_path):
        names = write_collection(tmp_path / 'ntu60', subjects=(1,), actions=(1,))
        options = ConversionOptions(per_sample=True)
        with pytest.raises(FileExistsError, match=r'\.skeleton would be replaced.*another name'):
            convert_ntu(tmp_path / 'ntu60', tmp_path / 'ntu60.pkl', options, overwrite=True)
        assert names_in(tmp_path / 'ntu60') == [f'{name}.skeleton' for name in names]
        assert names_in(tmp_path) == ['ntu60']


class TestSameBytes:
    """However it is done, the file is the same to the last byte."""

    def test_workers_and_parts(self, folder, converted, tmp_path):
        for number, (workers, size) in enumerate([(1, 7), (2, 4), (3, 1)]):
            out = tmp_path / f'{number}.pkl'
            convert_ntu(folder, out, workers=workers, part_size=size)
            assert out.read_bytes() == converted.read_bytes()

    @pytest.mark.parametrize('workers', [1, 2])
    def test_zip(self, folder, converted, tmp_path, workers):
        paths = sorted(folder.iterdir())
        for name, members in (('one.zip', paths[:9]), ('two.zip', paths[9:])):
            with zipfile.ZipFile(tmp_path / name, 'w', zipfile.ZIP_DEFLATED) as archive:
                for path in members:
                    archive.write(path, f'nturgb+d_skeletons/{path.name}')
        sources = [tmp_path / 'one.zip', tmp_path / 'two.zip']
        convert_ntu(sources, tmp_path / 'z.pkl', workers=workers, part_size=3)
        assert (tmp_path / 'z.pkl').read_bytes() == converted.read_bytes()

    @pytest.mark.parametrize('per_sample', [False, True])
    @pytest.mark.parametrize('workers', [1, 2])
    def test_after_a_kill(self, folder, converted, tmp_path, workers, per_sample, monkeypatch):
        out = tmp_path / 'a.pkl'
        options = ConversionOptions(per_sample=per_sample)

        pids = tmp_path / 'pids'

        def die_half_way(done, total):
            if done >= total / 2:
                pids.write_text(' '.join(str(p.pid) for p in multiprocessing.active_children()))
                os.kill(os.getpid(), signal.SIGKILL)

        arguments = dict(options=options, workers=workers, part_size=2)
        process = multiprocessing.get_context('fork').Process(
            target=convert_ntu, args=(folder, out), kwargs=dict(arguments, progress=die_half_way)
        )
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        orphans = pids.read_text().split()
        pids.unlink()
        assert len(orphans) == (workers if workers > 1 else 0)
        wait_for_end(orphans)
        assert names_in(tmp_path) == ['.a.pkl.parts']

        seen, again = [], []
        convert = parts.convert_part
        monkeypatch.setattr(
            'mmskanon.datasets.converters.ntu.collection.convert_part',
            lambda part: again.append(part.number) or convert(part),
        )
        arguments.update(workers=1, progress=lambda done, total: seen.append((done, total)))
        convert_ntu(folder, out, **arguments)
        assert seen[0][0] >= 12 and seen[-1] == (24, 24)
        assert 0 < len(again) <= 6
        if per_sample:
            assert names_in(tmp_path) == ['a', 'a.pkl', 'a.report.json']
            assert len(names_in(tmp_path / 'a')) == 24
        else:
            assert names_in(tmp_path) == ['a.pkl', 'a.report.json']
            assert out.read_bytes() == converted.read_bytes()

    def test_parts_of_other_files_or_options_are_not_used(self, folder, tmp_path):
        def interrupt(done, total):
            if done == total:
                raise KeyboardInterrupt

        source = tmp_path / 'in'
        write_collection(source, subjects=(1, 2), actions=(1,))
        out = tmp_path / 'a.pkl'
        for options in (ConversionOptions(dtype='float16'), ConversionOptions()):
            with pytest.raises(KeyboardInterrupt):
                convert_ntu(source, out, options, part_size=4, progress=interrupt)
            assert not out.exists()
        changed = sample_name(subject=2)
        write(source, changed, recording(20, (FIRST_ID, 0, person(20, 99))))
        seen = []
        convert_ntu(source, out, part_size=4, progress=lambda done, total: seen.append(done))
        assert seen == [4, 8]
        samples = {s['frame_dir']: s for s in load_annotations(out)['annotations']}
        assert samples[changed]['total_frames'] == 20
        assert {s['keypoint'].dtype for s in samples.values()} == {np.dtype('float32')}


def test_memory_holds_no_more_than_a_part(tmp_path):
    pose = person(120)
    content = text_of(recording(120, (FIRST_ID, 0, pose)))
    for number in range(1, 41):
        write(tmp_path / 'in', sample_name(subject=number), content)
    tracemalloc.start()
    try:
        convert_ntu(tmp_path / 'in', tmp_path / 'a.pkl', part_size=2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    whole = (tmp_path / 'a.pkl').stat().st_size
    single = len(content) + 4 * pose.size
    assert whole > 40 * 4 * pose.size
    assert peak < 10 * single, f'{peak} bytes for files of {len(content)}'


def test_rules_reach_the_bodies(tmp_path):
    write(tmp_path / 'in', sample_name(), recording(16, (FIRST_ID, 2, person(12))))
    options = ConversionOptions(rules=BodyRules(keep_empty=True))
    convert_ntu(tmp_path / 'in', tmp_path / 'a.pkl', options)
    assert load_annotations(tmp_path / 'a.pkl')['annotations'][0]['total_frames'] == 16
