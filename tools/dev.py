# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Set up an environment in the checkout, and run the demo, the tests, the linter or the build of the documentation in it.

Usage::

    python3 tools/dev.py demo              # set-up, then tools/demo.py
    python3 tools/dev.py test              # set-up, then the tests; further arguments go to pytest
    python3 tools/dev.py lint              # set-up, then ruff
    python3 tools/dev.py docs              # set-up, then the site of the documentation into ./site
    python3 tools/dev.py setup             # set-up only

The environment is ``.venv`` in the checkout, or the folder given with ``--venv``. It gets the package versions listed in
``requirements/tested.txt`` and the checkout itself as an editable install. A later run skips the set-up unless the
requirements, the build files, the Python or the place of the checkout changed. Needs the standard library only.
"""

import argparse
import hashlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036 (this very line tells users of an older Python)
    sys.exit(
        'mmskanon needs Python 3.10 or newer, and this is Python {}.{}: '
        'call tools/dev.py with a newer one, for example python3.11.'.format(*sys.version_info)
    )

ROOT = Path(__file__).resolve().parents[1]
TESTED = ROOT / 'requirements' / 'tested.txt'
STAMP = 'mmskanon-setup.txt'


class SetUpError(Exception):
    """A step of the set-up ended badly; the text says what to do."""


def say(text: str) -> None:
    """Print a line before what the next program prints."""
    print(f'==> {text}', flush=True)


def run(command: list, **kwargs) -> int:
    """Print a command, run it in the checkout and return its exit code."""
    command = [str(word) for word in command]
    say(shlex.join(command))
    return subprocess.run(command, cwd=ROOT, check=False, **kwargs).returncode


def venv_python(venv: Path) -> Path:
    """Path of the interpreter inside a virtual environment."""
    return venv / ('Scripts/python.exe' if os.name == 'nt' else 'bin/python')


def fingerprint() -> str:
    """Digest of everything the set-up depends on."""
    digest = hashlib.sha256(f'{sys.version}\n{ROOT}\n'.encode())
    files = sorted((ROOT / 'requirements').glob('*.txt'))
    for path in [*files, ROOT / 'setup.py', ROOT / 'pyproject.toml', ROOT / 'mmskanon/version.py']:
        digest.update(f'{path.name}\n'.encode() + path.read_bytes())
    return digest.hexdigest()


def tested_torch() -> str:
    """The pin of torch, which is installed first because most other packages build on it."""
    lines = TESTED.read_text(encoding='utf-8').splitlines()
    return next(line for line in lines if line.startswith('torch=='))


def create_venv(venv: Path) -> None:
    """Make the virtual environment if it is not there."""
    if venv_python(venv).exists():
        return
    if run([sys.executable, '-m', 'venv', venv]) != 0:
        raise SetUpError(
            f'{sys.executable} could not make a virtual environment in {venv}. On Debian and Ubuntu the module for it is a '
            'package of its own (python3-venv); else name an existing environment with --venv.'
        )


def refuse_full_mmcv(python: Path) -> None:
    """Stop before mmcv-lite overwrites the files of a full mmcv."""
    probe = "from importlib.metadata import version; version('mmcv')"
    found = subprocess.run([python, '-c', probe], stderr=subprocess.DEVNULL, check=False)
    if found.returncode == 0:
        raise SetUpError(
            'This environment has the full mmcv, and the tested set has mmcv-lite, which owns the same folder. Name another '
            'environment with --venv, or install mmskanon beside the full mmcv with: pip install -e .'
        )


def pip_install(python: Path, what: str, *arguments) -> None:
    """Install with pip, and say in one sentence what to do when that fails."""
    command = [python, '-m', 'pip', '--disable-pip-version-check', 'install', *arguments]
    if run(command, stdin=subprocess.DEVNULL) != 0:
        raise SetUpError(
            f'Installing {what} failed; the reason stands in the last lines of pip above. If the network or the disk was it, '
            'mend that and give the same command again: it goes on where it stopped.'
        )


def set_up(venv: Path, project: bool = True) -> Path:
    """Bring the environment up to date.

    Args:
        venv (Path): Folder of the environment; made if absent.
        project (bool): Whether to install the checkout too, or only what it needs. Defaults to True.

    Returns:
        Path: The interpreter of the environment.
    """
    stamp = venv / STAMP
    python = venv_python(venv)
    wanted = fingerprint()
    if project and python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    create_venv(venv)
    stamp.unlink(missing_ok=True)
    refuse_full_mmcv(python)
    pip_install(python, 'torch', tested_torch())
    pip_install(python, 'the tested set of packages', '-r', TESTED)
    if project:
        pip_install(
            python,
            'the checkout',
            '--no-build-isolation',
            '--editable',
            f'{ROOT}[lite,onnx,tests,docs]',
        )
        stamp.write_text(wanted)
    return python


def run_tests(python: Path, arguments: list) -> int:
    """Run pytest, one process a core. Several test processes with several threads each slow one another down."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    environment = dict(os.environ)
    workers = []
    if cores and cores > 1:
        workers = ['-n', min(cores, 8)]
        environment.setdefault('OMP_NUM_THREADS', '1')
        environment.setdefault('MKL_NUM_THREADS', '1')
    return run([python, '-m', 'pytest', *workers, *arguments], env=environment)


def run_lint(python: Path, arguments: list) -> int:
    """Check style and formatting."""
    ruff = [python, '-m', 'ruff']
    return run([*ruff, 'check', *arguments]) or run([*ruff, 'format', '--check', *arguments])


def run_docs(python: Path, arguments: list) -> int:
    """Build the site of the documentation; any warning is an error."""
    # The theme's advertisement of its successor.
    environment = {**os.environ, 'NO_MKDOCS_2_WARNING': '1'}
    command = [python, '-m', 'mkdocs', 'build', '--strict', *arguments]
    code = run(command, env=environment)
    if code == 0 and not arguments:
        say(f'open {ROOT / "site" / "index.html"}')
    return code


def parse_arguments(argv: list) -> tuple:
    """Split the command line into our arguments and those passed on."""
    parser = argparse.ArgumentParser(
        description='Set up an environment in the checkout, and run the demo, the tests, the linter or the build of the documentation in it.',
        epilog='Further arguments go to the demo, to pytest, to ruff or to mkdocs build.',
        allow_abbrev=False,
    )
    parser.add_argument('command', choices=('setup', 'demo', 'test', 'lint', 'docs'))
    parser.add_argument('--venv', type=Path, default=ROOT / '.venv', help='default: .venv')
    parser.add_argument(
        '--no-project',
        action='store_true',
        help='with setup: install only what mmskanon needs, not the checkout',
    )
    ours, passed_on = parser.parse_known_args(argv)
    if ours.command == 'setup' and passed_on:
        parser.error(f'setup takes no further arguments, but got {" ".join(passed_on)}')
    if ours.command != 'setup' and ours.no_project:
        parser.error('--no-project goes with setup only')
    return ours, [word for word in passed_on if word != '--']


def main(argv: list) -> int:
    """Run one command and return its exit code."""
    arguments, passed_on = parse_arguments(argv)
    if not TESTED.exists():
        print(
            f'tools/dev.py works in a checkout of mmskanon, and {TESTED} is not there.',
            file=sys.stderr,
        )
        return 1
    try:
        python = set_up(arguments.venv.absolute(), project=not arguments.no_project)
    except SetUpError as error:
        print(f'\n{error}', file=sys.stderr)
        return 1
    if arguments.command == 'demo':
        return run([python, ROOT / 'tools' / 'demo.py', *passed_on])
    if arguments.command == 'test':
        return run_tests(python, passed_on)
    if arguments.command == 'lint':
        return run_lint(python, passed_on)
    if arguments.command == 'docs':
        return run_docs(python, passed_on)
    say(f'ready: {python}')
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
