# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from mmskanon.audit.report.plots import class_bars, confusion, confusion_matrices, png


def test_confusion_against_scikit_learn():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 4, 200), rng.normal(size=(200, 5))
    found = confusion(labels, scores)
    expected = confusion_matrix(labels, scores.argmax(1), labels=range(5), normalize='true')
    assert np.allclose(found, expected)
    assert found[4].sum() == 0


def test_bars_are_the_rates_and_many_are_sorted_and_unnamed():
    few = class_bars({'b': 0.2, 'a': 0.9}, {'b': 1.0, 'a': 0.8}, 'adaptive', 0.5, 'subject')
    axes = few.axes[0]
    assert [bar.get_height() for bar in axes.patches] == [0.2, 0.9]
    assert [text.get_text() for text in axes.get_xticklabels()] == ['b', 'a']
    assert [s[0, 1] for s in axes.collections[0].get_segments()] == [1.0, 0.8]
    many = class_bars({str(i): i / 100 for i in range(100)}, None, 'adaptive', 0.01, 'subject')
    heights = [bar.get_height() for bar in many.axes[0].patches]
    assert heights == sorted(heights, reverse=True) and len(heights) == 100
    assert many.axes[0].get_xticklabels() == [] and 'sorted' in many.axes[0].get_xlabel()


@pytest.mark.parametrize('number', [2, 60])
def test_numbers_stand_in_few_cells_only(number):
    matrix = np.eye(number) * 0.75
    matrix[0, 1] = 0.25
    matrices = dict(control=('tcn', np.eye(number)), adaptive=('tcn', matrix))
    figure = confusion_matrices(matrices, [f'$p_{i}' for i in range(number)], 'subject')
    texts = [text.get_text() for text in figure.axes[1].texts]
    assert texts == (['75', '25', '75'] if number == 2 else [])
    assert np.array_equal(figure.axes[1].images[0].get_array(), matrix)
    assert png(figure).startswith(b'\x89PNG')
