# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Two processes on a CPU through torchrun, and what a run of one process exchanges with them; and a quiet terminal."""

import json
import pickle
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from builders import action_head, annotations, tiny_model, tiny_net

from mmskanon.io.checkpoints import load_checkpoint

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
# The processes of a group end with their tool; here they go on to the next.
RUN_EACH = """
import runpy, sys, time
from mmskanon.utils import cli
end, cli.end_cpu_process_group = cli.end_cpu_process_group, lambda status: None
for words in {commands!r}:
    time.sleep(1)  # MMEngine names a run by the second in which it starts
    sys.argv = words
    try:
        runpy.run_path(words[0], run_name='__main__')
    except SystemExit as exit:
        if exit.code:
            raise
end(0)
"""


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def shell(environment, tmp_path):
    """Run a command; returns what it printed, after checking that it ended well."""

    def run(*words):
        # The programs beside this Python, so that torchrun is that of the environment under test.
        path = f'{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin'
        done = subprocess.run(
            [str(word) for word in words],
            env=environment(PORT=free_port(), PATH=path),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done

    return run


@pytest.fixture
def run_each(shell, tmp_path):
    """Run several tools one after the other in the same process or processes, which spares imports."""

    def run(*commands, processes=0):
        words = [[str(TOOLS / f'{tool}.py'), *map(str, rest)] for tool, *rest in commands]
        (tmp_path / 'run_each.py').write_text(RUN_EACH.format(commands=words))
        torchrun = ('-m', 'torch.distributed.run', f'--nproc_per_node={processes}')
        torchrun += ('--master_addr=127.0.0.1', f'--master_port={free_port()}')
        return shell(sys.executable, *(torchrun if processes else ()), tmp_path / 'run_each.py')

    return run


def keys(checkpoint) -> dict:
    """The structure of a checkpoint: names and shapes of weights, and which optimizer states there are."""
    return dict(
        weights={k: tuple(v.shape) for k, v in checkpoint['state_dict'].items()},
        optimizers={
            party: sorted(state['state']) for party, state in checkpoint['optimizer'].items()
        },
        schedulers={party: len(state) for party, state in checkpoint['param_schedulers'].items()},
    )


def same(first, second) -> bool:
    assert first.keys() == second.keys()
    return all(torch.equal(first[key], second[key]) for key in first)


needs_bash = pytest.mark.skipif(shutil.which('bash') is None, reason='needs bash')


@needs_bash
def test_two_processes_and_one_continue_each_other(shell, run_each, tool, config, save, tmp_path):
    data = save(annotations())
    wrapper = dict(type='PartyDistributedDataParallel')
    cfg = config(data, max_epochs=1, model_wrapper_cfg=wrapper)
    longer = config(data, 'longer.py', max_epochs=2, model_wrapper_cfg=wrapper)

    assert tool('train', cfg, '--work-dir', 'one').code == 0
    done = shell(TOOLS / 'dist_train.sh', cfg, 2, '--work-dir', tmp_path / 'two')
    assert 'Epoch(train) [1][3/3]' in done.stdout  # 24 clips, in batches of 4, by 2 processes
    assert 'Epoch(val) [1][3/3]' in done.stdout
    assert 'warning' not in (done.stderr + done.stdout).lower()
    one, two = (load_checkpoint(tmp_path / name / 'epoch_1.pth') for name in ('one', 'two'))
    assert keys(one) == keys(two)
    assert not same(one['state_dict'], two['state_dict'])

    # One process goes on from the checkpoint of two, and tests it.
    checkpoint = tmp_path / 'two' / 'epoch_1.pth'
    done = tool('train', longer, '--resume', checkpoint, '--work-dir', 'two then one')
    assert done.code == 0, done.err
    assert 'Epoch(train) [2][6/6]' in done.out and 'Epoch(train) [1]' not in done.out
    assert tool('test', cfg, checkpoint, '--metrics', 'one.json').code == 0

    # Two processes go on from the checkpoint of one, and test that of two: the same clips, the same metrics.
    # A recipe with one optimizer runs in MMEngine's own wrapper.
    recipe = config(
        data,
        'recipe.py',
        model=tiny_net(action_head(3)),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        param_scheduler=None,
        evaluator=[dict(type='ActionAccuracy')],
    )
    two = ('--launcher', 'pytorch')
    resume = ('--resume', tmp_path / 'one' / 'epoch_1.pth', '--work-dir', tmp_path / 'one then two')
    written = ('--metrics', tmp_path / 'two.json', '--dump', tmp_path / 'two.pkl')
    done = run_each(
        ('train', longer, *resume, *two),
        ('test', cfg, checkpoint, *written, *two),
        ('train', recipe, '--work-dir', tmp_path / 'recipe', *two),
        processes=2,
    )
    assert 'Epoch(train) [2][3/3]' in done.stdout
    resumed = load_checkpoint(tmp_path / 'one then two' / 'epoch_2.pth')
    assert keys(resumed) == keys(one)
    assert not same(resumed['state_dict'], one['state_dict'])
    by_one, by_two = (json.loads((tmp_path / f'{n}.json').read_text()) for n in ('one', 'two'))
    assert by_two == pytest.approx(by_one, rel=1e-6)
    assert 'prefix is not set' not in done.stdout
    assert len(pickle.loads((tmp_path / 'two.pkl').read_bytes())) == 24
    assert not list(tmp_path.glob('*.part*'))
    names = load_checkpoint(tmp_path / 'recipe' / 'epoch_1.pth')['state_dict'].keys()
    assert not any(name.startswith('module.') for name in names)


def test_the_terminal_stays_quiet(run_each, config, save, tmp_path):
    """Training, testing, exporting, and training in workers print nothing on stderr but progress, and no warning anywhere."""
    data = save(annotations())
    iterations = [dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=10)]
    parts = dict(
        model=tiny_model(recognizer=dict(net=tiny_net(action_head(3)))),
        param_scheduler=dict(anonymizer=iterations, adversary=iterations),
    )
    cfg = config(data, max_epochs=1, **parts)
    in_workers = config(data, 'in_workers.py', workers=2, max_epochs=2, **parts)
    checkpoint = tmp_path / 'work' / 'epoch_1.pth'
    done = run_each(
        ('train', cfg),
        ('test', cfg, checkpoint),
        ('anonymize', cfg, checkpoint, data, tmp_path / 'out.pkl'),
        ('train', in_workers, '--resume'),  # last, as PyTorch waits for workers of a finished tool
    )
    assert (tmp_path / 'work' / 'epoch_2.pth').exists()
    lines = [line for line in done.stderr.replace('\r', '\n').splitlines() if line.strip()]
    assert [line for line in lines if not line.startswith('anonymizing: ')] == []
    assert [line for line in done.stdout.splitlines() if 'warn' in line.lower()] == []
    assert 'wrote 48 anonymized samples' in done.stdout
