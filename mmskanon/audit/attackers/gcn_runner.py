# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Training of an MMAction2 recognizer on the clips of a view, through MMEngine's runner, without a trace."""

from __future__ import annotations

import multiprocessing
import random
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import DefaultSampler, pseudo_collate
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmskanon.audit.clips import View

from .reading import crop_time
from .training import Training


class ClipDataset(Dataset):
    """Clips of a view, cut at random, as MMAction2's recognizers take them.

    Args:
        view (View): The n clips.
        labels (np.ndarray): Class of each, shape (n,).
        length (int): Frames T to which they are stretched.
        crop (float): Largest share that is cut off, at random.
    """

    def __init__(self, view: View, labels: np.ndarray, length: int, crop: float) -> None:
        self.view, self.labels, self.length, self.crop = view, labels, length, crop
        self._state = (0, 0)

    def set_random_state(self, seed: int, epoch: int) -> None:
        """Let the cuts follow from seed, epoch and index; ReproducibilityHook calls it before each epoch."""
        self._state = (seed, epoch)

    def __len__(self) -> int:
        """int: Number of clips."""
        return len(self.view)

    def __getitem__(self, index: int) -> dict:
        """dict: ``inputs`` of shape (1, M, T, V, C) and ``data_samples`` with the label."""
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[dict]:
        """The samples of a batch, for which PyTorch's loader asks at once: reading and cutting clips one by one takes as long as training on them."""
        draws = np.array(
            [np.random.default_rng((*self._state, i)).random(2, np.float32) for i in indices]
        )
        clips = torch.from_numpy(self.view[np.asarray(indices)].clips(self.length))
        kept = torch.from_numpy(1 - np.float32(self.crop) * draws[:, 0])
        start = torch.from_numpy(draws[:, 1]) * (1 - kept)
        cut = crop_time(clips, start, start + kept)
        samples = [ActionDataSample().set_gt_label(int(self.labels[i])) for i in indices]
        return [
            dict(inputs=clip[None], data_samples=sample)
            for clip, sample in zip(cut, samples, strict=True)
        ]


def run_epochs(
    net: nn.Module,
    dataset: ClipDataset,
    optimizer: dict,
    options: Training,
    epochs: int,
    seed: int,
    device: str,
) -> None:
    """Train a recognizer for one cosine schedule.

    Args:
        net (nn.Module): The recognizer, with initialized weights; trained in place.
        dataset (ClipDataset): The clips.
        optimizer (dict): Config of the optimizer wrapper.
        options (Training): Batch size.
        epochs (int): Passes over the clips.
        seed (int): Seed.
        device (str): Where to train.
    """
    schedule = dict(
        type='CosineAnnealingLR', T_max=epochs, end=epochs, eta_min=0, convert_to_iter_based=True
    )
    with tempfile.TemporaryDirectory(prefix='mmskanon_audit_') as folder, quiet() as name:
        loader = DataLoader(
            dataset,
            options.batch_size,
            sampler=DefaultSampler(dataset, shuffle=True, seed=seed),
            collate_fn=pseudo_collate,
            # A last batch of one clip would have no variance to normalize by.
            drop_last=len(dataset) % options.batch_size == 1 < len(dataset),
        )
        runner = Runner(
            model=net.to(device),
            work_dir=folder,
            train_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            optim_wrapper=optimizer,
            param_scheduler=schedule,
            default_hooks=dict(checkpoint=None, logger=None),
            custom_hooks=[dict(type='ReproducibilityHook')],
            env_cfg=dict(
                mp_cfg=dict(
                    mp_start_method=multiprocessing.get_start_method(allow_none=True) or 'fork'
                ),
                dist_cfg=dict(backend='gloo'),
            ),
            log_level='CRITICAL',
            default_scope='mmskanon',
            randomness=dict(seed=seed),
            experiment_name=name,
        )
        runner.train()
        runner.model.to(device)


@contextmanager
def quiet() -> Iterator[str]:
    """Silence MMEngine and put back what it changes: random states, and the loggers and scopes that it registers.

    Yields:
        str: A name for what is registered meanwhile.
    """
    managers = (DefaultScope, MMLogger, MessageHub, Visualizer)
    known = [set(manager._instance_dict) for manager in managers]
    states = random.getstate(), np.random.get_state()
    name = f'audit_{secrets.token_hex(8)}'
    MMLogger.get_instance(name, log_level='CRITICAL')
    try:
        yield name
    finally:
        for manager, names in zip(managers, known, strict=True):
            for added in set(manager._instance_dict) - names:
                for handler in getattr(manager._instance_dict.pop(added), 'handlers', ()):
                    handler.close()
        random.setstate(states[0])
        np.random.set_state(states[1])
