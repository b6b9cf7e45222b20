# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest

from mmskanon.collection import shard_of_launcher


@pytest.mark.parametrize(
    ('variables', 'shard'),
    [
        ({}, None),
        (dict(RANK='0', WORLD_SIZE='1'), None),
        (dict(RANK='2', WORLD_SIZE='4'), (2, 4)),
        (dict(SLURM_PROCID='1', SLURM_STEP_NUM_TASKS='3'), (1, 3)),
        # The one process of a batch script, which asked for three tasks.
        (dict(SLURM_PROCID='0', SLURM_NTASKS='3'), None),
        (dict(SLURM_PROCID='0', SLURM_NTASKS='3', SLURM_STEP_NUM_TASKS='1'), None),
        (dict(RANK='x', WORLD_SIZE='4'), None),
    ],
)
def test_ranks_are_shards(variables, shard, monkeypatch):
    for name in ('RANK', 'WORLD_SIZE', 'SLURM_PROCID', 'SLURM_STEP_NUM_TASKS', 'SLURM_NTASKS'):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shard_of_launcher() == shard
