# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
from builders import annotations

from mmskanon.datasets.check import check_samples


def two_persons(*seen):
    """Clips of two persons, who are there in so many of 20 frames."""
    samples = annotations(1, 1, trials=len(seen), persons=2)['annotations']
    for sample, (first, second) in zip(samples, seen, strict=True):
        sample['keypoint'][0, first:] = 0
        sample['keypoint'][1, second:] = 0
    return samples


def test_others_may_be_there_as_long():
    assert check_samples(two_persons((20, 20), (20, 0), (12, 5)), 'f.pkl') == []


def test_a_bystander_who_is_there_longer_is_told_once():
    (problem,) = check_samples(two_persons((20, 20), (12, 20), (20, 3), (1, 2)), 'f.pkl')
    assert (problem.level, problem.kind, problem.sample) == ('warning', 'row-order', 'a1_s1_t2')
    assert 'row 1 in 20 frames, row 0 in 12; in 2 of 4 samples' in problem.found


def test_a_score_makes_nobody_present():
    samples = two_persons((20, 20), (20, 20))
    for sample in samples:
        score = np.ones((2, 20, 20, 1), np.float32)
        sample['keypoint'] = np.concatenate([sample['keypoint'], score], -1)
        sample['keypoint'][0, 10:, :, :3] = 0
    samples[1]['keypoint'][1, 5:, :, :3] = 0
    (problem,) = check_samples(samples, 'f.pkl', 'kinect_v1')
    assert (problem.kind, problem.sample) == ('row-order', 'a1_s1_t1')
