# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy
import itertools
import math
import pickle

import numpy as np
import pytest
import torch
from builders import LAYOUT, action_head, annotations, tiny_net
from mmengine.registry import init_default_scope

from mmskanon.datasets.population_clips import population_clips
from mmskanon.models.anonymizers import TimingCodeAnonymizer
from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import inverse_kinematics


@pytest.fixture
def make(tmp_path):
    """Build the anonymizer on a small annotation file, with a recognizer that says class 1 of everything."""

    def build(persons=1, **kwargs):
        init_default_scope('mmskanon')
        net = tiny_net(action_head(3))
        torch.manual_seed(0)
        torch.save(MODELS.build(copy.deepcopy(net)).state_dict(), tmp_path / 'net.pth')
        data = annotations(persons=persons)
        rng = np.random.default_rng(0)
        for sample in data['annotations']:  # everybody hurries at another moment
            power = rng.uniform(0.3, 3.0)
            frames = (np.linspace(0, 1, 20) ** power * 19).round().astype(int)
            sample['keypoint'] = sample['keypoint'][:, frames]
            sample['keypoint'][:, :, 5] += 0.6 * np.sin(frames / 6)[:, None].astype(np.float32)
        (tmp_path / 'data.pkl').write_bytes(pickle.dumps(data))
        anonymizer = TimingCodeAnonymizer(
            recognizer=dict(net=net, checkpoint=str(tmp_path / 'net.pth')),
            population=dict(ann_file=str(tmp_path / 'data.pkl'), split='train'),
            **dict(layout=LAYOUT, num_person=persons, k=2, codes=4) | kwargs,
        )
        anonymizer.recognizer.forward = lambda x: torch.tensor([0.0, 1.0, 0.0]).expand(len(x), 3)
        return anonymizer

    return build


def made(anonymizer, x, seed=0):
    torch.manual_seed(seed)
    return anonymizer(x)


def test_the_output_follows_from_class_length_code_and_chance_alone(make, tmp_path):
    """The guarantee rests on this: clips of one class, length and code are replaced by the very same motion."""
    anonymizer = make()
    clips = population_clips(
        dict(ann_file=str(tmp_path / 'data.pkl'), split='test'), LAYOUT, 'a test'
    )
    x = torch.stack([torch.from_numpy(clips[i]) for i in range(len(clips))])
    codes = []
    told = anonymizer._code
    anonymizer._code = lambda *args: codes.append(told(*args)) or codes[-1]
    outputs = [made(anonymizer, clip[None]) for clip in x]
    assert len(set(codes)) > 1
    for first, second in itertools.combinations(range(len(x)), 2):
        same = torch.allclose(outputs[first], outputs[second], atol=1e-6)
        assert same == (codes[first] == codes[second])


def test_one_code_tells_nothing(make):
    anonymizer = make(codes=1)
    x = torch.randn(2, 1, 25, 20, 3).cumsum(2)
    assert torch.equal(made(anonymizer, x[:1]), made(anonymizer, x[1:]))
    assert anonymizer.leakage == 1


@pytest.mark.parametrize(('codes', 'epsilon'), [(4, None), (4, 0.5), (8, 2.0), (1, 1.0)])
def test_the_bound_is_the_capacity_of_the_channel(make, codes, epsilon):
    """Sum over outputs of the largest probability of any input: what the best guess can gain (Smith, 2009)."""
    anonymizer = make(codes=codes, epsilon=epsilon)
    if epsilon is None:
        channel = np.eye(codes)
    else:  # k-ary randomized response as it is published
        whole = math.exp(epsilon) + codes - 1
        channel = np.full((codes, codes), 1 / whole)
        np.fill_diagonal(channel, math.exp(epsilon) / whole)
    assert anonymizer.leakage == pytest.approx(channel.max(axis=0).sum())


def test_codes_are_told_as_often_as_randomized_response_says(make):
    anonymizer = make(codes=4, epsilon=1.0)
    torch.manual_seed(0)
    timing = anonymizer.codebook[2] + 0.01
    told = np.bincount([anonymizer._code(timing, None) for _ in range(6000)], minlength=4) / 6000
    expected = np.full(4, 1 / (math.e + 3))
    expected[2] *= math.e
    assert np.abs(told - expected).max() < 0.02


def test_codes_are_timings_that_never_run_backwards_and_differ(make):
    book = make(codes=6).codebook
    assert book.shape == (6, 64)
    assert (book.diff(dim=1) >= -1e-4).all() and book.min() >= 0 and book.max() <= 63
    assert torch.pdist(book).min() > 1


def test_the_nearest_code_is_told(make):
    anonymizer = make(codes=6)
    assert [anonymizer._code(c + 0.05, None) for c in anonymizer.codebook] == list(range(6))


def test_more_codes_follow_the_timing_more_closely(make):
    """A gallery clip that hurries early or late: the time at which the joint moves is told the better, the more codes."""
    few, many = make(codes=1), make(codes=12)
    errors = []
    for anonymizer in (few, many):
        total = 0.0
        for number in range(len(anonymizer.labels)):
            if int(anonymizer.labels[number]) != 1:
                continue
            shown = torch.ones(1, dtype=torch.bool)
            typical = anonymizer._features(anonymizer._typical[1], shown)
            timing = anonymizer._align(anonymizer._features(number, shown)[None], typical[None])[0]
            nearest = anonymizer.codebook[anonymizer._code(timing, None)]
            total += (nearest - timing).square().mean().item()
        errors.append(total)
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize('frames', [1, 2, 30])
def test_bones_are_exact_and_absent_persons_stay_absent(make, frames):
    anonymizer = make(persons=2)
    x = torch.randn(3, 2, frames, 20, 3)
    x[1, 1] = 0
    out = anonymizer(x)
    assert not out[1, 1].any()
    lengths = inverse_kinematics(out[0], LAYOUT)[2]
    torch.testing.assert_close(lengths, anonymizer.lengths.expand_as(lengths), atol=1e-5, rtol=0)


def test_a_checkpoint_holds_no_timing_of_anybody(make):
    assert not make().state_dict()


@pytest.mark.parametrize(
    ('wrong', 'words'),
    [
        (dict(unknown_share=0.5, k=3), 'unknown_share is 0.5, but .* outside of the bound'),
        (dict(codes=0), 'codes must be an integer of at least 1, found 0'),
        (dict(epsilon=0.0), 'epsilon must be a finite number > 0, found 0.0; leave it out'),
        (
            dict(codes=500),
            'codes=500, but the 24 clips of the gallery have fewer different timings',
        ),
    ],
)
def test_senseless_settings_are_refused(make, wrong, words):
    with pytest.raises(ValueError, match=words):
        make(**wrong)
