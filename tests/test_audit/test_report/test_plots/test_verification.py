# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from mmskanon.audit.report.plots import png, roc, roc_curves, score_histograms


@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=60))
def test_roc_against_scikit_learn(pairs):
    genuine = np.array([g for g, _ in pairs])
    scores = np.array([s for _, s in pairs], float)
    if genuine.all() or not genuine.any():
        return
    false, true = roc(genuine, scores)
    expected = roc_curve(genuine, scores, drop_intermediate=False)[:2]
    assert np.allclose(false, expected[0]) and np.allclose(true, expected[1])


def test_perfect_and_inverted():
    genuine, scores = np.array([1, 1, 0, 0], bool), np.array([4.0, 3, 2, 1])
    assert list(zip(*roc(genuine, scores), strict=True))[2] == (0, 1)
    assert list(zip(*roc(~genuine, scores), strict=True))[2] == (1, 0)


def test_curves_are_those_of_the_scores_on_a_logarithmic_axis():
    rng = np.random.default_rng(0)
    genuine = rng.random(4000) < 0.3
    scores = rng.normal(size=4000) + 2 * genuine
    figure = roc_curves(dict(control=('tcn', genuine, scores), ignorant=('gru', genuine, -scores)))
    (axes,) = figure.axes
    guess, control, ignorant = axes.get_lines()
    assert axes.get_xscale() == 'log' and np.array_equal(*guess.get_data())
    # Thinned for drawing, but on the curve: the share of genuine pairs at or above the threshold.
    false, true = roc(genuine, scores)
    for x, y in zip(*control.get_data(), strict=True):
        assert y == true[np.searchsorted(false, x, side='right') - 1]
    assert len(control.get_xdata()) <= 400
    assert np.median(ignorant.get_ydata()) < 0.01
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *('guessing', 'control: tcn', 'ignorant: gru')
    ]


@pytest.mark.parametrize('scores', [np.zeros(40), np.arange(40.0)])
def test_histograms_sum_to_one_also_where_all_scores_are_equal(scores):
    genuine = np.arange(40) % 4 == 0
    figure = score_histograms(dict(adaptive=('tcn', genuine, scores)))
    filled = [patch for patch in figure.axes[0].patches if patch.get_fill()]
    assert len(filled) == 2
    for patch in filled:
        assert patch.get_data().values.sum() == pytest.approx(1)
    assert png(figure).startswith(b'\x89PNG')
