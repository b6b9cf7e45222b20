# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from mmskanon.models.anonymizers import SmoothingAnonymizer


def smooth(x, sigma=1.5, **kwargs):
    persons, joints = x.shape[1], x.shape[3]
    tail = dict(joints=[f'j{i}' for i in range(joints)], parents=[0] * joints, center=0)
    return SmoothingAnonymizer(sigma, layout=tail, num_person=persons, **kwargs)(x)


def by_hand(track, seen, sigma, radius):
    """Smooth one joint (T, C) with a loop over frames and neighbours up to the next gap."""
    out = np.zeros_like(track)
    for t in np.flatnonzero(seen):
        total = weights = 0.0
        for step in (-1, 1):
            d = 0 if step == 1 else 1
            while d <= radius and 0 <= t + step * d < len(track) and seen[t + step * d]:
                weight = np.exp(-0.5 * (d / sigma) ** 2)
                total, weights, d = total + weight * track[t + step * d], weights + weight, d + 1
        out[t] = total / weights
    return out


@pytest.mark.parametrize(('sigma', 'truncate'), [(0.5, 4.0), (1.5, 4.0), (2.0, 4.0), (3.3, 2.0)])
def test_it_is_scipys_filter_in_the_interior(sigma, truncate):
    x = torch.randn(2, 2, 60, 5, 3, dtype=torch.float64)
    out = smooth(x, sigma, truncate=truncate)
    radius = int(truncate * sigma + 0.5)
    expected = gaussian_filter1d(x.numpy(), sigma, axis=2, truncate=truncate)
    inner = slice(radius, 60 - radius)
    np.testing.assert_allclose(out[:, :, inner], expected[:, :, inner], atol=1e-12)


@pytest.mark.parametrize('frames', [1, 2, 5, 30])
def test_gaps_ends_and_absent_joints_against_loops(frames):
    x = torch.randn(2, 2, frames, 4, 3, dtype=torch.float64)
    x[0, 0, frames // 3] = 0  # the person leaves for one frame
    x[0, 1, frames // 2 :] = 0  # and another one for good
    x[1, 0, frames // 2, 2] = 0  # one joint is lost
    x[1, 1] = 0
    out = smooth(x, 2.0).numpy()
    seen = (x != 0).any(-1).numpy()
    for n, m, v in np.ndindex(2, 2, 4):
        expected = by_hand(x[n, m, :, v].numpy(), seen[n, m, :, v], 2.0, 8)
        np.testing.assert_allclose(out[n, m, :, v], expected, atol=1e-12)
    assert not out[~seen].any()


def test_nothing_crosses_a_gap():
    x = torch.ones(1, 1, 21, 3, 3)
    x[:, :, 10] = 0
    x[:, :, 11:] = 5
    out = smooth(x, 3.0)
    assert torch.equal(out, x)  # constant on both sides


def test_a_single_frame_and_sigma_zero_change_nothing():
    x = torch.randn(2, 1, 1, 3, 3)
    assert torch.equal(smooth(x), x)
    x = torch.randn(2, 1, 9, 3, 3)
    assert torch.equal(smooth(x, 0), x)


def test_the_receptive_field_is_exact():
    anonymizer = SmoothingAnonymizer(1.3, num_person=1)
    assert not anonymizer.framewise and anonymizer.receptive_field == 11
    x = torch.randn(1, 1, 41, 25, 3)
    changed = x.clone()
    changed[:, :, 20] += 100
    moved = ((anonymizer(changed) - anonymizer(x)).abs() > 1e-3).flatten(3).any(-1)[0, 0]
    assert moved.nonzero()[:, 0].tolist() == list(range(15, 26))
    # What lies beyond it may be cut off.
    torch.testing.assert_close(anonymizer(x[:, :, 10:31])[:, :, 5:-5], anonymizer(x)[:, :, 15:26])


def test_it_slows_jitter_and_keeps_slow_motion():
    time = torch.arange(200.0)
    slow, fast = torch.sin(time / 30), torch.sin(time * 2.5)
    x = torch.stack([slow, fast], -1)[None, None, :, :, None].expand(-1, -1, -1, -1, 3) + 5
    out = smooth(x, 2.0)[..., 20:-20, :, :] - 5
    assert out[..., 1, :].abs().max() < 0.01
    assert (out[..., 0, :] - slow[20:-20, None]).abs().max() < 0.01


def test_mistakes():
    for sigma in (-1, float('nan'), float('inf')):
        with pytest.raises(ValueError, match='sigma must be a finite number of frames >= 0'):
            SmoothingAnonymizer(sigma)
    with pytest.raises(ValueError, match='truncate must be a finite number > 0, found 0'):
        SmoothingAnonymizer(1, truncate=0)
