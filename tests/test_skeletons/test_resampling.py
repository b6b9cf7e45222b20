# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Resampling against SciPy."""

import numpy as np
import pytest
from scipy.interpolate import interp1d

from mmskanon.skeletons.resampling import resample_frames


@pytest.mark.parametrize('frames', [1, 5, 9, 20])
def test_resampling_against_scipy(frames):
    x = np.random.default_rng(0).normal(size=(9, 2, 3))
    expected = interp1d(np.arange(9), x, axis=0)(np.linspace(0, 8, frames))
    np.testing.assert_allclose(resample_frames(x, frames), expected, atol=1e-12)
    assert np.array_equal(resample_frames(x[:1], 4), np.repeat(x[:1], 4, 0))
