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


@given(
    st.integers(2, 30),
    st.integers(1, 40),
    st.booleans(),
    st.integers(0, 2**31),
)
@settings(max_examples=60, deadline=None)
def test_a_joint_lies_between_its_neighbours_or_is_absent(frames, length, scored, seed):
    """Joints come and go one by one; a score that is not zero makes none present."""
    rng = np.random.default_rng(seed)
    clip = rng.uniform(1, 5, (2, frames, 4, 3)).astype(np.float32)
    there = rng.random((2, frames, 4)) < 0.6
    clip[~there, : 2 if scored else 3] = 0
    out = resample_clip(clip, length, there if scored else None)[..., : 2 if scored else 3]
    at = np.linspace(0, frames - 1, length)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, frames - 1)
    both = there[:, low] & there[:, high]
    assert np.array_equal(out.any(-1), np.where(both, True, there[:, np.rint(at).astype(int)]))
    beside = np.stack([clip[:, low], clip[:, high]])[..., : out.shape[-1]]
    seen = np.stack([there[:, low], there[:, high]])[..., None]
    least = np.where(seen, beside, np.inf).min(0)
    most = np.where(seen, beside, -np.inf).max(0)
    kept = out.any(-1)
    assert (out[kept] >= least[kept] - 1e-5).all() and (out[kept] <= most[kept] + 1e-5).all()


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_without_absent_joints_nothing_depends_on_them(frames, length, seed):
    """To the last bit what linear interpolation gives where persons are present or absent as a whole."""
    clip = clip_of(frames, 2, seed)
    clip[1, frames // 2 :] = 0
    at = np.linspace(0, frames - 1, length)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, frames - 1)
    share = (at - low).astype(np.float32)[None, :, None, None]
    whole = clip.any(axis=(2, 3))
    both = (whole[:, low] & whole[:, high])[..., None, None]
    between = clip[:, low] * (1 - share) + clip[:, high] * share
    expected = np.where(both, between, clip[:, np.rint(at).astype(int)])
    assert np.array_equal(resample_clip(clip, length), expected)


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
