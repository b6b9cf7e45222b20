# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Released recordings, searched by somebody who has the original."""

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from raw_recordings import clip, config, contents, utd_folder

from mmskanon.collection import (
    MotionSettings,
    ReleaseOptions,
    anonymize_collection,
    find_raw_traces,
)
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
    assert findings and {f.kind for f in findings} == {'a body ID of the original'}


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
