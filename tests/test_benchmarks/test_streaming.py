# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark runs all rows. Nothing here depends on how fast anything is."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'streaming.py'
SHORT = ['--frames', '3', '--window', '4', '--window-frames', '2', '--persons', '1']


@pytest.fixture
def benchmark():
    return runpy.run_path(str(SCRIPT))


def test_each_row_states_its_latency_and_four_times(benchmark, capsys):
    assert benchmark['main'](SHORT) == 0
    lines = capsys.readouterr().out.splitlines()[4:]
    cells = [line.strip('| ').split(' | ') for line in lines]
    latency = {row[0]: int(row[1]) for row in cells}
    assert latency['resnet'] == 0 and latency['smoothing, sigma 2'] == 8
    assert latency['unet 16, window 4'] == latency['unet 64, window 4'] == 2
    assert all(len(row) == 6 and min(map(float, row[2:])) >= 0 for row in cells)


def test_what_is_required_sets_the_exit_status(benchmark, capsys):
    required = ['--only', 'identity', 'smoothing, sigma 2', '--require', '1e-9']
    assert benchmark['main'](SHORT + required) == 1
    printed = capsys.readouterr()
    assert printed.err == 'identity takes more than the 1e-09 ms required\n'
    assert printed.out.count('\n') == 6
