# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What is seen in each frame: views that turn, colours of displacement, paths, arrangements."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mmskanon.skeletons.layouts import get_layout
from mmskanon.visualization.camera import Camera
from mmskanon.visualization.heat import HEAT_COLORS, HeatScale, displacement
from mmskanon.visualization.panel import GHOST_COLOR, PERSON_COLORS
from mmskanon.visualization.scene import Marks
from mmskanon.visualization.skeleton_plot import make_scene
from mmskanon.visualization.trajectories import joint_indices, path_segments
from mmskanon.visualization.views import project

KINECT = get_layout('kinect_v1')
HAND = KINECT.joints.index('left_hand')
HOT = np.array(HEAT_COLORS(1.0, bytes=True)[:3])
COLD = np.array(HEAT_COLORS(0.0, bytes=True)[:3])
GHOST = (255 * np.array(to_rgb(GHOST_COLOR))).round()
BLUE, LIGHT_BLUE = ((255 * np.array(to_rgb(p['left']))).round() for p in PERSON_COLORS)


def clip_of(persons=1, frames=8, seed=0):
    """Bodies that stand still, in different places (M, T, V, C)."""
    rng = np.random.default_rng(seed)
    pose = rng.normal(size=(persons, 1, 20, 3)) * [0.3, 0.8, 0.3] + [0, 0, 3]
    pose[..., 0] += np.arange(persons)[:, None, None]
    return pose.repeat(frames, axis=1)


def moved_hand(frames=8, by=0.2):
    """A clip, and the same with one hand moved farther from frame to frame."""
    clip = clip_of(frames=frames)
    other = clip.copy()
    other[0, :, HAND, 1] += np.linspace(0, by, frames)
    return clip, other


def count(picture, color, tolerance=12):
    return int((np.abs(picture[..., :3].astype(int) - color).sum(axis=-1) < tolerance).sum())


def panels(picture, number):
    """The picture in so many parts from left to right, without title and legend."""
    return np.split(picture[40:-90, : picture.shape[1] // number * number], number, axis=1)


@pytest.mark.parametrize('view', ['front', 'side', 'top', 'oblique'])
def test_a_still_body_gives_the_same_picture_in_every_frame(view):
    clip = clip_of()
    frames = list(make_scene(clip, 0.9 * clip, KINECT, view=view).film(None, range(8)))
    # The clock stands in the lower right corner of the last panel.
    clock = frames[0] != frames[4]
    assert clock.any() and np.argwhere(clock)[:, 1].min() > frames[0].shape[1] - 70
    frames[4][clock] = frames[0][clock]
    np.testing.assert_array_equal(frames[4], frames[0])


def test_a_turntable_starts_in_front_and_goes_once_round():
    clip = clip_of(frames=8)
    seen = clip.any(axis=-1)
    front, turning = (Camera([clip], [seen], view, 'y') for view in ('front', 'turntable'))
    points = turning.points[0]
    seen = [turning.look(points[:, t], t) for t in range(8)]
    np.testing.assert_allclose(seen[0], front.points[0][:, 0])
    assert all(np.abs(a - b).max() > 0.1 for a, b in zip(seen, seen[1:] + seen[:1], strict=True))
    # A quarter of the way it stands where 'side' looks from, but for where the axis is.
    side = project(clip[:, 2], 'side', 'y')
    np.testing.assert_allclose(seen[2] - seen[2][0, 0], side - side[0, 0], atol=1e-9)
    np.testing.assert_allclose(seen[4][..., 1], seen[0][..., 1])
    left, right, bottom, top = turning.limits
    everywhere = np.concatenate(seen)
    assert left < everywhere[..., 0].min() and everywhere[..., 0].max() < right
    assert bottom < everywhere[..., 1].min() and everywhere[..., 1].max() < top


def test_a_turntable_turns_a_still_body_in_the_picture():
    frames = list(make_scene(clip_of(), clip_of(), KINECT, view='turntable').film(None, range(8)))
    assert all(count(a, BLUE) for a in frames)
    assert all((a != b).mean() > 0.005 for a, b in zip(frames, frames[1:], strict=False))


def test_both_persons_are_drawn_in_both_panels():
    both = clip_of(persons=2)
    (picture,) = make_scene(both, both + [0.1, 0, 0], KINECT).film(None, [0])
    for part in panels(picture, 2):
        assert min(count(part, BLUE), count(part, LIGHT_BLUE)) > 50
    (picture,) = make_scene(both, both[:1], KINECT).film(None, [0])
    assert [count(part, LIGHT_BLUE) > 50 for part in panels(picture, 2)] == [True, False]


def test_the_joint_that_moved_farthest_has_the_hot_colour_and_the_scale_is_fixed():
    scene = make_scene(*moved_hand(), KINECT, marks=Marks(heat=True))
    first, last = (list(panels(p, 2)) for p in scene.film(None, [0, 7]))
    assert count(first[1], HOT) == 0 and count(last[1], HOT) > 5
    assert count(first[1], COLD) > 500 and count(last[1], COLD) > 500
    # The original is not coloured, whatever frame is shown.
    assert all(count(part[0], color) == 0 for part in (first, last) for color in (HOT, COLD, BLUE))
    colors = scene._colors[1][0][0, 7]
    assert np.array_equal(np.flatnonzero((colors == colors[HAND]).all(axis=1)), [HAND])
    assert scene.heat.label == '200 mm'


def test_a_given_scale_is_kept_and_said_to_end_below_the_largest():
    original, anonymized = moved_hand()
    moved = [displacement(original, anonymized, KINECT)]
    assert HeatScale(moved, 'mm', 100.0).label == '≥ 100 mm'
    np.testing.assert_array_equal(
        HeatScale(moved, 'mm', 100.0).colors(moved[0])[0, [4, 7], HAND], [HEAT_COLORS(1.0)] * 2
    )
    assert HeatScale(moved, 'mm', 500.0).label == '500 mm'
    assert HeatScale([np.zeros((1, 2, 3))], 'mm').top == 1
    assert HeatScale([np.array([123.4])], 'mm').top == 130
    with pytest.raises(ValueError, match='heat_max must be a positive number of mm, found -1'):
        HeatScale(moved, 'mm', -1)


def test_displacement_is_a_distance_in_mm_and_unknown_without_a_counterpart():
    both = clip_of(persons=2)
    other = both + [0.003, 0.004, 0]
    other[0, 1] = 0
    moved = displacement(both, other, KINECT)
    assert np.isnan(moved[0, 1]).all()
    np.testing.assert_allclose(moved[0, 0], 5)
    np.testing.assert_allclose(moved[1], 5)
    assert np.isnan(displacement(both[:1], other, KINECT)[1]).all()
    pixels = both[..., :2]
    np.testing.assert_allclose(displacement(pixels, pixels + [3, 4], get_layout('coco')), 5)


def test_a_joint_that_is_not_there_is_neither_drawn_nor_measured():
    """Absent joints are zero, which in camera space is a place some metres in front of everybody."""
    clip = clip_of()
    lacking = clip.copy()
    lacking[0, :4, HAND] = 0
    other = lacking + [0.003, 0.004, 0]
    other[0, :, HAND] = 0
    other[0, 2, HAND] = 1  # filled in by the method: no distance from nowhere
    scene = make_scene(lacking, lacking, KINECT, view='side', marks=Marks(heat=True))
    whole = make_scene(clip, clip, KINECT, view='side')
    np.testing.assert_array_equal(scene.limits, whole.limits)
    panel = scene.panel(Figure().add_axes((0, 0, 1, 1)), 1.0)
    drawn = []
    for frame in (3, 4):
        scene.show(panel, 1, frame)
        bodies, ghost = panel.lines.get_segments()[1::2], panel.ghost.get_segments()
        drawn.append([sum(len(ends) == 2 for ends in part) for part in (bodies, ghost)])
        joints = np.ma.filled(panel.dots.get_offsets(), np.nan)
        assert np.isfinite(joints).all(-1).sum() == 20 - (frame == 3)
    assert drawn == [[18, 18], [19, 19]]
    moved = displacement(lacking, other, KINECT)
    assert np.isnan(moved[0, :, HAND]).all()
    np.testing.assert_allclose(np.delete(moved, HAND, 2), 5)


def test_in_body_space_the_centre_joint_is_there_at_zero():
    clip = clip_of() * [1, 1, 0]
    clip[0, :, KINECT.center] = 0
    clip[0, :, HAND] = 0
    for up, absent in (('z', [HAND]), ('y', sorted([HAND, KINECT.center]))):
        scene = make_scene(clip, clip, KINECT, up=up)
        assert np.flatnonzero(np.isnan(scene.camera.points[0][0, 0, :, 0])).tolist() == absent
        moved = displacement(clip, clip, KINECT, up)
        assert np.flatnonzero(np.isnan(moved[0, 0])).tolist() == absent


def test_the_scale_grows_darker_and_stands_out_from_the_paper():
    """Order by lightness is seen with every colour vision."""
    rgb = HEAT_COLORS(np.linspace(0, 1, 32))[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) < 0).all()
    assert (0.9 + 0.05) / (luminance[0] + 0.05) > 1.8 > 1 < luminance[0] / luminance[-1]


def test_a_path_appears_behind_the_joint_and_reaches_back_as_far_as_told():
    original, anonymized = moved_hand(frames=20, by=1.0)
    without = make_scene(original, anonymized, KINECT)
    with_path = make_scene(original, anonymized, KINECT, marks=Marks(trajectories=['left_hand']))
    assert with_path.limits == without.limits
    ends, shades = with_path._paths(1, 19)
    assert len(ends) == 2 * 19
    path = ends[19:]
    np.testing.assert_allclose(path[:, 1, 1], anonymized[0, 1:, HAND, 1])
    assert (np.diff(shades[19:, 3]) > 0).all() and shades[-1, 3] == 1
    np.testing.assert_allclose(shades[:19, :3], [to_rgb(GHOST_COLOR)] * 19)
    short = make_scene(original, anonymized, KINECT, marks=Marks(trajectories=[HAND], trail=5))
    assert len(short._paths(0, 19)[0]) == 5 and not len(short._paths(0, 0)[0])


def test_paths_are_seen_in_the_picture():
    # Both stand on the same axes; the hand swings far out, where there is nothing else.
    clip = clip_of(frames=12)
    clip[0, :, HAND, 0] = 2 + np.linspace(0, 1, 12)
    marks = Marks(trajectories=['left_hand'])
    (bare,) = make_scene(clip, clip, KINECT).film(None, [11])
    (drawn,) = make_scene(clip, clip, KINECT, marks=marks).film(None, [11])
    assert count(panels(drawn, 2)[0], BLUE, 60) > count(panels(bare, 2)[0], BLUE, 60) + 5
    assert (panels(bare, 2)[0] != panels(drawn, 2)[0]).any()


def test_a_path_is_broken_where_nobody_was_there():
    points = np.zeros((1, 5, 1, 2)) + np.arange(5)[:, None, None]
    present = np.array([[True, True, False, True, True]])
    ends, shades = path_segments(points, present, np.ones((1, 5, 1, 4)))
    np.testing.assert_array_equal(ends[:, :, 0], [[0, 1], [3, 4]])
    assert shades.shape == (2, 4)


def test_joints_are_found_by_name_and_index():
    assert joint_indices(['left_hand', '0', 7, 'head'], KINECT) == [HAND, 0]
    for wrong in ('left_paw', '20', '-1'):
        with pytest.raises(ValueError, match=f"no joint '{wrong}': choose among head, .*0 to 19"):
            joint_indices([wrong], KINECT)


def test_over_leaves_the_original_as_a_ghost_only():
    clip = clip_of()
    beside, over = (
        next(make_scene(clip, clip + [0.2, 0, 0], KINECT, marks=Marks(a)).film(None, [0]))
        for a in ('beside', 'over')
    )
    assert over.shape[1] < 0.6 * beside.shape[1]
    assert count(over[40:-90], GHOST) > 100 and count(over[40:-90], BLUE) > 100


def test_several_methods_have_a_panel_each_and_wrap():
    clip = clip_of()
    methods = {f'method {i}': clip + [0.1 * i, 0, 0] for i in range(1, 6)}
    sizes = [
        next(make_scene(clip, dict(list(methods.items())[:n]), KINECT).film(None, [0])).shape
        for n in (1, 3, 5)
    ]
    assert sizes[1][1] > 1.5 * sizes[0][1] and sizes[2][0] > 1.5 * sizes[1][0]
    figure = make_scene(clip, methods, KINECT, fps=None).contact_sheet(None, 2)
    texts = [text.get_text() for text in figure.texts]
    assert {'original', *methods, 'frame 0', 'frame 7'} <= set(texts)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(arrangement='under'), "arrangement must be one of .*found 'under'"),
        (dict(trail=0), 'trail must be at least 1 frame, found 0'),
    ],
)
def test_unknown_marks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Marks(**arguments)


def test_flat_clips_have_no_turntable_and_methods_are_named():
    flat = clip_of()[..., :2][:, :, :17]
    with pytest.raises(ValueError, match='only be seen from the front'):
        make_scene(flat, flat, get_layout('coco'), view='turntable')
    with pytest.raises(ValueError, match='the clip of unet has 17 joints'):
        make_scene(clip_of(), dict(unet=clip_of()[:, :, :17]), KINECT)
    with pytest.raises(ValueError, match='8 frames, that of unet 7.*tools/viewer.py'):
        make_scene(clip_of(), dict(unet=clip_of(frames=7)), KINECT)
    with pytest.raises(ValueError, match='no anonymized clip'):
        make_scene(clip_of(), {}, KINECT)
