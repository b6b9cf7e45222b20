# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Two processes whose share of the data is padded give exactly the values of one."""

import pickle

import pytest
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.evaluator import Evaluator

METRICS = ('ActionAccuracy', 'PrivacyAccuracy', 'SkeletonFidelity', 'PrivacyUtilityArea')


def _evaluate(samples, total):
    from mmskanon.registry import METRICS as REGISTRY

    evaluator = Evaluator([REGISTRY.build(dict(type=t, collect_device='cpu')) for t in METRICS])
    for start in range(0, len(samples), 3):
        evaluator.process(samples[start : start + 3])
    return evaluator.evaluate(total)


def _worker(rank, folder, samples):
    import os

    os.chdir(folder)
    dist.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    padded = [*samples, samples[0]]
    with open(f'{folder}/rank{rank}.pkl', 'wb') as file:
        pickle.dump(_evaluate(padded[rank::2], len(samples)), file)
    dist.barrier()
    dist.destroy_process_group()
    os._exit(0)  # gloo's threads may abort an interpreter that takes its time to end


@pytest.mark.parametrize('n', [11])
def test_two_padded_ranks_equal_one_process(tmp_path, make_samples, n):
    samples = [s.to_dict() for s in make_samples(n)]
    mp.start_processes(_worker, (str(tmp_path), samples), nprocs=2, start_method='spawn')
    found = [pickle.loads((tmp_path / f'rank{rank}.pkl').read_bytes()) for rank in range(2)]
    assert found[0] == found[1] == _evaluate(samples, n)
