# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def start():
    """Function that starts a Python process with our package, and nothing of a launcher, in its environment."""
    return _start


@pytest.fixture
def finish():
    """Function that waits for such a process and returns what it printed."""
    return _finish


def _start(code, *flags, **variables):
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('SLURM_', 'OMPI_', 'MASTER_', 'RANK', 'WORLD_SIZE', 'LOCAL_RANK'))
    }
    path = os.pathsep.join(filter(None, [str(REPO), environment.get('PYTHONPATH')]))
    environment.update(PYTHONPATH=path, OMP_NUM_THREADS='1', **variables)
    return subprocess.Popen(
        [sys.executable, *flags, '-c', code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err
