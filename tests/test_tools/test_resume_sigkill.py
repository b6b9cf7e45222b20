# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A training killed with SIGKILL inside an epoch and resumed ends with the very weights of one that ran through."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from builders import action_head, annotations, privacy_head, tiny_model, tiny_net

from mmskanon.io.checkpoints import load_checkpoint

TRAIN = Path(__file__).resolve().parents[2] / 'tools' / 'train.py'
KILLED_AT, ITERATIONS = 15, 24  # 6 iterations an epoch: in the middle of the third of four
HOOK = f"""
import os, signal
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module(force=True)
class Kill(Hook):
    priority = 'LOWEST'

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if 'KILL' in os.environ and runner.iter + 1 == {KILLED_AT}:
            os.kill(os.getpid(), signal.SIGKILL)
"""


def assert_equal(first, second, where='checkpoint'):
    """The same containers with the same values, tensors bit for bit."""
    assert type(first) is type(second), where
    if isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key in first:
            assert_equal(first[key], second[key], f'{where}.{key}')
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second), where
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            assert_equal(one, other, f'{where}[{index}]')
    elif isinstance(first, torch.Tensor):
        assert torch.equal(first, second), where
    else:
        assert first == second, where


def random_model() -> dict:
    """A model with dropout, so that the random states of training matter too."""
    member = dict(net=tiny_net(dict(privacy_head(), dropout=0.5)))
    return tiny_model(
        recognizer=dict(net=tiny_net(action_head(3))),
        adversary=dict(type='AdversaryBank', members=dict(subject=member)),
    )


@pytest.mark.parametrize(
    ('workers', 'saved', 'last'),
    [
        pytest.param(0, dict(interval=1), 'epoch_2.pth', id='0 workers'),
        pytest.param(2, dict(interval=1), 'epoch_2.pth', id='2 workers'),
        pytest.param(2, dict(interval=7, by_epoch=False), 'iter_14.pth', id='within an epoch'),
    ],
)
def test_resumed_after_sigkill(
    tool, config, save, environment, tmp_path, monkeypatch, workers, saved, last
):
    (tmp_path / 'kill_hook.py').write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, 'kill_hook', raising=False)
    optimizer = dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9), clip_grad=dict(max_norm=5))
    cfg = config(
        save(annotations()),
        model=random_model(),
        max_epochs=4,
        workers=workers,
        optim_wrapper=dict(
            constructor='PartyOptimWrapperConstructor',
            anonymizer=optimizer,
            adversary=dict(optimizer, accumulative_counts=2),
        ),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', save_last=True, **saved)),
        custom_imports=dict(imports=['kill_hook']),
        custom_hooks=[dict(type='ReproducibilityHook'), dict(type='Kill')],
    )
    with open(tmp_path / 'killed.log', 'w') as log:
        # Not through pipes: orphaned workers would keep them open for a while.
        killed = subprocess.run(
            [sys.executable, str(TRAIN), str(cfg), '--no-validate'],
            env=environment(KILL='1'),
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            timeout=300,
        )
    assert killed.returncode == -signal.SIGKILL, (tmp_path / 'killed.log').read_text()[-2000:]
    assert (tmp_path / 'work' / 'last_checkpoint').read_text() == str(tmp_path / 'work' / last)

    resumed = tool('train', cfg, '--no-validate', '--resume')
    straight = tool('train', cfg, '--no-validate', '--work-dir', 'straight')
    assert resumed.code == straight.code == 0, resumed.err + straight.err
    final = 'epoch_4.pth' if last.startswith('epoch') else f'iter_{ITERATIONS}.pth'
    first, second = (load_checkpoint(tmp_path / name / final) for name in ('straight', 'work'))
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        assert_equal(first[part], second[part], part)
    assert first['meta']['iter'] == second['meta']['iter'] == ITERATIONS
    # And it went on from the checkpoint instead of starting anew.
    assert 'metainfo' not in resumed.out  # MMEngine warns where it finds that of the data changed
    assert 'Epoch(train) [3]' in resumed.out and 'Epoch(train) [2]' not in resumed.out
