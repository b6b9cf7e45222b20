# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from PIL import Image

from mmskanon.skeletons.layouts import get_layout
from mmskanon.visualization import draw_heat_map
from mmskanon.visualization.furniture import headings
from mmskanon.visualization.heat import HEAT_COLORS, HeatScale
from mmskanon.visualization.heat_map import heat_map
from mmskanon.visualization.skeleton_plot import make_scene
from mmskanon.visualization.trade_off import trade_off

KINECT = get_layout('kinect_v1')


def _clip(persons=1, frames=10):
    return np.random.default_rng(0).normal(size=(persons, frames, 20, 3))


def test_the_moved_joint_has_the_hot_colour_when_it_moved(tmp_path):
    clip = _clip()
    other = clip.copy()
    other[0, 5, 6] += [0, 0.1, 0]
    draw_heat_map(clip, other, 'kinect_v1', tmp_path / 'heat.png')
    with Image.open(tmp_path / 'heat.png') as image:
        picture = np.array(image.convert('RGB')).astype(int)
    hot = np.argwhere(np.abs(picture - HEAT_COLORS(1.0, bytes=True)[:3]).sum(-1) < 6)
    cold = np.argwhere(np.abs(picture - HEAT_COLORS(0.0, bytes=True)[:3]).sum(-1) < 6)
    # The hot field, not the scale at the right: joint 6 of 20 downwards, frame 5 of 10 to the right.
    hot = hot[hot[:, 1] <= cold[:, 1].min() + 0.95 * 6.4 * 130]
    (top, left), (bottom, right) = cold.min(0), cold.max(0)
    right = left + 6.4 * 130
    assert (hot[:, 0].mean() - top) / (bottom - top) == pytest.approx(6.5 / 20, abs=0.01)
    assert (hot[:, 1].mean() - left) / (right - left) == pytest.approx(5.5 / 10, abs=0.01)


def test_each_method_and_person_has_a_part_that_names_the_joints():
    parts = {name: np.ones((4, 20)) for name in ('a', 'b, person 1', 'b, person 2')}
    figure = heat_map(parts, KINECT, 30.0, HeatScale(list(parts.values()), 'mm'))
    assert len(figure.axes) == 3 + 1
    assert [t.get_text() for t in figure.axes[2].get_yticklabels()] == list(KINECT.joints)
    assert [t.get_text() for t in figure.texts] == list(parts)


def test_methods_whose_long_names_begin_alike_are_all_drawn_and_told_apart(tmp_path):
    names = [f'adversarial_unet_stgcn_1xb8-20e_utd-mhad-{end}' for end in ('trial1', 'trial2')]
    assert headings(['k-same', *names])[0] == 'k-same'
    assert len(set(headings(names))) == 2
    middle = [f'adversarial_unet_{i}_stgcn_1xb8-20e_utd-mhad-trial-kinect20' for i in (1, 2)]
    assert len(set(headings(middle))) == 2
    assert all(len(name) <= 26 for name in headings(names) + headings(middle))
    one, two = tmp_path / 'one.png', tmp_path / 'two.png'
    draw_heat_map(_clip(), {names[0]: _clip() * 1.1}, 'kinect_v1', one)
    draw_heat_map(_clip(), dict.fromkeys(names, _clip() * 1.1), 'kinect_v1', two)
    with Image.open(one) as single, Image.open(two) as both:
        assert both.height > 1.7 * single.height
    scene = make_scene(_clip(), dict.fromkeys(names, _clip()), KINECT)
    assert len(set(scene.titles)) == 3
    lines = trade_off([0.9], dict.fromkeys(names, [0.5])).legends[0].get_texts()
    assert len({text.get_text() for text in lines}) == 2


def test_the_same_clips_give_the_same_file(tmp_path):
    both = _clip(2)
    for name in 'ab':
        draw_heat_map(both, {'m': both * 1.1}, 'kinect_v1', tmp_path / f'{name}.png', title='t')
    assert (tmp_path / 'a.png').read_bytes() == (tmp_path / 'b.png').read_bytes()


@pytest.mark.parametrize(
    ('anonymized', 'options', 'message'),
    [
        (_clip(), dict(out='heat.gif'), 'a heat map is a still picture'),
        (_clip(), dict(fps=0), 'fps must be positive'),
        (_clip(), dict(fps=float('inf')), 'fps must be positive'),
        (_clip(), dict(heat_max=0), 'heat_max must be a positive number'),
        (_clip() * 0, {}, 'no person is in the original and the anonymized clip'),
        (_clip() * np.where(np.arange(10) == 3, np.inf, 1)[:, None, None], {}, 'NaN or infinite'),
    ],
)
def test_what_does_not_fit_is_said_and_leaves_nothing(tmp_path, anonymized, options, message):
    out = tmp_path / options.pop('out', 'heat.png')
    with pytest.raises(ValueError, match=message):
        draw_heat_map(_clip(), anonymized, 'kinect_v1', out, **options)
    assert not list(tmp_path.iterdir())


def test_trade_off_draws_a_line_an_attacker_on_fixed_axes():
    figure = trade_off([0.9, 0.8], {'a': [0.9, 0.2], '$b$': [0.5]}, {'a': 0.125})
    (axes,) = figure.axes
    lines = {tuple(map(tuple, line.get_xydata())) for line in axes.lines}
    assert {((0.9, 0.9), (0.2, 0.8)), ((0.5, 0.8),), ((0.125, 0), (0.125, 1))} <= lines
    assert axes.get_xlim() == axes.get_ylim() == (-0.02, 1.02)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ['a: 20.0%', '$b$: 50.0%']
    for action, privacy in (([], {'a': [0.5]}), ([0.5], {}), ([0.5], {'a': []})):
        with pytest.raises(ValueError, match='no validation yet'):
            trade_off(action, privacy)
