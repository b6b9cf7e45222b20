# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Command line of the NTU RGB+D converter."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from ntu_files import sample_name, write, write_collection

from mmskanon.io import load_annotations

REPO = Path(__file__).resolve().parents[2]
TOOL = REPO / 'tools' / 'data' / 'ntu.py'


def call(*argv) -> str:
    """Run the tool in this process; the message with which it ends, empty for success."""
    try:
        runpy.run_path(str(TOOL))['main']([str(arg) for arg in argv])
    except SystemExit as end:
        return str(end.code)
    return ''


@pytest.fixture
def source(tmp_path):
    write_collection(tmp_path / 'in', subjects=(1, 2), actions=(1, 50))
    return tmp_path / 'in'


def test_converts_reports_and_shows_progress(source, tmp_path, capsys):
    write(source, sample_name(subject=3), b'')
    (tmp_path / 'missing.txt').write_text(sample_name() + '\n')
    out = tmp_path / 'made' / 'ntu60.pkl'
    assert call(source, out, '--missing', tmp_path / 'missing.txt', '--workers', 1) == ''
    assert len(load_annotations(out)['annotations']) == 15
    printed = capsys.readouterr()
    for words in ('NTU RGB+D 60', 'xview_train', 'xrep_val', 'median', 'ntu60.pkl'):
        assert words in printed.out
    assert 'Dropped: 1 listed by the owners as missing' in printed.out
    assert 'Dropped: 1 damaged or not in the format' in printed.out
    assert '16/16' in printed.err and 'file/s' in printed.err


def test_options_reach_the_converter(source, tmp_path, capsys):
    (tmp_path / 'gender.csv').write_text('subject,gender\n1,f\n2,m\n')
    out = tmp_path / 'a.pkl'
    options = ['--per-sample', '--dtype', 'float16', '--attributes', tmp_path / 'gender.csv']
    assert call(source, out, *options, '--workers', 2) == ''
    samples = load_annotations(out)['annotations']
    assert {s['gender'] for s in samples} == {'f', 'm'} and 'keypoint' not in samples[0]
    first = load_annotations(tmp_path / 'a' / f'{samples[0]["frame_dir"]}.pkl')
    assert first['keypoint'].dtype == 'float16'


def test_mistakes_end_in_a_sentence(source, tmp_path):
    out = tmp_path / 'a.pkl'
    assert 'does not exist' in call(tmp_path / 'gone', out)
    assert 'workers must be at least 1' in call(source, out, '--workers', 0)
    write(source, sample_name(subject=3), b'1\r\nx\r\n')
    assert 'A001.skeleton, line 2: expected' in call(source, out, '--strict', '--workers', 1)
    assert not out.exists()
    out.write_bytes(b'precious')
    assert 'exists already' in call(source, out)
    assert out.read_bytes() == b'precious'


def test_as_a_command(source, tmp_path):
    write(source, sample_name(subject=3), b'1\r\nx\r\n')
    ended = subprocess.run(
        [sys.executable, str(TOOL), str(source), str(tmp_path / 'a.pkl'), '--strict'],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(REPO)},
    )
    assert ended.returncode == 1 and 'Traceback' not in ended.stderr
    assert 'S001C001P003R001A001.skeleton, line 2' in ended.stderr.splitlines()[-1]


def test_interruption(source, tmp_path, monkeypatch, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr('mmskanon.datasets.converters.ntu.collection.convert_part', interrupt)
    assert 'a.pkl was not written' in call(source, tmp_path / 'a.pkl', '--workers', 1)
    assert 'to go on from the finished parts' in capsys.readouterr().err
    assert not (tmp_path / 'a.pkl').exists()
