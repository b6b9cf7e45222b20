# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""tools/dev.py, with an interpreter that only writes down what it was asked to do."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
# Fails when its arguments contain the word in FAIL; has no mmcv unless HAS_MMCV exists.
STAND_IN = """#!/bin/sh
here=$(dirname "$0")
case "$*" in *"version('mmcv')"*) [ -e "$here/HAS_MMCV" ]; exit $?;; esac
echo "$@" >> "$here/log"
if [ -e "$here/FAIL" ]; then case "$*" in *"$(cat "$here/FAIL")"*) exit 3;; esac; fi
"""

pytestmark = pytest.mark.skipif(sys.platform == 'win32', reason='the stand-in is a shell script')


@pytest.fixture
def checkout(tmp_path) -> Path:
    """As much of a checkout as tools/dev.py looks at."""
    root = tmp_path / 'checkout'
    for name in ('tools/dev.py', 'setup.py', 'pyproject.toml', 'mmskanon/version.py'):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPO / name, root / name)
    shutil.copytree(REPO / 'requirements', root / 'requirements')
    return root


@pytest.fixture
def dev(checkout):
    """The module, loaded from that checkout."""
    spec = importlib.util.spec_from_file_location('dev_under_test', checkout / 'tools/dev.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def venv(checkout) -> Path:
    """An environment whose interpreter is the stand-in."""
    python = checkout / '.venv/bin/python'
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN)
    python.chmod(0o755)
    return python.parent


def asked(venv: Path) -> list[str]:
    """What the interpreter was asked since the last call, a line each."""
    log = venv / 'log'
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def test_first_run_installs_torch_then_the_tested_set_then_the_checkout(dev, venv, checkout):
    assert dev.main(['setup']) == 0
    torch, tested, editable = asked(venv)
    assert re.search(r'pip .*install torch==[\d.]+$', torch)
    assert tested.endswith(f'install -r {checkout}/requirements/tested.txt')
    assert editable.endswith(
        f'install --no-build-isolation --editable {checkout}[lite,onnx,tests,docs]'
    )


def test_second_run_skips_the_set_up_until_something_changes(dev, venv, checkout):
    assert dev.main(['setup']) == dev.main(['setup']) == 0
    assert len(asked(venv)) == 3
    for name in ('requirements/tests.txt', 'setup.py', 'pyproject.toml', 'mmskanon/version.py'):
        with (checkout / name).open('a') as file:
            file.write('# changed\n')
        dev.main(['setup'])
        assert len(asked(venv)) == 3, name


def test_arguments_go_on_to_pytest_and_the_demo(dev, venv, checkout, monkeypatch):
    monkeypatch.setattr(dev.os, 'sched_getaffinity', lambda pid: {0, 1}, raising=False)
    dev.main(['setup'])
    asked(venv)
    assert dev.main(['test', 'tests/test_io', '-k', 'half and not slow', '--', '-x']) == 0
    assert asked(venv) == ['-m pytest -n 2 tests/test_io -k half and not slow -x']
    assert dev.main(['demo', '--seed', '3']) == 0
    assert asked(venv) == [f'{checkout}/tools/demo.py --seed 3']
    assert dev.main(['lint']) == 0
    assert asked(venv) == ['-m ruff check', '-m ruff format --check']
    assert dev.main(['docs']) == 0
    assert dev.main(['docs', '--site-dir', 'elsewhere']) == 0
    build = '-m mkdocs build --strict'
    assert asked(venv) == [build, f'{build} --site-dir elsewhere']


def test_one_core_runs_one_test_process(dev, venv, monkeypatch):
    monkeypatch.setattr(dev.os, 'sched_getaffinity', lambda pid: {0}, raising=False)
    dev.main(['test'])
    assert asked(venv)[-1] == '-m pytest'


def test_exit_code_of_the_tests_is_handed_on(dev, venv):
    (venv / 'FAIL').write_text('-m pytest')
    assert dev.main(['test']) == 3


def test_exit_code_of_the_documentation_is_handed_on_and_no_page_is_named(dev, venv, capfd):
    (venv / 'FAIL').write_text('-m mkdocs')
    assert dev.main(['docs']) == 3
    assert 'index.html' not in capfd.readouterr().out
    (venv / 'FAIL').unlink()
    assert dev.main(['docs']) == 0
    assert 'site/index.html' in capfd.readouterr().out


def test_failing_install_ends_in_one_sentence_and_is_tried_again(dev, venv, capsys):
    (venv / 'FAIL').write_text('tested.txt')
    assert dev.main(['test']) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith('Installing the tested set of packages failed') and '\n' not in error
    assert '-m pytest' not in asked(venv)[-1]
    (venv / 'FAIL').unlink()
    assert dev.main(['test']) == 0
    assert len(asked(venv)) == 4


def test_full_mmcv_is_not_overwritten(dev, venv, capsys):
    (venv / 'HAS_MMCV').touch()
    assert dev.main(['setup']) == 1
    assert 'full mmcv' in capsys.readouterr().err
    assert asked(venv) == []


def test_another_environment(dev, venv, tmp_path):
    shutil.copytree(venv.parent, tmp_path / 'other env')
    assert dev.main(['test', '--venv', str(tmp_path / 'other env')]) == 0
    assert asked(venv) == []
    assert len(asked(tmp_path / 'other env/bin')) == 4


def test_packages_without_the_checkout_leave_no_stamp(dev, venv):
    assert dev.main(['setup', '--no-project']) == 0
    assert len(asked(venv)) == 2
    assert dev.main(['test']) == 0
    assert len(asked(venv)) == 4


@pytest.mark.parametrize('words', [['setup', '-x'], ['test', '--no-project'], ['build'], []])
def test_wrong_command_lines(dev, venv, words, capsys):
    with pytest.raises(SystemExit, match='2'):
        dev.main(words)
    assert 'usage:' in capsys.readouterr().err


def test_environment_that_cannot_be_made(dev, capsys, monkeypatch):
    monkeypatch.setattr(dev.sys, 'executable', shutil.which('false'))
    assert dev.main(['setup']) == 1
    assert 'python3-venv' in capsys.readouterr().err


def test_outside_a_checkout(tmp_path):
    (tmp_path / 'tools').mkdir()
    shutil.copy(REPO / 'tools/dev.py', tmp_path / 'tools')
    command = [sys.executable, tmp_path / 'tools/dev.py', 'setup']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and 'works in a checkout' in done.stderr


def test_too_old_python_is_told_so(checkout):
    """The file must parse and answer on a Python that cannot run the package."""
    source = (checkout / 'tools/dev.py').read_text(encoding='utf-8')
    compile(source, 'dev.py', 'exec', dont_inherit=True)
    code = f'import sys; sys.version_info = (3, 8, 1); exec(open({str(checkout / "tools/dev.py")!r}).read())'
    command = [sys.executable, '-c', code.replace('exec(', '__file__ = "tools/dev.py"; exec(')]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, shlex.join(map(str, command))
    assert done.stderr.strip().startswith(
        'mmskanon needs Python 3.10 or newer, and this is Python 3.8'
    )
