# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import os
import socket

import pytest
import torch

from mmskanon.compat import launch

LAUNCHER_VARIABLES = (
    *('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT', 'SLURM_NODELIST'),
    *(*launch._SLURM.values(), *launch._MPI.values()),
)


@pytest.fixture
def environment(monkeypatch):
    """Function that sets launcher variables in an environment that has none."""
    for name in LAUNCHER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('PATH', '')  # no scontrol
    return lambda **variables: [monkeypatch.setenv(*item) for item in variables.items()]


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return str(listener.getsockname()[1])


MEET = (
    'import torch, mmskanon\n'
    'from mmskanon.compat import end_cpu_process_group, init_cpu_process_group\n'
    'from mmengine.dist import all_reduce, get_dist_info, get_backend\n'
    'init_cpu_process_group({launcher!r}); init_cpu_process_group({launcher!r})\n'
    'rank, world = get_dist_info()\n'
    'value = torch.tensor([rank + 1.0]); all_reduce(value)\n'
    'print(rank, world, get_backend(), value.item())\n'
    'end_cpu_process_group(0)\n'
    'print("still here")\n'
)


@pytest.mark.skipif(torch.cuda.is_available(), reason='is about machines without a GPU')
def test_two_ranks_of_torchrun_meet(start, finish):
    shared = {'WORLD_SIZE': '2', 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': free_port()}
    processes = [
        start(MEET.format(launcher='pytorch'), RANK=rank, LOCAL_RANK=rank, **shared)
        for rank in '01'
    ]
    outputs = [finish(process)[0] for process in processes]
    assert outputs == ['0 2 gloo 3.0\n', '1 2 gloo 3.0\n']


@pytest.mark.skipif(torch.cuda.is_available(), reason='is about machines without a GPU')
def test_one_rank_of_slurm_and_of_mpi_start(start, finish):
    slurm = start(
        MEET.format(launcher='slurm'),
        SLURM_PROCID='0',
        SLURM_NTASKS='1',
        SLURM_LOCALID='0',
        SLURM_NODELIST='localhost',
        MASTER_PORT=free_port(),
    )
    mpi = start(
        MEET.format(launcher='mpi'),
        OMPI_COMM_WORLD_RANK='0',
        OMPI_COMM_WORLD_SIZE='1',
        OMPI_COMM_WORLD_LOCAL_RANK='0',
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=free_port(),
    )
    assert finish(slurm)[0] == '0 1 gloo 1.0\n'
    assert finish(mpi)[0] == '0 1 gloo 1.0\n'


def test_slurm_is_translated(environment):
    environment(SLURM_PROCID='5', SLURM_NTASKS='8', SLURM_LOCALID='1', SLURM_NODELIST='n[02-05]')
    expected = {
        'RANK': '5',
        'WORLD_SIZE': '8',
        'LOCAL_RANK': '1',
        'MASTER_ADDR': 'n02',
        'MASTER_PORT': '29500',
    }
    assert launch.read_launcher_environment('slurm') == expected
    environment(MASTER_ADDR='head', MASTER_PORT='1234')
    expected.update(MASTER_ADDR='head', MASTER_PORT='1234')
    assert launch.read_launcher_environment('slurm') == expected


def test_mpi_is_translated(environment):
    environment(
        OMPI_COMM_WORLD_RANK='2',
        OMPI_COMM_WORLD_SIZE='4',
        OMPI_COMM_WORLD_LOCAL_RANK='0',
        MASTER_ADDR='head',
    )
    assert launch.read_launcher_environment('mpi') == {
        'RANK': '2',
        'WORLD_SIZE': '4',
        'LOCAL_RANK': '0',
        'MASTER_ADDR': 'head',
        'MASTER_PORT': '29500',
    }


COMPLETE = {
    'pytorch': {
        'RANK': '0',
        'WORLD_SIZE': '1',
        'LOCAL_RANK': '0',
        'MASTER_ADDR': 'x',
        'MASTER_PORT': '1',
    },
    'slurm': {
        'SLURM_PROCID': '0',
        'SLURM_NTASKS': '1',
        'SLURM_LOCALID': '0',
        'SLURM_NODELIST': 'x',
    },
    'mpi': {**dict.fromkeys(launch._MPI.values(), '0'), 'MASTER_ADDR': 'x'},
}


@pytest.mark.parametrize(
    ('launcher', 'missing'), [(name, item) for name, items in COMPLETE.items() for item in items]
)
def test_a_missing_variable_is_named(environment, monkeypatch, launcher, missing):
    environment(**COMPLETE[launcher])
    launch.read_launcher_environment(launcher)
    monkeypatch.delenv(missing)
    monkeypatch.setattr(launch, '_has_accelerator', lambda: False)
    with pytest.raises(ValueError, match=f"variable {missing} is not set.*'{launcher}'"):
        launch.init_cpu_process_group(launcher)


def test_a_variable_that_is_no_number_is_named(environment):
    environment(**{**COMPLETE['pytorch'], 'WORLD_SIZE': 'two'})
    with pytest.raises(ValueError, match="WORLD_SIZE is 'two'; expected a number"):
        launch.read_launcher_environment('pytorch')


@pytest.mark.parametrize(
    ('nodes', 'first'),
    [
        ('node1', 'node1'),
        ('node[01-04]', 'node01'),
        ('node[7,9-12]', 'node7'),
        ('node[01-04,07],gpu3', 'node01'),
        ('gpu3,node[01-04]', 'gpu3'),
        ('rack[2-3]-node[10-11].site', 'rack2-node10.site'),
        ('a-b-c', 'a-b-c'),
    ],
)
def test_the_first_host_of_a_node_list(environment, nodes, first):
    assert launch.first_slurm_host(nodes) == first


def test_scontrol_is_asked_where_it_is(tmp_path, monkeypatch):
    tool = tmp_path / 'scontrol'
    tool.write_text('#!/bin/sh\n[ "$1 $2" = "show hostnames" ] && printf "%s\\n" asked-$3 other\n')
    tool.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)
    assert launch.first_slurm_host('n1') == 'asked-n1'
    tool.write_text('#!/bin/sh\nexit 1\n')
    assert launch.first_slurm_host('n[1-2]') == 'n1'


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi', 'none'])
def test_nothing_is_done_where_mmengine_can_start(environment, monkeypatch, launcher):
    monkeypatch.setattr(launch, '_has_accelerator', lambda: launcher != 'none')
    before = dict(os.environ)
    launch.init_cpu_process_group(launcher)
    assert not torch.distributed.is_initialized()
    assert dict(os.environ) == before


def test_an_unknown_launcher_is_named():
    with pytest.raises(
        ValueError, match="launcher is 'torchrun'; expected one of 'none', 'pytorch'"
    ):
        launch.init_cpu_process_group('torchrun')
