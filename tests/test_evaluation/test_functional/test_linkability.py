# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""D_sys against a written-out reference and at known answers."""

import numpy as np
import pytest
from scipy.stats import norm

from mmskanon.evaluation.functional import linkability


def drawn(num, shift, seed=0):
    rng = np.random.default_rng(seed)
    genuine = np.arange(8 * num) < num
    return rng.normal(size=8 * num) + shift * genuine, genuine


def test_of_two_normal_distributions_it_is_the_integral():
    scores, genuine = drawn(20000, 2.0)
    s = np.linspace(-8, 10, 40001)
    mated, other = norm.pdf(s, 2), norm.pdf(s)
    expected = np.trapezoid(np.maximum(0, 2 * mated / (mated + other) - 1) * mated, s)
    assert linkability(scores, genuine) == pytest.approx(expected, abs=0.02)


def test_against_loops():
    scores, genuine = drawn(100, 1.0, 3)
    scores = np.round(scores, 1)  # with ties
    weights = np.where(genuine, 0.5 / 100, 0.5 / 700)
    order = np.argsort(scores, kind='stable')
    mass, cuts, wanted = 0.0, [], 1
    for i in order:
        mass += weights[i]
        while wanted < 5 and mass >= wanted / 5 - 1e-12:
            cuts.append(scores[i])
            wanted += 1
    edges = [-np.inf, *sorted(set(cuts)), np.inf]
    expected = 0.0
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = (scores > low) & (scores <= high)
        mated, other = inside[genuine].mean(), inside[~genuine].mean()
        if mated > 0:
            expected += mated * max(0.0, 2 * mated / (mated + other) - 1)
    assert linkability(scores, genuine) == pytest.approx(expected)


@pytest.mark.parametrize(('num', 'bias'), [(200, 0.039), (1000, 0.022)])
def test_the_stated_bias_at_chance(num, bias):
    found = np.mean([linkability(*drawn(num, 0.0, seed)) for seed in range(60)])
    assert found == pytest.approx(bias, abs=0.008)


def test_known_answers():
    scores, genuine = drawn(200, 0.0)
    assert linkability(genuine.astype(float), genuine) == 1.0
    assert linkability(np.zeros_like(scores), genuine) == 0.0
    assert linkability(*drawn(200, 50.0)) > 0.95


def test_scale_does_not_matter():
    scores, genuine = drawn(300, 1.0)
    assert linkability(np.exp(5 * scores), genuine) == pytest.approx(linkability(scores, genuine))


def test_no_genuine_pair_is_refused():
    with pytest.raises(ValueError, match='found no genuine one'):
        linkability(np.zeros(4), np.zeros(4, bool))
