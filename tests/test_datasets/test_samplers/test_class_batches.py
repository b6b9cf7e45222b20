# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
from collections import Counter

import pytest
from mmengine.dataset import DefaultSampler

from mmskanon.datasets import ClassBatchSampler


class Data:
    def __init__(self, labels, repeat=1):
        self.labels, self.repeat = labels, repeat

    def __len__(self):
        return len(self.labels) * self.repeat

    def get_data_info(self, index):
        index %= len(self.labels)
        return dict(label=self.labels[index], frame_dir=f's{index}')


LABELS = [0] * 30 + [1] * 30 + [2] * 25 + [3] * 5


def batches(batch_size=12, num_classes=3, seed=0, epoch=0, labels=LABELS, repeat=1):
    sampler = DefaultSampler(Data(labels, repeat), shuffle=True, seed=seed)
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


def test_recordings_of_an_action_come_before_repeats():
    """Of 30 passes over 12 recordings of an action, 16 clips show all 12, and none more than twice."""
    labels = [0] * 12 + [1] * 20 + [2] * 5
    made = batches(48, labels=labels, repeat=30)
    for batch in made:
        shown = Counter(i % len(labels) for i in batch)
        for label, (distinct, most) in enumerate([(12, 2), (16, 1), (5, 4)]):
            of_label = [n for i, n in shown.items() if labels[i] == label]
            assert len(of_label) == distinct and max(of_label) == most
    for label in range(3):
        seen = Counter(i for b in made for i in b if labels[i % len(labels)] == label)
        passes = Counter(i % len(labels) for i in seen.elements())
        assert max(passes.values()) - min(passes.values()) <= 1
        assert max(seen.values()) - min(seen.values()) <= 1


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
