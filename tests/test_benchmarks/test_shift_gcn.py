# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark of Shift-GCN runs, and what it compares is equal. Nothing here depends on how fast anything is."""

import importlib
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).resolve().parents[2] / 'benchmarks'
TINY = '--batch-size 2 --frames 9 --width 4 --stages 5 --runs 1'.split()


@pytest.fixture
def bench(monkeypatch):
    """The script, imported as Python does when it is called: with its folder on the path."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module('shift_gcn')
    for name in ('shift_gcn', 'cycle'):
        sys.modules.pop(name, None)


def test_all_forms_agree(bench, capsys):
    assert bench.main(TINY) == 0
    out, err = capsys.readouterr()
    assert out.count('temporal shift') == 5 and out.count('peak memory') == 3
    assert err == ''


def test_a_form_that_differs_is_noticed(bench, monkeypatch, capsys):
    monkeypatch.setattr(bench, 'gather_frames', lambda x, position, stride=1: 2 * x[:, :, ::stride])
    assert bench.main(TINY) == 1
    err = capsys.readouterr().err
    assert 'temporal shift, gather: differs' in err
    assert 'plain Shift-GCN: differs from ShiftGCN' in err


def test_a_required_ratio_sets_the_exit_status(bench, capsys):
    assert bench.main([*TINY, '--require', '1e9']) == 1
    assert 'the ratio is below the 1e+09 required' in capsys.readouterr().err


def test_ours_needs_less_memory(bench):
    """Bytes do not depend on the machine's load, so they can be asserted."""
    args = bench.parse_args('--width 16 --batch-size 2 --frames 32'.split())
    torch.manual_seed(0)
    x = torch.randn(2, 2, 32, 25, 3)
    peaks = {
        name: bench.peak_bytes(lambda: net(x).sum().backward(), 'cpu')  # noqa: B023
        for name, net in bench.build_nets(args).items()
    }
    assert 0 < peaks['ShiftGCN'] < peaks['STGCN'] < peaks['plain Shift-GCN']
