# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark of pictures runs. Nothing here depends on how fast anything is."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'pictures.py'


@pytest.fixture
def main():
    return runpy.run_path(str(SCRIPT))['main']


def test_it_measures_each_kind_of_picture(main, capsys):
    arguments = '--frames 3 --repeats 1 --persons 1 --layouts kinect_v1 coco'.split()
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.out.count('everything') == printed.out.count('plain') == 2
    assert printed.err == ''


def test_a_required_rate_sets_the_exit_status(main, capsys):
    assert main('--frames 2 --repeats 1 --persons 1 --require 1e9'.split()) == 1
    assert 'below the 1e+09 required' in capsys.readouterr().err
