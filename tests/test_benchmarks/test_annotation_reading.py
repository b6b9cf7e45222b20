# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark reads given and made files. Nothing here depends on how fast anything is."""

import pickle
import runpy
import sys
from pathlib import Path

import pytest
from builders import annotations

from mmskanon.io import load_annotations

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'annotation_reading.py'


@pytest.fixture
def benchmark():
    return runpy.run_path(str(SCRIPT))


def run(benchmark, monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', [str(SCRIPT), *map(str, arguments), '--rounds', '1'])
    return benchmark['main']()


def test_a_line_for_each_file(benchmark, monkeypatch, capsys, tmp_path):
    (tmp_path / 'small.pkl').write_bytes(pickle.dumps(annotations()))
    assert run(benchmark, monkeypatch, tmp_path / 'small.pkl', '--megabytes', 1) == 0
    _, given, made = capsys.readouterr().out.splitlines()
    assert given.startswith('small.pkl, 0 MB, 48 samples: whole ') and 'ratio ' in given
    assert made.startswith('made_1_MB.pkl, 1 MB, ')


def test_what_is_required_sets_the_exit_status(benchmark, monkeypatch, capsys):
    assert run(benchmark, monkeypatch, '--megabytes', 1, '--require', '1e-9') == 1
    assert capsys.readouterr().err == 'the ratio is above the 1e-09 required\n'


@pytest.mark.parametrize('protocol', [2, 4, 5])
def test_the_made_file_is_an_annotation_file(benchmark, tmp_path, protocol):
    benchmark['make_file'](tmp_path / 'made.pkl', 1, protocol, 0)
    made = load_annotations(tmp_path / 'made.pkl')['annotations']
    assert {s['keypoint'].shape[0] for s in made} == {1, 2}
    assert all(s['keypoint'].shape[1:] == (s['total_frames'], 25, 3) for s in made)
