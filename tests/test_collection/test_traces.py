# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Released recordings, searched by somebody who has the original."""

import pickle
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from raw_recordings import clip, config, contents, utd_folder

from mmskanon.collection import (
    MotionSettings,
    ReleaseOptions,
    RunOptions,
    anonymize_collection,
    find_raw_traces,
)
from mmskanon.io import load_annotations
from mmskanon.recordings import FORMATS

CHECK = Path(__file__).resolve().parents[2] / 'tools' / 'data' / 'check.py'


def release(source, target, keep=(), **cfg):
    motion = MotionSettings(config(**cfg), None, placement='canonical')
    return anonymize_collection(motion, source, target, release=ReleaseOptions(keep))


@pytest.fixture
def ntu(ntu_samples_dir, tmp_path):
    """Three real recordings and their release with the identity."""
    source, target = tmp_path / 'raw', tmp_path / 'public'
    shutil.copytree(ntu_samples_dir, source)
    release(source, target, layout='nturgb+d', persons=2)
    return source, target


def test_a_release_has_no_traces_and_its_names_are_legal(tmp_path):
    source = utd_folder(tmp_path / 'raw')
    outcome = release(source, tmp_path / 'public')
    assert outcome.recordings == 20 and outcome.provenance['counts']['samples'] == 20
    assert find_raw_traces(tmp_path / 'public', source) == []
    format = FORMATS['utd_mhad']
    facts = [format.facts(name) for name in contents(tmp_path / 'public')]
    assert sorted(f['label'] for f in facts) == [0] * 12 + [1] * 8
    assert not any(name in str(outcome.provenance) for name in contents(source))


def test_real_recordings_leave_no_ids(ntu):
    source, target = ntu
    assert find_raw_traces(target, source) == []
    before = b''.join(contents(source).values()).split()
    after = set(b''.join(contents(target).values()).split())
    ids = {word for word in before if len(word) == 17 and word.isdigit()}
    assert ids and not ids & after


def test_what_was_not_released_is_full_of_traces(ntu, tmp_path):
    source, target = ntu
    shutil.copy(next(source.iterdir()), target)
    findings = find_raw_traces(target, source)
    kinds = {f.kind for f in findings}
    assert kinds == {'a body ID of the original', 'a recording of the original, unchanged'}


def test_other_files_and_names_are_found(tmp_path):
    source, target = tmp_path / 'raw', tmp_path / 'public'
    source.mkdir()
    for number, name in enumerate(('mrs_miller_monday', 'mr_jones_friday')):
        np.save(source / f'{name}.npy', clip(number, 12))
    release(source, target)
    assert find_raw_traces(target, source) == []
    (target / 'notes.txt').write_text('x')
    shutil.copy(source / 'mr_jones_friday.npy', target)
    told = {(f.kind, f.text) for f in find_raw_traces(target, source)}
    assert ('a file that is no recording', 'notes.txt') in told
    assert ('an original name', 'mr_jones_friday') in told


def test_the_original_has_to_be_of_the_same_format(tmp_path):
    source = utd_folder(tmp_path / 'raw')
    (tmp_path / 'other').mkdir()
    np.save(tmp_path / 'other' / 'x.npy', clip(0, 9))
    with pytest.raises(ValueError, match='holds npy recordings and .* utd_mhad'):
        find_raw_traces(tmp_path / 'other', source)


def test_originals_under_other_names_are_found(tmp_path):
    source, target = utd_folder(tmp_path / 'raw'), tmp_path / 'public'
    target.mkdir()
    names = sorted(contents(source))
    for number, name in enumerate(names[:3]):
        shutil.copy(source / name, target / f'a2_s1_t{number + 1}_skeleton.mat')
    format = FORMATS['utd_mhad']
    recording = format.read((source / names[3]).read_bytes(), '')
    content = bytearray(format.write(recording, recording.keypoint))
    content[20:80] = b'Created on: Sat Jan 03 21:17:45 2015'.ljust(60)
    (target / 'a2_s1_t4_skeleton.mat').write_bytes(content)
    told = {(f.kind, f.text) for f in find_raw_traces(target, source)}
    assert told == {
        *(('a recording of the original, unchanged', name) for name in names[:4]),
        ('a moment in time', 'Sat Jan 03 21:17'),
    }


def test_samples_that_were_left_as_they_were_are_found(tmp_path, capsys):
    source = utd_folder(tmp_path / 'raw')
    cfg = dict(kind='SmoothingAnonymizer', made=dict(sigma=2.0))
    release(source, tmp_path / 'public.pkl', **cfg)
    data = load_annotations(tmp_path / 'public.pkl')
    data[3]['keypoint'] = (
        FORMATS['utd_mhad']
        .read((source / 'a1_s2_t3_skeleton.mat').read_bytes(), '')
        .keypoint.astype('f4')
    )
    (tmp_path / 'public.pkl').write_bytes(pickle.dumps(data))
    anonymize_collection(MotionSettings(config(), None), source, tmp_path / 'original.pkl')
    main = runpy.run_path(str(CHECK))['main']
    for original in (source, tmp_path / 'original.pkl'):
        if original.suffix:
            samples = load_annotations(original)
            samples[5]['keypoint'] = data[3]['keypoint']
            original.write_bytes(pickle.dumps(samples))
        assert main([str(tmp_path / 'public.pkl'), '--release-of', str(original)]) == 1
        out = capsys.readouterr().out
        assert '1 traces' in out and 'a recording of the original, unchanged' in out


def test_originals_that_cannot_be_read_are_told(tmp_path, capsys):
    source, target = utd_folder(tmp_path / 'raw'), tmp_path / 'public'
    (source / 'a1_s1_t1_skeleton.mat').write_bytes(b'no recording')
    motion = MotionSettings(config(), None, placement='canonical')
    skip = RunOptions(skip_faulty=True)
    anonymize_collection(motion, source, target, release=ReleaseOptions(), run=skip)
    with pytest.raises(ValueError, match='a1_s1_t1_skeleton.mat'):
        find_raw_traces(target, source)
    main = runpy.run_path(str(CHECK))['main']
    assert main([str(target), '--release-of', str(source)]) == 0
    out = capsys.readouterr().out
    assert '1 recordings of' in out and 'not searched for' in out and '0 traces' in out


@pytest.mark.parametrize('target', ['public', 'public.zip', 'public.pkl'])
def test_the_command_line(tmp_path, capsys, target):
    source = utd_folder(tmp_path / 'raw')
    release(source, tmp_path / target)
    main = runpy.run_path(str(CHECK))['main']
    assert main([str(tmp_path / target), '--release-of', str(source)]) == 0
    assert f'0 traces of {source}' in capsys.readouterr().out


def test_names_of_folders_and_hidden_files_are_found(tmp_path):
    source, target = tmp_path / 'raw', tmp_path / 'public'
    source.mkdir()
    np.save(source / 'mrs_miller.npy', clip(0, 12))
    np.save(
        source / 'empty_room.npy', 0 * clip(0, 12)
    )  # is left out of the release, and no hindrance
    release(source, target)
    assert find_raw_traces(target, source) == []
    (target / 'mrs_miller').mkdir()
    next(target.glob('*.npy')).rename(target / 'mrs_miller' / ('0' * 20 + '.npy'))
    (target / '.notes').write_text('x')
    told = {(f.kind, f.text) for f in find_raw_traces(target, source)}
    assert told == {
        ('an original name', 'mrs_miller'),
        ('a file that is no recording', '.notes'),
    }
