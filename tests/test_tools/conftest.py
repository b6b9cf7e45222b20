# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the tests of the command-line tools share: small files to run on, and a way to run a tool."""

import copy
import os
import pickle
import runpy
import signal
import subprocess
import sys
import types
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import torch
from builders import action_head, annotations, tiny_model, tiny_net, training_config
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.visualization import Visualizer

from mmskanon.registry import MODELS

REPO = Path(__file__).resolve().parents[2]
MANAGED = (DefaultScope, MMLogger, MessageHub, Visualizer)
TOOLS = REPO / 'tools'
METRICS = [
    dict(type='ActionAccuracy'),
    dict(type='PrivacyAccuracy'),
    dict(type='SkeletonFidelity'),
    dict(type='PrivacyUtilityArea'),
]


@pytest.fixture
def environment(tmp_path):
    """Environment of subprocesses, which find the package and the test's own modules."""
    folders = [str(REPO), str(tmp_path), os.environ.get('PYTHONPATH')]

    def with_variables(**variables):
        return {
            **os.environ,
            'OMP_NUM_THREADS': '1',
            'PYTHONPATH': os.pathsep.join(filter(None, folders)),
            **variables,
        }

    return with_variables


@pytest.fixture
def tool(monkeypatch, capsys, tmp_path):
    """Run a tool in this process, through its ``__main__`` block, as if the process were new.

    Returns exit status, stdout and stderr.
    """
    monkeypatch.setattr(os, 'environ', os.environ.copy())
    monkeypatch.chdir(tmp_path)
    # It runs compilers for what the log says about the machine.
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    threads, on_sigterm = torch.get_num_threads(), signal.getsignal(signal.SIGTERM)
    torch.set_num_threads(1)

    def run(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, arguments)])
        capsys.readouterr()
        for kind in MANAGED:  # a process starts without them
            monkeypatch.setattr(kind, '_instance_dict', OrderedDict())
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
        out, err = capsys.readouterr()
        return types.SimpleNamespace(code=end.value.code, out=out, err=err)

    yield run
    torch.set_num_threads(threads)
    signal.signal(signal.SIGTERM, on_sigterm)


@pytest.fixture
def steps(monkeypatch):
    """Run the tools of a chain in this process, because a new one takes seconds to import what they need.

    Returns the list of the names of the tools that were run, in their order.
    """
    run = []

    def in_this_process(command, stdout, stderr, cwd, env):
        _, script, *arguments = command
        run.append(Path(script).stem)
        with monkeypatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
            patch.setattr(sys, 'argv', [script, *arguments])
            for kind in MANAGED:
                patch.setattr(kind, '_instance_dict', OrderedDict())
            try:
                runpy.run_path(script, run_name='__main__')
            except SystemExit as end:
                return subprocess.CompletedProcess(command, end.code or 0)
        return subprocess.CompletedProcess(command, 0)

    stand_in = types.SimpleNamespace(run=in_this_process)
    monkeypatch.setattr('mmskanon.utils.steps.subprocess', stand_in)
    return run


@pytest.fixture
def save(tmp_path):
    """Write annotations to a file."""

    def write(data, name='data.pkl'):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(data))
        return path

    return write


@pytest.fixture
def ann_file(save):
    """A small annotation file of four subjects and three actions."""
    return save(annotations())


@pytest.fixture
def write_config(tmp_path):
    """Write a config given as a dict."""

    def write(cfg, name='small.py'):
        path = tmp_path / name
        Config(cfg, format_python_code=False).dump(str(path))
        return path

    return write


@pytest.fixture
def config(write_config, tmp_path):
    """Write the config of a small training run, with validation and test on the other split.

    ``normalize`` replaces arguments of the first transform, ``evaluator`` the metrics, other keywords top-level keys.
    """

    def write(ann_file, name='small.py', evaluator=None, normalize=(), **overrides):
        cfg = training_config(tmp_path / 'work', ann_file, **overrides)
        train = cfg['train_dataloader'] = copy.deepcopy(cfg['train_dataloader'])
        train['dataset']['pipeline'][0].update(normalize)
        held_out = copy.deepcopy(train)
        held_out['dataset'].update(split='test', test_mode=True)
        held_out['dataset']['pipeline'][1].update(num_clips=1, test_mode=True)
        held_out['sampler'] = dict(type='DefaultSampler', shuffle=False)
        for part in ('val', 'test'):
            cfg.setdefault(f'{part}_dataloader', held_out)
            cfg.setdefault(f'{part}_evaluator', evaluator or METRICS)
            cfg.setdefault(f'{part}_cfg', dict())
        cfg.update(log_level='INFO')
        del cfg['experiment_name']
        return write_config(cfg, name)

    return write


@pytest.fixture
def checkpoint(tmp_path):
    """Write the weights of a fresh module, by default of the whole model of ``config``."""

    def write(name='model.pth', cfg=None):
        init_default_scope('mmskanon')
        cfg = cfg or tiny_model(recognizer=dict(net=tiny_net(action_head(3))))
        torch.save(dict(state_dict=MODELS.build(cfg).state_dict()), tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def fits(monkeypatch):
    """Let the audit run its jobs in this process, because each process would take seconds to import what they need.

    Returns the list of the keys of jobs that were run, in their order.
    """
    run = []

    class Pool:
        _processes = None

        def __init__(self, *args, **kwargs):
            pass

        def submit(self, call, job, root):
            run.append(job.key)
            future = Future()
            try:
                future.set_result(call(job, root))
            except Exception as error:
                future.set_exception(error)
            return future

        def shutdown(self, **kwargs):
            pass

    monkeypatch.setattr('mmskanon.audit.jobs.ProcessPoolExecutor', Pool)
    return run


@pytest.fixture
def without_pictures(monkeypatch):
    """Let audits write their reports without pictures, which take longer than the audits of the tests."""
    monkeypatch.setattr('mmskanon.audit.report.write.draw_pictures', lambda *parts: [])


@pytest.fixture
def audit_config(tmp_path):
    """Write the config of an audit of a few cheap attackers; keywords replace top-level keys."""

    def write(name='audit.py', **changes):
        settings = dict(
            attackers=dict(
                _delete_=True,
                bones=dict(type='Anthropometrics'),
                kinematics=dict(type='Kinematics'),
                action=dict(type='ContentBaseline'),
            ),
            recognizers=dict(_delete_=True, fast=dict(type='Kinematics')),
            believed='fast',
            control_attackers=['bones'],
            tiers=['control', 'ignorant', 'semi_informed'],
            bootstrap=50,
            examples=1,
        )
        settings.update(changes)
        base = f'_base_ = {str(REPO / "configs" / "audit" / "fast.py")!r}\n'
        path = tmp_path / name
        path.write_text(base + ''.join(f'{k} = {v!r}\n' for k, v in settings.items()))
        return path

    return write
