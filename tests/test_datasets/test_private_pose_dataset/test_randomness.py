# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a sample looks like follows from seed, epoch and index alone."""

import pickle
import random
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from builders import annotations
from pose_datasets import build
from torch.utils.data import DataLoader


def clips(dataset, **loader) -> list[np.ndarray]:
    """One epoch, in the order of the data set."""
    batches = DataLoader(dataset, batch_size=5, collate_fn=list, **loader)
    return [results['frame_inds'] for batch in batches for results in batch]


def same(a, b) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_samples_do_not_depend_on_the_number_of_workers(write):
    path = write(annotations())
    dataset = build(path, repeat=2)
    dataset.set_random_state(7, 0)
    alone = [clips(dataset)]
    dataset.set_random_state(7, 1)
    alone.append(clips(dataset))

    other = build(path, repeat=2)
    loader = DataLoader(
        other, batch_size=5, collate_fn=list, num_workers=2, persistent_workers=True
    )
    with_workers = []
    for epoch in (0, 1):
        # The workers of the second epoch are those of the first.
        other.set_random_state(7, epoch)
        with_workers.append([r['frame_inds'] for batch in loader for r in batch])
    del loader
    assert same(alone[0], with_workers[0]) and same(alone[1], with_workers[1])

    assert not same(alone[0], alone[1])
    assert not same(alone[0][:24], alone[0][24:])
    dataset.set_random_state(8, 0)
    assert not same(alone[0], clips(dataset))
    dataset.set_random_state(7, 0)
    assert same(alone[0], clips(dataset, num_workers=1))


def test_a_worker_that_got_the_dataset_by_pickling_sees_later_states_too(write):
    # This is how a spawned worker gets it, and how often: once, at its start.
    dataset = build(write(annotations(n_actions=1, trials=2)))
    copy = pickle.loads(ForkingPickler.dumps(dataset))
    epochs = []
    for epoch in (0, 1):
        dataset.set_random_state(3, epoch)
        epochs.append(clips(dataset))
        assert same(epochs[-1], clips(copy))
    assert not same(*epochs)


def test_each_sample_differs_and_follows_from_its_index_alone(write):
    def draw(results):
        return dict(draws=(np.random.rand(), random.random(), torch.rand(1).item()))

    dataset = build(write(annotations()), pipeline=[draw])
    dataset.set_random_state(0, 0)
    draws = [dataset[i]['draws'] for i in range(24)]
    assert len(set(draws)) == 24
    assert dataset[5]['draws'] == draws[5] == dataset[-19]['draws']
    flat = [v for d in draws for v in d]
    assert 0.35 < np.mean(flat) < 0.65 and len(set(flat)) == 72


def test_the_random_states_of_the_process_are_left_alone(write):
    def fail(results):
        np.random.seed(255), random.random(), torch.rand(1)
        if results['sample_idx'] == 3:
            raise RuntimeError

    dataset = build(write(annotations()), pipeline=[fail], max_refetch=0)
    dataset.set_random_state(1, 2)

    def numbers(read):
        np.random.seed(0), random.seed(0), torch.manual_seed(0)
        first = np.random.rand()
        if read:
            with pytest.raises(RuntimeError):
                dataset[3]
        return first, np.random.rand(), random.random(), torch.rand(1).item()

    assert numbers(read=True) == numbers(read=False)


def test_without_a_seed_and_in_tests_the_process_decides(write):
    path = write(annotations())

    def two(dataset):
        np.random.seed(5)
        first = dataset[0]['frame_inds']
        np.random.seed(6)
        return first, dataset[0]['frame_inds']

    dataset = build(path)
    assert not same(*[[x] for x in two(dataset)])
    dataset.set_random_state(1)
    assert same(*[[x] for x in two(dataset)])
    dataset.set_random_state(None)
    assert not same(*[[x] for x in two(dataset)])
    test = build(path, split='test', test_mode=True)
    test.set_random_state(1)
    assert not same(*[[x] for x in two(test)])


def test_a_negative_seed_is_refused(write):
    dataset = build(write(annotations()))
    with pytest.raises(ValueError, match='must not be negative, found -1'):
        dataset.set_random_state(-1)
