# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import audit_documents
import matplotlib
import numpy as np
import pytest

from mmskanon.audit.report.compare import comparison_rows, comparison_warnings
from mmskanon.audit.report.plots import (
    displacement,
    pareto_picture,
    png,
    privacy_utility,
    svg,
    tiers_by_method,
    tradeoff_curve,
)
from mmskanon.audit.report.plots.labels import place_labels
from mmskanon.audit.report.plots.style import new_figure, plain
from mmskanon.skeletons.layouts import get_layout


def points(axes):
    """Coordinates and marker of everything drawn as one marked point."""
    return [
        (*line.get_xydata()[0], line.get_marker())
        for line in axes.get_lines()
        if len(line.get_xdata()) == 1
    ]


def texts(axes):
    return {text.get_text() for text in axes.texts}


def test_every_tier_of_every_method_is_a_point(doc):
    axes = privacy_utility(doc, 'subject').axes[0]
    found = points(axes)
    assert len(found) == 3 * 7
    assert (0.949, 0.991, 'D') in found and (0.949, 0.126, 'o') in found
    assert {'identity', 'unet', 'guessing 12.5%'} <= texts(axes)
    # The strongest attack carries its interval.
    lines = [line.get_ydata() for line in axes.get_lines() if len(line.get_ydata()) == 2]
    assert any(np.allclose(line, [0.951, 1.0]) for line in lines)


def test_methods_without_figures_are_not_drawn(doc):
    assert len(points(privacy_utility(doc, 'gender').axes[0])) == 2 * 7
    for entry in doc['methods'].values():
        entry['utility'] = None
    assert privacy_utility(doc, 'subject') is None
    rows = tiers_by_method(doc, 'subject').axes[0].get_yticklabels()
    assert [text.get_text() for text in rows][:2] == ['identity', 'unet']
    for entry in doc['methods'].values():
        entry['privacy'] = {}
    assert tiers_by_method(doc, 'subject') is None


def test_pareto_picture_fills_the_front_and_shows_the_warning(doc):
    other = audit_documents.document(sha256='ee' * 32)
    rows = comparison_rows({'x': doc, 'y': other})
    figure = pareto_picture(rows, 'subject', comparison_warnings(rows))
    axes = figure.axes[0]
    assert len(points(axes)) == 6
    filled = [
        line.get_xydata()[0]
        for line in axes.get_lines()
        if len(line.get_xdata()) == 1 and line.get_markerfacecolor() == line.get_markeredgecolor()
    ]
    front = [(r['action_fixed'], r['strongest']) for r in rows if r['pareto']]
    assert np.allclose(sorted(map(tuple, filled)), sorted(front)) and 0 < len(front) < 6
    assert 'different data' in axes.get_title(loc='left').replace('\n', ' ')
    assert {'identity (x)', 'identity (y)'} <= texts(axes)
    for row in rows:
        row['strongest'] = None
    assert pareto_picture(rows, 'subject', []) is None


def sweep(*weights):
    methods = {
        f'unet {w}': (0.97 - w / 50, (0.99, 0.2, 0.5, 0.8, 0.9 - w / 30, 0.5, 0.5), 50, 'leaks')
        for w in weights
    }
    rows = comparison_rows({'x': audit_documents.document(methods)})
    for row, weight in zip(rows, weights, strict=True):
        row['alpha'] = weight
    return rows


def test_tradeoff_curve_goes_along_the_weight():
    left, right = tradeoff_curve(sweep(3, 0.3, 1), 'alpha').axes
    curve = next(line for line in left.get_lines() if len(line.get_xdata()) == 3)
    assert np.allclose(curve.get_xdata(), [0.964, 0.95, 0.91])
    assert np.allclose(curve.get_ydata(), [0.89, 0.9 - 1 / 30, 0.8])
    assert {'alpha 0.3', 'alpha 1', 'alpha 3'} <= texts(left)
    by_label = {line.get_label(): line for line in right.get_lines()}
    assert np.allclose(by_label['action accuracy'].get_xdata(), [0.3, 1, 3])
    assert np.allclose(by_label['ignorant attackers'].get_ydata(), 0.2)


def test_tradeoff_curve_needs_weights_and_two_points():
    rows = sweep(1, 3)
    with pytest.raises(ValueError, match="'beta' needs its number in each row, which .*unet 1"):
        tradeoff_curve(rows, 'beta')
    rows[0]['action_fixed'] = None
    with pytest.raises(ValueError, match='at least two methods .* found 1'):
        tradeoff_curve(rows, 'alpha')


@pytest.mark.parametrize('name', ['kinect_v1', 'coco'])
def test_displacement_is_drawn_at_the_joints(name):
    layout = get_layout(name)
    pose = np.random.default_rng(0).normal(size=(layout.num_joints, layout.dims))
    moved = np.arange(layout.num_joints, dtype=float)
    figure = displacement(dict(a=moved, b=moved * 0), layout, pose)
    unit = 'mm' if name == 'kinect_v1' else 'px'
    assert [axes.get_xlabel() for axes in figure.axes[:2]] == [
        f'mean {moved.mean():.0f} {unit}',
        f'mean 0 {unit}',
    ]
    dots = next(c for c in figure.axes[0].collections if c.get_array() is not None)
    assert sorted(dots.get_array()) == list(moved)
    largest = dots.get_offsets()[np.argmax(dots.get_array())]
    assert np.allclose(largest[0], pose[-1, 0])
    assert np.argmax(dots.get_sizes()) == np.argmax(dots.get_array())
    assert png(figure).startswith(b'\x89PNG')


def test_labels_cover_neither_each_other_nor_a_point():
    figure = new_figure(6, 4)
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    places = np.array([[0.5, 0.5], [0.52, 0.5], [0.5, 0.53], [0.98, 0.9], [0.02, 0.1]])
    place_labels(axes, places, ['one', 'two', 'three', 'at the edge', 'here'], places[:0])
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    frame = axes.get_window_extent(renderer)
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.contains(*point) for point in axes.transData.transform(places))
        assert frame.x0 - 1 <= box.x0 and box.x1 <= frame.x1 + 1


def test_drawing_leaves_the_settings_of_matplotlib_alone_and_is_the_same_each_time(doc):
    before = dict(matplotlib.rcParams)
    first, second = (privacy_utility(doc, 'subject') for _ in range(2))
    assert svg(first, 'text') == svg(second, 'text') and png(first) == png(second)
    assert dict(matplotlib.rcParams) == before


def test_names_are_one_short_line_without_formula():
    assert plain('a\n  b\x00$c$') == r'a b \$c\$'
    assert plain('x' * 40, 10) == 'x' * 9 + '…'
    figure = new_figure(3, 2)
    figure.text(0.5, 0.5, plain('$\\undefined{$'))
    assert '$\\undefined{$' in svg(figure, 'a "quoted" <text>')
    assert 'aria-label="a &quot;quoted&quot; &lt;text&gt;"' in svg(figure, 'a "quoted" <text>')
