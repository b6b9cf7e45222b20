# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Batches of a few actions with many clips of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from mmengine.dist import get_rank
from torch.utils.data import Sampler

from mmskanon.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class ClassBatchSampler(Sampler):
    """Batches for losses that compare clips of one action: ``num_classes`` actions a batch, equally many clips of each.

    Used as ``batch_sampler`` of a data loader beside an MMEngine ``sampler``, whose indices (of this process) it composes. Actions take
    turns in random order, and so do the recordings of an action and the passes over a recording (``repeat`` of the data set), so that all
    are seen equally often up to one turn. A batch has a recording twice only where the action has fewer than its place in the batch takes.
    The order follows from the sampler's seed and epoch.

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
        numbers: dict[str | int, int] = {}
        labels, recordings = [], []
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            labels.append(info['label'])
            recordings.append(numbers.setdefault(info.get('frame_dir', index), len(numbers)))
        self._labels, self._recordings = np.array(labels), recordings
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
        members: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index in indices:
            members[int(self._labels[index])][self._recordings[index]].append(index)
        classes = _turns(sorted(members), random)
        clips = {label: _Recordings(recordings, random) for label, recordings in members.items()}
        share = self.batch_size // self.num_classes
        for _ in range(len(self)):
            chosen: list[int] = []
            while len(chosen) < min(self.num_classes, len(members)):
                label = next(classes)
                if label not in chosen:
                    chosen.append(label)
            yield [index for label in chosen for index in clips[label].draw(share)]


class _Recordings:
    """The indices of one action, recording by recording.

    Args:
        recordings (Mapping[int, list[int]]): From recording to its indices.
        random (np.random.Generator): Where chance comes from.
    """

    def __init__(self, recordings: Mapping[int, list[int]], random: np.random.Generator) -> None:
        self._passes = [_turns(indices, random) for indices in recordings.values()]
        self._drawn, self._random = np.zeros(len(self._passes), int), random

    def draw(self, number: int) -> list[int]:
        """So many indices: of those recordings first that were drawn least, of none again before all others were."""
        out: list[int] = []
        while len(out) < number:
            order = self._random.permutation(len(self._passes))
            order = order[np.argsort(self._drawn[order], kind='stable')][: number - len(out)]
            self._drawn[order] += 1
            out += [next(self._passes[i]) for i in order]
        return out


def _turns(values: list[int], random: np.random.Generator) -> Iterator[int]:
    """All values in random order, then all in another, for ever."""
    while True:
        yield from random.permutation(values).tolist()
