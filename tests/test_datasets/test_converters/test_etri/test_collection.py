# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""ETRI-Activity3D converter: whole collections, and those with files broken on purpose."""

import json
import runpy
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from etri_files import name_of, people_text, rows_of, text_of, write_collection
from mmengine.registry import DefaultScope
from ntu_files import person

from mmskanon.datasets import PrivatePoseDataset
from mmskanon.datasets.check import check_annotations
from mmskanon.datasets.converters.etri import ETRIOptions, convert_etri
from mmskanon.io import load_annotations

TOOL = Path(__file__).resolve().parents[4] / 'tools' / 'data' / 'etri.py'


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / 'raw'
    made = write_collection(folder)
    return folder, made


def put(folder, name, content):
    (folder / 'P001-P050' / f'{name}.csv').write_bytes(content)


def left(folder):
    """Names in a folder, without what the tests put there."""
    return sorted(path.name for path in folder.iterdir() if path.name != 'raw')


@pytest.mark.parametrize('workers', [1, 2])
@pytest.mark.parametrize('newline', ['\n', '\r\n'])
def test_a_whole_collection(tmp_path, workers, newline):
    made = write_collection(tmp_path / 'raw', newline=newline)
    out = tmp_path / 'etri.pkl'
    report = convert_etri(tmp_path / 'raw', out, workers=workers)
    data = load_annotations(out)
    assert [s['frame_dir'] for s in data['annotations']] == sorted(made)
    for sample in data['annotations']:
        joints = made[sample['frame_dir']]
        assert sample['keypoint'].dtype == np.float32
        np.testing.assert_array_equal(sample['keypoint'], joints[None].astype(np.float32))
        subject = sample['subject']
        assert sample['total_frames'] == len(joints) == 12 + sample['camera']
        assert (
            name_of(sample['label'] + 1, subject, sample['trial'], sample['camera'])
            == (sample['frame_dir'])
        )
        expected = ('f', 63 + subject, '60+') if subject % 2 else ('m', 20 + subject, 'under 60')
        assert (sample['gender'], sample['age'], sample['age_group']) == expected
        assert {type(sample[k]) for k in ('label', 'subject', 'age', 'camera')} == {int}
    split = {k: set(v) for k, v in data['split'].items()}
    assert split['xsub_val'] == {n for n in made if 'P003' in n}
    assert split['xview_val'] == {n for n in made if 'C003' not in n}
    for name in ('xsub', 'xview'):
        assert split[f'{name}_train'] == set(made) - split[f'{name}_val']
    assert (report['files'], report['samples'], report['dropped']) == (24, 24, [])
    assert report == json.loads((tmp_path / 'etri.report.json').read_text())
    assert left(tmp_path) == ['etri.pkl', 'etri.report.json']


def test_the_checker_has_no_complaint_but_the_shared_takes(tmp_path, raw):
    convert_etri(raw[0], tmp_path / 'etri.pkl')
    data = load_annotations(tmp_path / 'etri.pkl')
    problems = check_annotations(
        data, 'etri.pkl', 'nturgb+d', ['gender', 'age_group'], num_person=1, clip_len=12
    )
    assert {p.kind for p in problems} == {'shared-take'}
    # Cameras film a performance at once, people do not share one.
    assert {p.sample[-1] for p in problems} == {'1'} and len(problems) == 1


def test_files_left_out_are_reported(tmp_path, raw):
    folder, made = raw
    both = rows_of(person(5), body=0) + rows_of(person(5, seed=1), body=1)
    put(folder, name_of(2, 1), text_of(sorted(both, key=lambda row: row[0])))
    put(folder, name_of(3, 1), text_of(rows_of(np.zeros((4, 25, 3)))))
    put(folder, name_of(4, 1), text_of([(t, '', pose) for t, pose in enumerate(person(3))]))
    put(folder, name_of(5, 1), b'')
    put(folder, name_of(6, 1), text_of(rows_of(np.full((3, 25, 3), np.nan))))
    put(folder, name_of(45, 1), b'never read')
    put(folder, 'notes', b'')
    gap = rows_of(person(7))
    gap[2] = (2, '', gap[2][2])
    put(folder, name_of(7, 1), text_of(gap))
    report = convert_etri(folder, tmp_path / 'etri.pkl')
    reasons = {Path(row['file']).stem: row['reason'] for row in report['dropped']}
    assert reasons == {
        name_of(2, 1): 'bodies',
        name_of(3, 1): 'nobody',
        name_of(4, 1): 'nobody',
        name_of(5, 1): 'unreadable',
        name_of(6, 1): 'unreadable',
        name_of(45, 1): 'action',
        'notes': 'name',
    }
    assert report['dropped_counts'] == dict(action=1, bodies=1, nobody=2, unreadable=2, name=1)
    assert report['empty_frames'] == {name_of(7, 1): 1}
    assert (report['files'], report['samples']) == (len(made) + 8, len(made) + 1)
    by_name = {s['frame_dir']: s for s in load_annotations(tmp_path / 'etri.pkl')['annotations']}
    assert by_name[name_of(7, 1)]['total_frames'] == 6
    for row in report['dropped']:
        assert row['detail'] and '\n' not in row['detail']


@pytest.mark.parametrize('workers', [1, 2])
def test_strict_ends_at_the_first_fault_and_leaves_nothing(tmp_path, raw, workers):
    put(raw[0], name_of(5, 1), b'frameNum\n1\n')
    with pytest.raises(
        ValueError, match=r"A005_P001_G001_C001\.csv lacks the column 'bodyindexID'"
    ):
        convert_etri(raw[0], tmp_path / 'etri.pkl', strict=True, workers=workers)
    assert left(tmp_path) == []


def test_options(tmp_path, raw):
    options = ETRIOptions(skip_actions=(55,), test_cameras=(3,), dtype='float16')
    convert_etri(raw[0], tmp_path / 'etri.pkl', options=options)
    data = load_annotations(tmp_path / 'etri.pkl')
    assert {s['label'] for s in data['annotations']} == {0}
    assert {s['keypoint'].dtype for s in data['annotations']} == {np.dtype('float16')}
    for sample in data['annotations']:
        error = abs(sample['keypoint'].astype(float) - raw[1][sample['frame_dir']])
        assert error.max() < 0.002
    assert all('C003' in name for name in data['split']['xview_val'])
    with pytest.raises(ValueError, match=r'must end in \.pkl'):
        convert_etri(raw[0], tmp_path / 'etri.json')
    with pytest.raises(ValueError, match="found 'int8' and 1"):
        convert_etri(raw[0], tmp_path / 'x.pkl', options=ETRIOptions(dtype='int8'))


def test_who_the_subjects_are_has_to_be_known(tmp_path, raw):
    folder, out = raw[0], tmp_path / 'etri.pkl'
    people = folder / 'gender_age.txt'
    people.write_bytes(people_text([('f', 70), ('m', 25)]))
    with pytest.raises(ValueError, match=r'P003.* shows subject 3, but .* only 2 subjects'):
        convert_etri(folder, out)
    (folder / 'copy').mkdir()
    (folder / 'copy' / 'gender_age.txt').write_bytes(people_text([('f', 70)] * 4))
    with pytest.raises(ValueError, match='gender_age.txt differ; give the right one'):
        convert_etri(folder, out)
    convert_etri(folder, out, people=folder / 'copy' / 'gender_age.txt')
    assert {s['gender'] for s in load_annotations(out)['annotations']} == {'f'}
    for path in (people, folder / 'copy' / 'gender_age.txt'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r'holds no gender_age\.txt.*--people'):
        convert_etri(folder, out, overwrite=True)
    with pytest.raises(FileNotFoundError, match='nowhere is not there'):
        convert_etri(folder, out, people=tmp_path / 'nowhere', overwrite=True)


def test_output_is_whole_or_absent(tmp_path, raw):
    out = tmp_path / 'etri.pkl'
    out.write_bytes(b'precious')
    with pytest.raises(FileExistsError, match='exists already'):
        convert_etri(raw[0], out)
    for path in raw[0].rglob('A*.csv'):
        path.write_bytes(b'broken')
    with pytest.raises(ValueError, match='none of the 24 files can be used; the first: .*lacks'):
        convert_etri(raw[0], out, overwrite=True)
    assert out.read_bytes() == b'precious' and left(tmp_path) == ['etri.pkl']


@pytest.mark.parametrize(('option', 'most'), [('skip_actions', 55), ('test_cameras', 8)])
@pytest.mark.parametrize('number', [0, 99])
def test_numbers_that_nothing_has_are_refused(tmp_path, raw, option, most, number):
    with pytest.raises(
        ValueError, match=f'{option} must be numbers from 1 to {most}, found {number}'
    ):
        convert_etri(raw[0], tmp_path / 'etri.pkl', options=ETRIOptions(**{option: (1, number)}))


def test_memory_does_not_grow_with_the_collection(tmp_path):
    def peak(folder, cameras):
        write_collection(folder, subjects=1, actions=range(1, 41), cameras=cameras, frames=60)
        tracemalloc.start()
        convert_etri(folder, folder / 'etri.pkl')
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    one, two = peak(tmp_path / 'one', (1, 2)), peak(tmp_path / 'two', (1, 2, 3, 4, 5, 6))
    added = (tmp_path / 'two/etri.pkl').stat().st_size - (tmp_path / 'one/etri.pkl').stat().st_size
    assert two - one < 0.1 * added


def test_feeds_the_dataset_with_classes_and_with_ages(tmp_path, raw):
    convert_etri(raw[0], tmp_path / 'etri.pkl')
    pipeline = [
        dict(type='NormalizeSkeleton', center='every_frame'),
        dict(type='UniformSampleFrames', clip_len=30),
        dict(type='PoseDecode'),
        dict(type='FormatGCNInput', num_person=1),
        dict(type='PackSkeletonInputs'),
    ]
    with DefaultScope.overwrite_default_scope('mmskanon'):
        dataset = PrivatePoseDataset(
            str(tmp_path / 'etri.pkl'),
            pipeline,
            split='xsub_train',
            attributes=['gender', 'age_group'],
            regression_attributes=['age'],
            allow_short=True,
        )
        sample = dataset[0]
    assert dataset.metainfo['num_classes'] == 55
    assert dataset.metainfo['label_maps'] == dict(gender=['f', 'm'], age_group=['60+', 'under 60'])
    assert sample['inputs'].shape == (1, 1, 30, 25, 3)
    assert sample['data_samples'].gt_private == dict(gender=0, age_group=0, age=64.0)


class TestTool:
    def call(self, *argv) -> str:
        main = runpy.run_path(str(TOOL))['main']
        try:
            main([str(arg) for arg in argv])
        except SystemExit as end:
            return str(end.code)
        return ''

    def test_converts_and_prints(self, tmp_path, raw, capsys):
        put(raw[0], name_of(44, 1), b'')
        out = tmp_path / 'etri.pkl'
        assert self.call(raw[0], out, '--workers', 1, '--test-cameras', 3) == ''
        printed = capsys.readouterr()
        for word in ('ETRI-Activity3D', 'xsub_train', 'xview_val', 'all', 'Written'):
            assert word in printed.out
        assert 'Dropped: 1 files of an action that is skipped' in printed.out
        assert 'Converting' in printed.err and '24/24' in printed.err
        assert len(load_annotations(out)['split']['xview_val']) == 8

    def test_ends_in_a_sentence(self, tmp_path, raw):
        assert 'does not exist' in self.call(tmp_path / 'nowhere', tmp_path / 'etri.pkl')
        (raw[0] / 'gender_age.txt').write_bytes(b'Gender\n')
        ended = self.call(raw[0], tmp_path / 'etri.pkl')
        assert ended.startswith('Error: ') and "lacks the column 'Age'" in ended
        assert left(tmp_path) == []
