# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmskanon.models.anonymizers import GaussianNoiseAnonymizer, NoisyCodeAnonymizer
from mmskanon.models.anonymizers.chance import (
    Chance,
    clip_generator,
    current_chance,
    drawing_from,
)
from mmskanon.skeletons import get_layout

LAYOUT = get_layout('kinect_v1')
LENGTHS = [0.0 if j == LAYOUT.root else 0.1 + 0.01 * j for j in range(LAYOUT.num_joints)]


def test_draws_follow_from_seed_and_place_alone():
    whole = Chance(5).normal(range(40), (50, 60))
    assert whole.shape == (40, 50, 60)
    assert torch.equal(Chance(5).normal([17, 3], (50, 60)), whole[[17, 3]])
    other = Chance(6).normal(range(40), (50, 60))
    assert abs(whole.mean()) < 0.01 and abs(whole.std() - 1) < 0.01
    rows = torch.cat([whole, other]).flatten(1)
    assert torch.corrcoef(rows).fill_diagonal_(0).abs().max() < 0.1


def test_chance_holds_inside_and_ends_with_an_error_too():
    with pytest.raises(KeyError), drawing_from(Chance(1)):
        with drawing_from(Chance(2)):
            assert current_chance() == Chance(2)
        with drawing_from(None):
            assert current_chance() == Chance(1)
        raise KeyError
    assert current_chance() is None


@pytest.mark.parametrize('seed', [None, 9])
def test_the_seed_of_a_call_goes_before_that_of_the_anonymizer(seed):
    clip = np.ones((1, 4, 20, 3), np.float32)
    with drawing_from(Chance(3)):
        called = torch.rand(4, generator=clip_generator(seed, clip))
    assert torch.equal(called, torch.rand(4, generator=clip_generator(3, clip)))
    noise = GaussianNoiseAnonymizer(0.1, seed=seed, layout='kinect_v1', num_person=1)
    bare = GaussianNoiseAnonymizer(0.1, layout='kinect_v1', num_person=1)
    x = torch.randn(1, 1, 8, 20, 3)
    with drawing_from(Chance(3)):
        assert torch.equal(noise(x), bare(x))


@pytest.mark.parametrize('first', [0, 2, 8, 22])
def test_a_part_of_a_recording_gets_the_noise_that_it_has_in_the_whole(first):
    x = torch.randn(2, 1, 40, 20, 3)
    noise = GaussianNoiseAnonymizer(0.1, layout='kinect_v1', num_person=1)
    code = NoisyCodeAnonymizer(8, lengths=LENGTHS, layout='kinect_v1', num_person=1)
    with drawing_from(Chance(3)):
        whole, drawn = noise(x), code._draw(torch.zeros(2, 8, 20))
    with drawing_from(Chance(3, first)):
        torch.testing.assert_close(noise(x[:, :, first:]), whole[:, :, first:])
        part = code._draw(torch.zeros(2, 8, 20 - first // 2))
    torch.testing.assert_close(part, drawn[..., first // 2 :])
    assert 0.08 < (whole - x).std() < 0.12 and 0.8 < drawn.std() < 1.2
