# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark runs, and notices where coordinates differ. Nothing here depends on how fast anything is."""

import runpy
from pathlib import Path

import pytest
from ntu_files import FIRST_ID, person, recording, write

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'ntu.py'


@pytest.fixture
def benchmark():
    return runpy.run_path(str(SCRIPT))


def test_it_measures_generated_and_given_files(benchmark, capsys, tmp_path):
    assert benchmark['main'](['--frames', '14', '--repeats', '2']) == 0
    path = write(tmp_path, 'any', recording(14, (FIRST_ID, 0, person(14))))
    assert benchmark['main'](['--files', str(path), '--repeats', '1']) == 0
    printed = capsys.readouterr()
    assert printed.out.count('with normalization') == 3 and printed.err == ''


def test_a_required_ratio_sets_the_exit_status(benchmark, capsys):
    arguments = ['--frames', '14', '--repeats', '1', '--require-parse', '1e9']
    assert benchmark['main'](arguments) == 1
    assert 'below the one required' in capsys.readouterr().err


def test_other_coordinates_are_noticed(benchmark, capsys):
    plain = benchmark['plain_read']
    benchmark['main'].__globals__['plain_read'] = lambda path: plain(path) * 1.0000001 + 1e-7
    assert benchmark['main'](['--frames', '14', '--repeats', '1']) == 1
    assert 'coordinates differ' in capsys.readouterr().err
