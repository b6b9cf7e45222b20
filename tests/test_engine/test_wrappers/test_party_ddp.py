# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

from mmskanon.engine.wrappers import party_ddp

WORKER = Path(__file__).with_name('ddp_worker.py')
SPEC = importlib.util.spec_from_file_location('ddp_worker', WORKER)
ddp_worker = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(ddp_worker)


def test_parties_are_on_the_device_that_the_launcher_chose(monkeypatch):
    """Whatever LOCAL_RANK says, which not every launcher sets."""
    init_default_scope('mmskanon')
    made = []
    monkeypatch.setattr(
        party_ddp, 'MMDistributedDataParallel', lambda device_ids, **_: made.append(device_ids)
    )
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'current_device', lambda: 1)
    monkeypatch.setenv('LOCAL_RANK', '0')
    model = ddp_worker.MODELS.build(ddp_worker.tiny_model(adversary=dict(type='LinearAdversary')))
    party_ddp.PartyDistributedDataParallel(model)
    assert made == [[1], [1]]


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Folder with what two ranks of a launch have trained: ``rank{RANK}_{ACCUMULATE}.pth``."""
    folder = tmp_path_factory.mktemp('ranks')
    command = [
        sys.executable,
        '-m',
        'torch.distributed.run',
        '--nproc_per_node=2',
        '--master_addr=127.0.0.1',
    ]
    command += [
        f'--master_port={29600 + os.getpid() % 300}',
        str(WORKER),
        str(folder),
        *('1', '2'),
    ]
    env = dict(
        os.environ,
        OMP_NUM_THREADS='1',
        PYTHONPATH=os.pathsep.join(
            filter(None, [str(WORKER.parents[3]), os.environ.get('PYTHONPATH')])
        ),
    )
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize('accumulate', [1, 2])
def test_two_ranks_equal_one_process_on_the_global_batch(trained, accumulate):
    first, second = (torch.load(trained / f'rank{r}_{accumulate}.pth') for r in (0, 1))
    single = ddp_worker.train(slice(None), distributed=False, accumulate=accumulate).state_dict()
    start = ddp_worker.MODELS.build(
        ddp_worker.tiny_model(adversary=dict(type='LinearAdversary'))
    ).state_dict()
    # The same keys with and without the wrapper, so checkpoints load into each other.
    assert list(first) == list(single)
    moved = 0
    for key in single:
        assert torch.equal(first[key], second[key]), f'ranks differ in {key}'
        assert torch.allclose(first[key].double(), single[key].double(), rtol=0, atol=1e-6), key
        moved += not torch.equal(single[key], start[key])
    assert moved
