# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch

from mmskanon.models.anonymizers import GaussianNoiseAnonymizer


@pytest.mark.parametrize('training', [True, False])
def test_noise_has_the_given_deviation_in_train_and_eval_mode(training):
    x = torch.randn(8, 2, 50, 25, 3)
    noise = GaussianNoiseAnonymizer(std=0.05).train(training)(x) - x
    assert noise.std().item() == pytest.approx(0.05, rel=0.02)
    assert abs(noise.mean().item()) < 1e-3
    # Independent in every axis.
    flat = noise.flatten(0, 2).flatten(1)
    correlation = torch.corrcoef(flat.T).fill_diagonal_(0)
    assert correlation.abs().max() < 0.25


def test_noise_follows_the_generator_of_torch():
    x = torch.randn(2, 2, 8, 25, 3)
    anonymizer = GaussianNoiseAnonymizer(std=0.1)
    torch.manual_seed(3)
    first, second = anonymizer(x), anonymizer(x)
    assert not torch.equal(first, second)
    torch.manual_seed(3)
    assert torch.equal(anonymizer(x), first)


def test_seed_repeats_the_noise_whatever_the_content():
    x, y = torch.randn(2, 3, 2, 8, 25, 3).unbind()
    anonymizer = GaussianNoiseAnonymizer(std=0.1, seed=7)
    state = torch.get_rng_state()
    noise = anonymizer(x) - x
    assert torch.equal(anonymizer(x) - x, noise)
    torch.testing.assert_close(anonymizer(y) - y, noise, atol=1e-6, rtol=0)
    assert torch.equal(torch.get_rng_state(), state)
    other = GaussianNoiseAnonymizer(std=0.1, seed=8)(x) - x
    assert not torch.allclose(other, noise, atol=1e-3)
    assert noise.std().item() == pytest.approx(0.1, rel=0.1)


def test_zero_deviation_changes_nothing():
    x = torch.randn(2, 2, 8, 25, 3)
    assert torch.equal(GaussianNoiseAnonymizer(std=0)(x), x)
    assert 'std=0.0' in repr(GaussianNoiseAnonymizer(std=0))
