# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Randomness that follows from seed, epoch, iteration and rank, so that a resumed run equals a straight one."""

import random

import numpy as np
import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmskanon.registry import HOOKS


def _datasets(dataset):
    """The dataset and everything that it wraps."""
    yield dataset
    inner = getattr(dataset, 'dataset', None)
    for child in ([inner] if inner is not None else []) + list(getattr(dataset, 'datasets', [])):
        yield from _datasets(child)


@HOOKS.register_module()
class ReproducibilityHook(Hook):
    """Derive every random state of training from (seed, epoch) and (seed, iteration, rank).

    MMEngine does not save random states in checkpoints. This hook makes that unnecessary: before each epoch it tells the
    training dataset seed and epoch (a :class:`PrivatePoseDataset` then draws the augmentation of a sample from seed, epoch and
    index, whatever the number of workers), and before each iteration it reseeds Python, NumPy and PyTorch. It serves
    MMEngine's epoch-based loop and the alternating loops alike.

    A checkpoint made between the batches of one accumulated update also gets the gradients gathered so far, as
    ``pending_gradients``. Only the process that saves is asked for its own; with several processes such a checkpoint is
    announced as inexact.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner) -> None:
        """Give the sampler the seed in force; a resumed run takes its seed from the checkpoint after the sampler was built."""
        batches = getattr(runner.train_dataloader, 'batch_sampler', None)
        for owner in (runner.train_dataloader, batches):
            sampler = getattr(owner, 'sampler', None)
            if hasattr(sampler, 'seed'):
                sampler.seed = runner.seed

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add the gradients of an update that has not taken place yet."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        pending = {n: p.grad.cpu() for n, p in model.named_parameters() if p.grad is not None}
        if not pending:
            return
        if get_world_size() > 1:
            runner.logger.warning(
                f'the checkpoint after iteration {runner.iter + 1} falls inside an accumulated update of several processes: a '
                'run resumed from it repeats all but that one update; save at multiples of accumulative_counts instead.'
            )
        else:
            checkpoint['pending_gradients'] = pending

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Take up the gradients of an update that had not taken place yet, if the run is resumed."""
        pending = checkpoint.get('pending_gradients', {})
        if pending and runner._resume:
            for name, parameter in runner.model.named_parameters():
                if name in pending:
                    parameter.grad = pending[name].to(parameter.device)

    def before_train_epoch(self, runner) -> None:
        """Tell the dataset seed and epoch."""
        for dataset in _datasets(runner.train_dataloader.dataset):
            if hasattr(dataset, 'set_random_state'):
                dataset.set_random_state(runner.seed, runner.epoch)

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Reseed the generators of this process."""
        sequence = np.random.SeedSequence([runner.seed, runner.iter, get_rank()])
        state = int(sequence.generate_state(1, np.uint64)[0])
        random.seed(state)
        np.random.seed(state % 2**32)
        torch.manual_seed(state % 2**63)
