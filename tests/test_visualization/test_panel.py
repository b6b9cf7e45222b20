# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mmskanon.skeletons.layouts import get_layout
from mmskanon.visualization.panel import GHOST_COLOR, PERSON_COLORS, SkeletonPanel

LAYOUT = get_layout('kinect_v1')
NOBODY = np.zeros((0, 20, 3))


@pytest.fixture
def panel():
    return SkeletonPanel(Figure().add_axes((0, 0, 1, 1)), LAYOUT)


def _colors(panel):
    return [to_hex(c) for c in panel.lines.get_color()][1::2]


def test_every_bone_is_drawn_in_the_colour_of_its_side(panel):
    points = np.random.default_rng(0).normal(size=(1, 20, 3))
    points[..., 2] = 0
    panel.update(points, np.array([True]), NOBODY)
    segments, colors = panel.lines.get_segments()[1::2], _colors(panel)
    assert len(segments) == 19
    sides = {True: 'left', False: 'right', None: 'trunk'}
    for joint, parent in LAYOUT.bones:
        if joint == parent:
            continue
        found = [
            c
            for s, c in zip(segments, colors, strict=True)
            if np.allclose(s, points[0, [joint, parent], :2])
        ]
        name = LAYOUT.joints[joint]
        side = sides[True if 'left' in name else False if 'right' in name else None]
        assert found == [PERSON_COLORS[0][side].lower()]


def test_absent_persons_are_not_drawn(panel):
    points = np.ones((2, 20, 3))
    panel.update(points, np.array([False, True]), NOBODY)
    assert set(_colors(panel)) == {c.lower() for c in PERSON_COLORS[1].values()}
    assert len(panel.dots.get_offsets()) == 20
    panel.update(points, np.array([False, False]), NOBODY)
    assert not panel.lines.get_segments() and not len(panel.dots.get_offsets())


def test_second_person_has_other_colours(panel):
    panel.update(np.ones((2, 20, 3)), np.array([True, True]), NOBODY)
    assert len(set(_colors(panel))) == 6


def test_near_limbs_cover_far_ones(panel):
    points = np.zeros((1, 20, 3))
    points[0, :, 0] = np.arange(20)
    points[0, [5, 6, 7], 2] = -9.0
    points[0, [9, 10, 11], 2] = 9.0
    panel.update(points, np.array([True]), NOBODY)
    colors = _colors(panel)
    assert colors[0] == PERSON_COLORS[0]['right'].lower()
    assert colors[-1] == PERSON_COLORS[0]['left'].lower()


def test_ghost_is_grey_and_behind(panel):
    panel.update(np.ones((1, 20, 3)), np.array([True]), np.ones((2, 20, 3)))
    assert len(panel.ghost.get_segments()) == 2 * 19
    assert to_hex(panel.ghost.get_color()[0]) == GHOST_COLOR.lower()
    assert panel.ghost.get_zorder() < panel.lines.get_zorder() < panel.dots.get_zorder()


def test_colours_stand_out_from_the_paper_and_from_each_other():
    """Luminance contrast to the paper, and distance in colours as seen without red or green receptors."""
    from matplotlib.colors import to_rgb

    from mmskanon.visualization.furniture import PAPER

    def linear(color):
        rgb = np.array(to_rgb(color))
        return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)

    def luminance(color):
        return linear(color) @ [0.2126, 0.7152, 0.0722]

    for color in PERSON_COLORS[0].values():
        assert (luminance(PAPER) + 0.05) / (luminance(color) + 0.05) > 3
    # Viénot, Brettel, Mollon 1999: both kinds of red-green blindness merge red and green, blue stays.
    for red, green in ((0.11238, 0.88762), (0.29275, 0.70725)):
        for person in PERSON_COLORS:
            left, right = linear(person['left']), linear(person['right'])
            seen = [np.array([red * c[0] + green * c[1], c[2]]) for c in (left, right)]
            assert np.linalg.norm(seen[0] - seen[1]) > 0.3
