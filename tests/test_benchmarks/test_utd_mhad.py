# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Steps of the UTD-MHAD benchmark: one that diverges is a result, any other failure ends the run."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / 'benchmarks' / 'utd_mhad.py'
TOOL = 'import os, sys\nprint(sys.argv[1], os.environ["OMP_NUM_THREADS"])\nsys.exit(int(sys.argv[2]))\n'


@pytest.fixture
def chain(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location('utd_mhad', SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, 'ROOT', tmp_path)
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'tool.py').write_text(TOOL)
    return script.Chain(tmp_path / 'work', amp=False, threads=3)


def test_a_run_that_diverges_is_a_result(chain, tmp_path, capsys):
    done = tmp_path / 'work' / 'seed0' / 'unet.json'
    chain.call('seed0/unet', done, 'tool.py', 'error: the model has diverged', 1)
    assert done.read_text() == '{}' and capsys.readouterr().out == 'seed0/unet: diverged\n'
    assert done.with_name('unet.log').read_text() == 'error: the model has diverged 3\n'
    chain.call('seed0/unet', done, 'tool.py', 'never run again', 1)
    assert 'again' not in done.with_name('unet.log').read_text()


def test_any_other_failure_ends_the_run(chain, tmp_path):
    done = tmp_path / 'work' / 'unet.json'
    with pytest.raises(ChildProcessError, match=r'exit status 2: no such file 3\).*unet\.log'):
        chain.call('unet', done, 'tool.py', 'no such file', 2)
    assert not done.exists()
