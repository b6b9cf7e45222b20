# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import torch

from mmskanon.engine import ReproducibilityHook


class Data:
    state = None

    def set_random_state(self, seed, epoch):
        self.state = (seed, epoch)


def runner(dataset, seed=5, epoch=2, iteration=7):
    sampler = SimpleNamespace(seed=99)
    loader = SimpleNamespace(dataset=dataset, sampler=sampler)
    return SimpleNamespace(train_dataloader=loader, seed=seed, epoch=epoch, iter=iteration)


def test_wrapped_datasets_learn_seed_and_epoch_and_the_sampler_the_seed():
    first, second = Data(), Data()
    nested = SimpleNamespace(datasets=[SimpleNamespace(dataset=first), second])
    run = runner(nested)
    hook = ReproducibilityHook()
    hook.before_train(run)
    hook.before_train_epoch(run)
    assert first.state == second.state == (5, 2)
    assert run.train_dataloader.sampler.seed == 5


def test_draws_follow_from_seed_and_iteration_alone():
    hook = ReproducibilityHook()

    def draw(**kwargs):
        hook.before_train_iter(runner(Data(), **kwargs), 0)
        return torch.rand(2).tolist(), np.random.rand()

    first = draw()
    torch.rand(100)
    assert draw() == first
    assert draw(iteration=8) != first
    assert draw(seed=6) != first
