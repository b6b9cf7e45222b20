# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Run by torchrun from test_party_ddp: each rank trains on its share of a global batch and saves the model, for each accumulation."""

import sys
from pathlib import Path

import torch
import torch.distributed as dist

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from builders import batch, tiny_model  # noqa: E402
from mmengine.optim import OptimWrapper, OptimWrapperDict  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402

from mmskanon.compat import init_cpu_process_group  # noqa: E402
from mmskanon.engine import PartyDistributedDataParallel  # noqa: E402
from mmskanon.registry import MODELS  # noqa: E402

STEPS, GLOBAL_BATCH = 4, 8


def train(share: slice, distributed: bool, accumulate: int = 1) -> torch.nn.Module:
    """Train a few steps on a share of each global batch; returns the bare model."""
    init_default_scope('mmskanon')
    torch.manual_seed(7)
    model = MODELS.build(tiny_model(adversary=dict(type='LinearAdversary')))
    model.train()
    wrapped = PartyDistributedDataParallel(model) if distributed else model
    optim = OptimWrapperDict(
        **{
            p: OptimWrapper(
                torch.optim.SGD(getattr(model, p).parameters(), lr=0.1),
                accumulative_counts=accumulate,
            )
            for p in model.parties
        }
    )
    for step in range(STEPS):
        for phase in ('adversary', 'anonymizer'):
            for part in range(accumulate):
                data = batch(n=GLOBAL_BATCH, seed=10 * step + part)
                data = {k: v[share] for k, v in data.items()}
                wrapped.phase_step(phase, data, optim)
    return model


if __name__ == '__main__':
    torch.set_num_threads(1)
    init_cpu_process_group('pytorch')
    folder, *counts = sys.argv[1:]
    rank, half = dist.get_rank(), GLOBAL_BATCH // 2
    share = slice(rank * half, (rank + 1) * half)
    for count in counts:
        trained = train(share, distributed=True, accumulate=int(count))
        torch.save(trained.state_dict(), f'{folder}/rank{rank}_{count}.pth')
    dist.destroy_process_group()
