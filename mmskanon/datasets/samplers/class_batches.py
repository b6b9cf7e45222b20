# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Batches of a few actions with many clips of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from mmengine.dist import get_rank
from torch.utils.data import Sampler

from mmskanon.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class ClassBatchSampler(Sampler):
    """Batches for losses that compare clips of one action: ``num_classes`` actions a batch, equally many clips of each.

    Used as ``batch_sampler`` of a data loader beside an MMEngine ``sampler``, whose indices (of this process) it composes. Actions take
    turns in random order, and so do the clips of an action, so that all are seen equally often up to one turn; an action with fewer
    clips than its place in the batch takes has some twice. The order follows from the sampler's seed and epoch.

    Args:
        sampler (Sampler): A sampler with ``dataset``, such as ``DefaultSampler``; set by the runner.
        batch_size (int): Clips of a batch, a multiple of ``num_classes``; set by the runner from the data loader's.
        num_classes (int): Actions of a batch.

    Raises:
        ValueError: If the numbers do not fit each other or the data.

    Example:
        >>> dataloader = dict(
        ...     batch_size=80,
        ...     sampler=dict(type='DefaultSampler', shuffle=True),
        ...     batch_sampler=dict(type='ClassBatchSampler', num_classes=5),
        ... )
    """

    def __init__(self, sampler: Sampler, batch_size: int, num_classes: int) -> None:
        if num_classes < 1 or batch_size % num_classes:
            raise ValueError(
                f'ClassBatchSampler: batch_size must be a multiple of num_classes={num_classes}, found {batch_size}; change one of them'
            )
        self.sampler, self.batch_size, self.num_classes = sampler, batch_size, num_classes
        dataset = sampler.dataset
        self._labels = np.array([dataset.get_data_info(i)['label'] for i in range(len(dataset))])
        found = len(np.unique(self._labels))
        if found < num_classes:
            raise ValueError(
                f'ClassBatchSampler: num_classes={num_classes}, but the data set shows {found} actions; lower num_classes'
            )

    def __len__(self) -> int:
        """int: Batches of an epoch."""
        return max(len(self.sampler) // self.batch_size, 1)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the indices of each batch."""
        indices = list(self.sampler)
        random = np.random.default_rng(
            [
                getattr(self.sampler, 'seed', None) or 0,
                getattr(self.sampler, 'epoch', 0),
                get_rank(),
            ]
        )
        members: dict[int, list[int]] = defaultdict(list)
        for index in indices:
            members[int(self._labels[index])].append(index)
        classes = _turns(sorted(members), random)
        clips = {label: _turns(rows, random) for label, rows in members.items()}
        share = self.batch_size // self.num_classes
        for _ in range(len(self)):
            chosen: list[int] = []
            while len(chosen) < min(self.num_classes, len(members)):
                label = next(classes)
                if label not in chosen:
                    chosen.append(label)
            yield [next(clips[label]) for label in chosen for _ in range(share)]


def _turns(values: list[int], random: np.random.Generator) -> Iterator[int]:
    """All values in random order, then all in another, for ever."""
    while True:
        yield from random.permutation(values).tolist()
