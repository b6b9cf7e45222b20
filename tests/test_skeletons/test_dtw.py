# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from mmskanon.skeletons.dtw import dtw, frames_at, smooth_path, squared_distances
from mmskanon.skeletons.resampling import resample_frames


def reference(costs, band, penalty):
    """The recurrence in plain loops and double precision: cost and cells of the path."""
    frames = len(costs)
    table = np.full((frames, frames), math.inf)
    came = {}
    for i in range(frames):
        for j in range(frames):
            if abs(i - j) > band:
                continue
            options = [
                (table[i - 1, j - 1], (i - 1, j - 1)) if i and j else (math.inf, None),
                (table[i - 1, j] + penalty, (i - 1, j)) if i else (math.inf, None),
                (table[i, j - 1] + penalty, (i, j - 1)) if j else (math.inf, None),
            ]
            best = (0.0, None) if i == j == 0 else min(options, key=lambda option: option[0])
            table[i, j], came[i, j] = costs[i, j] + best[0], best[1]
    cells = [(frames - 1, frames - 1)]
    while cells[-1] != (0, 0):
        cells.append(came[cells[-1]])
    return table[-1, -1], cells[::-1]


def mean_path(cells, frames):
    return [np.mean([j for i, j in cells if i == frame]) for frame in range(frames)]


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(1, 14),
    band=st.integers(0, 20),
    penalty=st.sampled_from([0.0, 0.02, 1.0]),
    seed=st.integers(0, 10**6),
    whole=st.booleans(),
)
def test_costs_and_paths_are_those_of_plain_loops(frames, band, penalty, seed, whole):
    rng = np.random.default_rng(seed)
    costs = rng.uniform(size=(3, frames, frames))
    if whole:  # many equal costs, so that the order among equals matters
        costs, penalty = np.round(2 * costs), float(round(penalty))
    found, path = dtw(torch.from_numpy(costs), band, penalty)
    for row in range(3):
        cost, cells = reference(costs[row], band, penalty)
        assert found[row].item() == pytest.approx(cost, abs=1e-12)
        np.testing.assert_allclose(path[row], mean_path(cells, frames), atol=1e-12)
        assert max(abs(i - j) for i, j in cells) <= band
    assert (path.diff() >= 0).all()


def test_a_shift_in_time_is_found_within_the_band_only():
    time = torch.arange(40.0)
    early, late = (torch.exp(-((time - at) ** 2) / 8)[None, :, None] for at in (12, 20))
    costs = squared_distances(early, late)
    cost, path = dtw(costs, band=10)
    assert cost < 1e-3 and path[0, 12] == pytest.approx(20, abs=0.5)
    narrow, path = dtw(costs, band=3)
    assert narrow > 10 * cost and (path[0] - time).abs().max() <= 3
    assert torch.equal(dtw(costs, band=0)[1][0], time)
    straight = dtw(costs, band=10, penalty=100.0)[1][0]
    assert torch.equal(straight, time)


def test_each_of_a_batch_is_aligned_by_itself():
    costs = torch.rand(4, 9, 9)
    together = dtw(costs, 4, 0.1)
    for row in range(4):
        alone = dtw(costs[row : row + 1], 4, 0.1)
        assert torch.equal(together[0][row], alone[0][0])
        assert torch.equal(together[1][row], alone[1][0])


def test_distances_do_not_cancel():
    a = torch.randn(2, 5, 6) + 100
    b = a + 1e-3 * torch.randn(2, 5, 6)
    expected = (a.double()[:, :, None] - b.double()[:, None]).square().sum(-1)
    torch.testing.assert_close(squared_distances(a, b).double(), expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize('sigma', [0.5, 2.0])
def test_smoothing_is_that_of_scipy(sigma):
    path = torch.rand(3, 30, dtype=torch.float64).cumsum(1)
    expected = gaussian_filter1d(path.numpy(), sigma, axis=1, mode='nearest')
    smooth = smooth_path(path, sigma)
    np.testing.assert_allclose(smooth, expected, atol=1e-12)
    assert (smooth.diff() >= 0).all()
    assert torch.equal(smooth_path(path, 0), path)
    torch.testing.assert_close(smooth_path(path[:, :1], sigma), path[:, :1])  # one frame


@pytest.mark.parametrize('frames', [1, 2, 7])
def test_fractional_frames_are_interpolated(frames):
    x = torch.randn(frames, 4, 3, dtype=torch.float64)
    positions = torch.linspace(0, frames - 1, 11, dtype=torch.float64)
    np.testing.assert_allclose(frames_at(x, positions), resample_frames(x.numpy(), 11), atol=1e-12)
    assert torch.equal(frames_at(x, torch.tensor([-3.0, 99.0])), x[[0, -1]])


def test_mistakes():
    with pytest.raises(ValueError, match=r'costs of shape \(B, T, T\), found \(1, 3, 4\)'):
        dtw(torch.zeros(1, 3, 4), 2)
    with pytest.raises(ValueError, match='band must be at least 0, found -1'):
        dtw(torch.zeros(1, 3, 3), -1)
