# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark scripts run, and what they claim to be equal is. Nothing here depends on how fast anything is."""

import importlib
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).resolve().parents[2] / 'benchmarks'
TINY = '--batch-size 2 --frames 16 --width 4 --stages 2 --cycles 1 --check-cycles 2'.split()


@pytest.fixture
def script(monkeypatch):
    """A function that imports a script as Python does when it is called: with its folder on the path."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    names = {path.stem for path in BENCHMARKS.glob('*.py')}
    yield importlib.import_module
    for name in names & set(sys.modules):
        if Path(getattr(sys.modules[name], '__file__', '') or '').parent == BENCHMARKS:
            del sys.modules[name]


@pytest.mark.parametrize('setting', ['ntu', 'utd'])
def test_both_ways_of_a_cycle_take_the_same_updates(script, setting, capsys):
    step = script('alternating_step')
    arguments = ['--settings', setting, '--anonymizers', 'resnet', 'unet16', '--tolerance', '1e-6']
    assert step.main([*arguments, *TINY]) == 0
    out, err = capsys.readouterr()
    assert out.count('ratio') == out.count('peak memory') == out.count('parameters differ') == 2
    assert err == ''


def test_a_different_computation_is_noticed(script, monkeypatch, capsys):
    step = script('alternating_step')
    monkeypatch.setattr(step, 'BETA', 11.0)
    assert step.main(['--settings', 'utd', '--anonymizers', 'resnet', *TINY, '--lr', '0.1']) == 1
    assert 'utd resnet: parameters differ by more than 1e-05' in capsys.readouterr().err


def test_a_required_ratio_sets_the_exit_status(script, capsys):
    step = script('alternating_step')
    arguments = ['--settings', 'utd', '--anonymizers', 'resnet', '--require-resnet', '1e9']
    assert step.main([*arguments, *TINY]) == 1
    assert 'the ratio is below the 1e+09 required' in capsys.readouterr().err


def test_published_modes_are_not_compared(script, capsys):
    step = script('alternating_step')
    arguments = ['--settings', 'utd', '--anonymizers', 'unet16', '--published-modes']
    assert step.main([*arguments, *TINY]) == 0
    assert 'parameters differ' not in capsys.readouterr().out


def test_the_published_way_needs_more_memory(script):
    """Bytes do not depend on the machine's load, so they can be asserted."""
    step, cycle = script('alternating_step'), script('cycle')
    args = step.parse_args('--settings utd --width 8 --stages 4'.split())
    batch = cycle.make_batches('utd', 1, 4, 32)[0]
    peak = {}
    for name, (_, take) in step.both_ways(args, 'utd', 'resnet').items():
        for party in step.PARTIES:
            peak[name, party] = cycle.peak_tensor_bytes(lambda: take(party, dict(batch)))  # noqa: B023
    for party in step.PARTIES:
        assert peak['published', party] > peak['ours', party] > 0


def test_mixed_precision_is_measured_beside_float32(script, capsys):
    amp = script('amp')
    assert amp.main(['--settings', 'utd', '--anonymizers', 'resnet', *TINY]) == 0
    assert 'anonymizer/loss_privacy' in capsys.readouterr().out
    impossible = ['--settings', 'utd', '--anonymizers', 'resnet', *TINY, '--tolerance', '-1']
    assert amp.main(impossible) == 1


@pytest.mark.parametrize(('has', 'words'), [(True, 'in bfloat16 here'), (False, 'in float32 here')])
def test_it_says_whether_the_machine_would_use_mixed_precision(
    script, has, words, monkeypatch, capsys
):
    amp = script('amp')
    monkeypatch.setattr(amp, 'cpu_has_bfloat16', lambda: has)
    monkeypatch.setattr(amp, 'measure', lambda *args: [])
    assert amp.main(TINY) == 0
    assert words in capsys.readouterr().out


def test_the_gauge_of_memory_sees_the_peak(script):
    mebibyte = 2**20

    def run():
        first = torch.empty(8 * mebibyte, dtype=torch.uint8)
        del first
        torch.empty(3 * mebibyte, dtype=torch.uint8)

    before = torch.empty(5 * mebibyte, dtype=torch.uint8)
    assert script('cycle').peak_tensor_bytes(run) == 8 * mebibyte
    del before


def test_the_clock_runs_each_cycle_on_the_same_batches_in_turn(script):
    seen = []
    cycles = {name: lambda batch, n=name: seen.append((n, batch['i'])) for name in 'ab'}
    medians = script('cycle').time_in_turn(cycles, [dict(i=0), dict(i=1)], 3)
    assert [i for n, i in seen if n == 'a'] == [i for n, i in seen if n == 'b'] == [0, 1, 0]
    assert [n for n, _ in seen] == list('baabba')
    assert set(medians) == {'a', 'b'}


def test_normalization_is_timed_beside_the_stock_transform(script, monkeypatch, capsys):
    normalize = script('normalize')
    monkeypatch.setattr(sys, 'argv', 'normalize.py --persons 1 --frames 10 --clips 3'.split())
    assert normalize.main() == 0
    assert 'ratio' in capsys.readouterr().out


def test_k_same_is_timed_with_a_made_up_gallery(script, monkeypatch, capsys):
    k_same = script('k_same')
    arguments = 'k_same.py --clips 120 --subjects 4 --frames 9 --k 2 --timed 2'.split()
    monkeypatch.setattr(sys, 'argv', arguments)
    threads = torch.get_num_threads()
    assert k_same.main() == 0
    assert 'gallery of 120 clips' in capsys.readouterr().out
    monkeypatch.setattr(sys, 'argv', [*arguments, '--require', '1e9'])
    assert k_same.main() == 1
    assert 'slower than the 1e+09 required' in capsys.readouterr().err
    torch.set_num_threads(threads)
