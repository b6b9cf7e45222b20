# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pickle
import runpy
from pathlib import Path

import pytest
from builders import annotations

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'check.py'


@pytest.fixture
def ann_file(tmp_path):
    def write(data):
        path = tmp_path / 'ann.pkl'
        path.write_bytes(pickle.dumps(data))
        return path

    return write


@pytest.fixture(scope='module')
def tool():
    return runpy.run_path(str(TOOL))['main']


def test_it_passes_clean_data(ann_file, tool, capsys):
    path = ann_file(annotations(frames=12))
    assert (
        tool([str(path), '--layout', 'kinect_v1', '--attributes', 'subject', '--clip-len', '12'])
        == 0
    )
    assert '48 samples, 0 errors, 0 warnings' in capsys.readouterr().out


def test_it_prints_every_problem_and_fails(ann_file, tool, capsys):
    data = annotations(frames=12)
    del data['annotations'][0]['subject']
    data['annotations'][1]['total_frames'] = 3
    for sample in data['annotations'][4:]:
        sample['label'] = 0
    path = ann_file(data)
    assert tool([str(path), '--attributes', 'subject', '--num-person', '1']) == 1
    out = capsys.readouterr().out
    assert 'error: ' in out and "sample 'a1_s1_t1', key 'subject'" in out
    assert "sample 'a1_s1_t2', key 'total_frames'" in out
    assert '48 samples, 2 errors, 0 warnings' in out


def test_it_reads_attributes_from_csv_and_warns_without_failing(ann_file, tool, capsys, tmp_path):
    csv = tmp_path / 'people.csv'
    csv.write_text('subject,gender\n1,f\n2,f\n3,m\n4,m\n')
    data = annotations(frames=12)
    del data['split']['train'][:]
    data['split'] = {'train': data['split']['test'], 'test': data['split']['test']}
    path = ann_file(data)
    argv = [str(path), '--attributes', 'gender', '--attribute-files', str(csv), '--splits', 'test']
    assert tool(argv) == 0
    assert 'warning: ' in capsys.readouterr().out


@pytest.mark.parametrize('content', [None, b'', b'\x80\x04nonsense', pickle.dumps(3)])
def test_it_refuses_other_files_in_one_sentence(tmp_path, content, tool, capsys):
    path = tmp_path / 'ann.pkl'
    if content is not None:
        path.write_bytes(content)
    assert tool([str(path)]) == 1
    out, err = capsys.readouterr()
    assert str(path) in (err or out)
    assert len(err.splitlines()) <= 1


def test_a_fault_of_every_sample_is_shown_ten_times_and_counted(ann_file, tool, capsys):
    data = annotations(joints=25, frames=12)
    del data['annotations'][47]['subject']
    path = str(ann_file(data))
    argv = [path, '--layout', 'kinect_v1', '--attributes', 'subject']
    assert tool(argv) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sum('expected 20 joints' in line for line in lines) == 10
    assert 'error: joint-count: 38 more of this kind; --all prints them' in lines
    assert any("'a3_s4_t4', key 'subject'" in line for line in lines)  # the rare one is not lost
    assert lines[-2] == f'{path}: 48 samples, 49 errors, 0 warnings'
    assert tool([*argv, '--all']) == 1
    out = capsys.readouterr().out
    assert out.count('expected 20 joints') == 48 and 'more of this kind' not in out


@pytest.mark.parametrize('as_list', [False, True])
def test_it_ends_with_what_a_config_asks_for(ann_file, tool, capsys, as_list):
    data = annotations(n_subjects=10, frames=25, persons=2)
    for number, sample in enumerate(data['annotations']):
        sample['camera'] = ('front', 'side')[number % 2]
        if number:
            sample['keypoint'][1] = 0  # an empty row is nobody
    longer = annotations(n_subjects=1, n_actions=1, trials=1, frames=120)['annotations'][0]
    data['annotations'].append(longer | dict(frame_dir='long', label=7, subject='x'))
    tool([str(ann_file(data['annotations'] if as_list else data))])
    assert capsys.readouterr().out.splitlines()[-1] == (
        '4 actions (labels 0 to 7), 11 subjects, 1 to 2 persons, 25 to 120 frames, trials 1 2 3 4, cameras front side'
    )


def test_keypoints_of_single_samples_are_read_from_the_folder_of_the_index(ann_file, tool, capsys):
    data = annotations(frames=12)
    whole = ann_file(data)
    assert tool([str(whole), '--layout', 'kinect_v1']) == 0
    expected = capsys.readouterr().out.splitlines()[-1]
    folder = whole.with_suffix('')
    folder.mkdir()
    for sample in data['annotations']:
        path = folder / f'{sample["frame_dir"]}.pkl'
        path.write_bytes(pickle.dumps(dict(keypoint=sample.pop('keypoint'), total_frames=12)))
    path = ann_file(data)
    for layout in (['--layout', 'kinect_v1'], []):
        assert tool([str(path), *layout]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == expected
    assert tool([str(path), '--layout', 'nturgb+d']) == 1
    assert '20 joints' in capsys.readouterr().out
    (folder / 'a1_s1_t1.pkl').unlink()
    assert tool([str(path)]) == 1
    assert "sample 'a1_s1_t1', key 'keypoint'" in capsys.readouterr().out


def test_facts_of_an_ntu_file_come_from_its_names(ann_file, tool, capsys):
    data = annotations(n_subjects=1, n_actions=1, trials=20, frames=9)
    for number, sample in enumerate(data['annotations'], start=1):
        del sample['trial'], sample['subject']
        sample['frame_dir'] = f'S001C001P003R{number:03d}A001'
    tool([str(ann_file(data['annotations']))])
    assert capsys.readouterr().out.splitlines()[-1] == (
        '1 action (label 0), 1 subject, 1 person, 9 frames, 20 trials, camera 1'
    )


def test_faulty_samples_are_passed_over(ann_file, tool, capsys):
    data = [3, dict(frame_dir='a', label=0.5, keypoint='none', trial=[1])]
    assert tool([str(ann_file(data))]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == '0 subjects'
