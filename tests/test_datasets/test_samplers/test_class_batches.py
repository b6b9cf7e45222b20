# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
from collections import Counter

import pytest
from mmengine.dataset import DefaultSampler

from mmskanon.datasets import ClassBatchSampler


class Data:
    def __init__(self, labels):
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def get_data_info(self, index):
        return dict(label=self.labels[index])


LABELS = [0] * 30 + [1] * 30 + [2] * 25 + [3] * 5


def batches(batch_size=12, num_classes=3, seed=0, epoch=0, labels=LABELS):
    sampler = DefaultSampler(Data(labels), shuffle=True, seed=seed)
    sampler.set_epoch(epoch)
    made = ClassBatchSampler(sampler, batch_size, num_classes)
    out = list(made)
    assert len(out) == len(made)
    return out


def test_each_batch_has_so_many_actions_and_equally_many_clips_of_each():
    for batch in batches():
        counts = Counter(LABELS[i] for i in batch)
        assert len(counts) == 3 and set(counts.values()) == {4}


def test_actions_and_clips_take_turns():
    everything = [i for b in batches() for i in b]
    actions = Counter(LABELS[i] for i in everything)
    assert (
        max(actions.values()) - min(actions.values()) <= 8
    )  # 21 places for 4 actions, 4 clips each
    for label in range(4):
        own = Counter(i for i in everything if LABELS[i] == label)
        missing = [i for i, x in enumerate(LABELS) if x == label and i not in own]
        assert max(own.values()) <= 1 or not missing
        assert max(own.values()) - min(own.values()) <= 1


def test_order_follows_from_seed_and_epoch():
    assert batches(seed=1, epoch=2) == batches(seed=1, epoch=2)
    assert batches(seed=1, epoch=2) != batches(seed=1, epoch=3)
    assert batches(seed=1) != batches(seed=2)


def test_small_data_give_one_batch():
    assert len(batches(batch_size=12, labels=[0, 1, 2])) == 1


@pytest.mark.parametrize(
    ('size', 'classes', 'words'),
    [(10, 3, 'must be a multiple of num_classes=3, found 10'), (10, 5, 'shows 4 actions')],
)
def test_numbers_that_do_not_fit_are_refused(size, classes, words):
    with pytest.raises(ValueError, match=words):
        batches(size, classes)
