# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The shell scripts build the right command; torchrun and srun are stood in for by a program that prints its arguments."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
STAND_IN = '#!/usr/bin/env bash\necho "$(basename "$0")"\nprintf "%s\\n" "$@"\necho "threads=${OMP_NUM_THREADS:-} ${MKL_NUM_THREADS:-}"\n'

# What the caller of the tests may have set for runs of its own.
CHOICES = ('PORT', 'GPUS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS')

pytestmark = pytest.mark.skipif(shutil.which('bash') is None, reason='needs bash')


@pytest.fixture
def call(tmp_path):
    """Call a script of a copy of tools/ whose path has a space, with stand-ins on the PATH."""
    tools = Path(shutil.copytree(TOOLS, tmp_path / 'my copy' / 'tools'))
    programs = tmp_path / 'bin'
    programs.mkdir()
    for name in ('torchrun', 'srun'):
        (programs / name).write_text(STAND_IN)
        (programs / name).chmod(0o755)

    bare = tmp_path / 'bare'  # of a machine without launchers
    bare.mkdir()
    for name in ('bash', 'cat', 'dirname'):
        (bare / name).symlink_to(shutil.which(name))

    def run(script, *arguments, stand_ins=True, **environment):
        keep = {k: v for k, v in os.environ.items() if k not in CHOICES}
        path = f'{programs}:/usr/bin:/bin' if stand_ins else str(bare)
        return subprocess.run(
            [shutil.which('bash'), tools / script, *arguments],
            cwd=tmp_path,
            env={**keep, 'PATH': path, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    run.tools = tools
    return run


def test_dist_train(call):
    done = call('dist_train.sh', 'my config.py', '2', '--amp', '--cfg-options', 'a=[1,2]', 'b=x y')
    assert done.stdout.splitlines() == [
        'torchrun',
        '--nnodes=1',
        '--node_rank=0',
        '--master_addr=127.0.0.1',
        '--master_port=29500',
        '--nproc_per_node=2',
        str(call.tools / 'train.py'),
        'my config.py',
        '--amp',
        '--cfg-options',
        'a=[1,2]',
        'b=x y',
        '--launcher',
        'pytorch',
        'threads=1 1',
    ]


def test_dist_test_on_several_machines(call):
    machines = dict(
        NNODES='3', NODE_RANK='1', MASTER_ADDR='10.0.0.1', PORT='29600', OMP_NUM_THREADS='4'
    )
    done = call('dist_test.sh', 'config.py', 'last.pth', '8', '--dump', 'out.pkl', **machines)
    assert done.stdout.splitlines() == [
        'torchrun',
        '--nnodes=3',
        '--node_rank=1',
        '--master_addr=10.0.0.1',
        '--master_port=29600',
        '--nproc_per_node=8',
        str(call.tools / 'test.py'),
        'config.py',
        'last.pth',
        '--dump',
        'out.pkl',
        '--launcher',
        'pytorch',
        'threads=4 1',
    ]


def test_slurm_train(call):
    words = dict(GPUS='16', CPUS_PER_TASK='3', SRUN_ARGS='--quotatype=auto --exclusive')
    done = call('slurm_train.sh', 'gpu', 'job', 'config.py', 'work dir', '--resume', **words)
    assert done.stdout.splitlines() == [
        'srun',
        '--partition=gpu',
        '--job-name=job',
        '--gres=gpu:8',
        '--ntasks=16',
        '--ntasks-per-node=8',
        '--cpus-per-task=3',
        '--kill-on-bad-exit=1',
        '--quotatype=auto',
        '--exclusive',
        'python',
        '-u',
        str(call.tools / 'train.py'),
        'config.py',
        '--work-dir',
        'work dir',
        '--resume',
        '--launcher',
        'slurm',
        'threads=1 1',
    ]


def test_slurm_test_without_gpus(call):
    done = call('slurm_test.sh', 'cpu', 'job', 'config.py', 'last.pth', GPUS='4', GRES='')
    lines = done.stdout.splitlines()
    assert '--ntasks=4' in lines and '--ntasks-per-node=4' in lines and '--cpus-per-task=5' in lines
    assert not [line for line in lines if line.startswith('--gres') or not line]
    assert lines[-6:-1] == [
        str(call.tools / 'test.py'),
        'config.py',
        'last.pth',
        '--launcher',
        'slurm',
    ]


@pytest.mark.parametrize(
    'script, arguments',
    [
        ('dist_train.sh', ('config.py',)),
        ('dist_test.sh', ('config.py', '2')),
        ('slurm_train.sh', ('gpu', 'job', 'config.py')),
        ('slurm_test.sh', ('gpu', 'job', 'config.py')),
    ],
)
def test_too_few_arguments_print_the_usage(call, script, arguments):
    done = call(script, *arguments)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.startswith('Usage: ') and script in done.stderr


def test_a_number_of_processes_that_is_none(call):
    done = call('dist_train.sh', 'config.py', '--amp')
    assert (done.returncode, done.stdout) == (2, '')
    assert "but got '--amp'" in done.stderr


@pytest.mark.parametrize(
    'script, arguments, missing',
    [
        ('dist_train.sh', ('config.py', '2'), 'torchrun'),
        ('slurm_train.sh', ('p', 'j', 'c.py', 'w'), 'srun'),
    ],
)
def test_a_missing_launcher_is_named(call, script, arguments, missing):
    done = call(script, *arguments, stand_ins=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f'{missing} is not on the PATH')


@pytest.mark.parametrize('script', sorted(TOOLS.glob('*.sh')), ids=lambda path: path.name)
def test_scripts_parse(script):
    subprocess.run(['bash', '-n', script], check=True)
