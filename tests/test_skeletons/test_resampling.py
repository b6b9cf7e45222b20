# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Resampling against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import interp1d

from mmskanon.skeletons.resampling import resample_clip, resample_frames


def clip_of(frames, persons=1, seed=0):
    return np.random.default_rng(seed).normal(size=(persons, frames, 20, 3)).astype(np.float32)


@pytest.mark.parametrize('frames', [1, 5, 9, 20])
def test_resampling_against_scipy(frames):
    x = np.random.default_rng(0).normal(size=(9, 2, 3))
    expected = interp1d(np.arange(9), x, axis=0)(np.linspace(0, 8, frames))
    np.testing.assert_allclose(resample_frames(x, frames), expected, atol=1e-12)
    assert np.array_equal(resample_frames(x[:1], 4), np.repeat(x[:1], 4, 0))


@given(st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_clips_are_resampled_linearly(frames, length):
    data = clip_of(frames)
    at = np.linspace(0, frames - 1, length)
    expected = np.stack(
        [np.interp(at, np.arange(frames), data[0, :, v, c]) for v in range(20) for c in range(3)],
        axis=-1,
    ).reshape(length, 20, 3)
    np.testing.assert_allclose(resample_clip(data, length)[0], expected, atol=1e-5)


def test_resampling_draws_nobody_halfway_to_the_origin():
    data = clip_of(10)
    data[0, 4:] = 0
    out = resample_clip(data, 37)[0]
    lengths = np.abs(out).sum(axis=(1, 2))
    assert (out[lengths == 0].size > 0) and lengths[lengths > 0].min() > np.abs(data[0, :4]).sum(
        axis=(1, 2)
    ).min() * 0.5
    seen = np.linspace(0, 9, 37).round() < 4
    assert ((lengths > 0) == seen).all()
