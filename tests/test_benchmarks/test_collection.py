# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The benchmark times and compares. Nothing here depends on how fast anything is."""

import pickle
import runpy
from pathlib import Path

import pytest
from builders import annotations
from raw_recordings import config, utd_folder

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'collection.py'


@pytest.fixture
def benchmark():
    return runpy.run_path(str(SCRIPT))


@pytest.mark.parametrize('raw', [False, True])
def test_a_row_for_each_anonymizer(benchmark, tmp_path, capsys, raw):
    config().dump(str(tmp_path / 'identity.py'))
    source = tmp_path / 'in.pkl'
    source.write_bytes(pickle.dumps(annotations()))
    if raw:
        source = utd_folder(tmp_path / 'raw')
    row = ['--row', 'identity', str(tmp_path / 'identity.py'), 'none', '--repeat', '1']
    assert benchmark['main']([str(source), *row]) == 0
    told = capsys.readouterr().out
    assert ('20 recordings, 230 frames' if raw else '48 recordings, 960 frames') in told
    assert 'identity' in told
    assert benchmark['main']([str(source), *row, '--require', '1e9']) == 1


def test_weights_may_be_random(benchmark, tmp_path, capsys):
    config('ResNetAnonymizer', made=dict(num_blocks=1)).dump(str(tmp_path / 'resnet.py'))
    source = utd_folder(tmp_path / 'raw')
    row = ['--row', 'resnet', str(tmp_path / 'resnet.py'), 'random', '--repeat', '1']
    assert benchmark['main']([str(source), *row]) == 0
    assert 'resnet' in capsys.readouterr().out
    wider = ['--cfg-options', 'model.anonymizer.num_blocks=2']
    assert benchmark['main']([str(source), *row, *wider]) == 0


def test_what_killed_runs_would_not_get_is_refused(benchmark, capsys):
    row = ['--row', 'a', 'a.py', 'none', '--kills', '1', '--cfg-options', 'model.anonymizer.std=1']
    with pytest.raises(SystemExit):
        benchmark['main'](['in.pkl', *row])
    assert 'write what --cfg-options says into the config' in capsys.readouterr().err


def test_killed_runs_are_compared(benchmark, tmp_path, capsys, monkeypatch):
    config().dump(str(tmp_path / 'identity.py'))
    source = utd_folder(tmp_path / 'raw', 200)
    monkeypatch.setenv('PYTHONPATH', str(SCRIPT.parents[1]))
    words = [str(source), '--row', 'x', str(tmp_path / 'identity.py'), 'none', '--kills', '1']
    assert benchmark['main'](words) == 0
    assert '1 kills: the same bytes' in capsys.readouterr().out
