# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.skeletons import get_layout
from mmskanon.skeletons.geometry import normalize_skeleton, to_body_space
from mmskanon.skeletons.stream_reference import StreamReference

LAYOUTS = ('nturgb+d', 'kinect_v1', 'coco')


def walk(layout, persons, frames, seed=0):
    rng = np.random.default_rng(seed)
    pose = rng.normal(scale=0.4, size=(persons, 1, layout.num_joints, layout.dims))
    drift = rng.normal(scale=0.03, size=(persons, frames, 1, layout.dims)).cumsum(1)
    return (pose + drift + 3).astype(np.float32)


def stream(clip, people=None, **options):
    """Origins and rotation after the last frame."""
    reference = StreamReference(**options)
    people = people or [list(range(len(clip)))] * clip.shape[1]
    origins = [reference.see(clip[:, t], people[t]) for t in range(clip.shape[1])]
    return reference.read(origins)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_is_that_of_the_whole_recording_once_the_centre_joint_was_seen(data):
    layout = get_layout(data.draw(st.sampled_from(LAYOUTS)))
    options = dict(
        layout=layout.name,
        center=data.draw(st.sampled_from(['first_frame', 'every_frame', None])),
        center_joint=data.draw(st.sampled_from([None, 3])),
        rotate=data.draw(st.sampled_from([True, False, 'invariant'])),
    )
    frames = data.draw(st.integers(1, 8))
    clip = walk(layout, 2, frames, data.draw(st.integers(0, 9)))
    joints = st.lists(st.booleans(), min_size=layout.num_joints, max_size=layout.num_joints)
    for t in range(frames):
        clip[0, t, ~np.array(data.draw(joints))] = 0
    # The second person is never there longer than the first one, and never earlier.
    there = clip[0].any((1, 2)) & np.array([data.draw(st.booleans()) for _ in range(frames)])
    clip[1, ~there] = 0
    if not clip.any():
        with pytest.raises(ValueError, match='nobody has been seen'):
            stream(clip, **options)
        return
    body, record = normalize_skeleton(clip, **options)
    origins, rotation = stream(clip, **options)
    np.testing.assert_allclose(rotation, record['rotation'], atol=1e-12)
    np.testing.assert_allclose(origins, np.broadcast_to(record['origin'], origins.shape), atol=1e-6)
    np.testing.assert_allclose(to_body_space(clip, origins, rotation)[0], body, atol=1e-6)


@pytest.mark.parametrize('center', ['first_frame', 'every_frame'])
def test_the_first_to_come_is_followed_from_row_to_row(center):
    layout = get_layout('kinect_v1')
    clip = walk(layout, 2, 6)
    clip[1, :2] = 0
    alone = normalize_skeleton(clip[:1], layout, center)[1]
    swapped, people = clip.copy(), [['a', 'b']] * 3 + [['b', 'a']] * 3
    swapped[:, 3:] = clip[::-1, 3:]
    origins, rotation = stream(swapped, people, layout=layout, center=center)
    np.testing.assert_allclose(rotation, alone['rotation'], atol=1e-12)
    np.testing.assert_allclose(origins, np.broadcast_to(alone['origin'], (6, 3)), atol=1e-6)


def test_until_the_centre_joint_comes_the_mean_of_the_first_frame_stands_in():
    layout = get_layout('kinect_v1')
    clip = walk(layout, 1, 4)
    clip[0, :3, layout.center] = 0
    reference = StreamReference(layout)
    for t in range(3):
        origin, _ = reference.read([reference.see(clip[:, t], [0])])
        seen = np.delete(clip[0, 0], layout.center, axis=0)
        np.testing.assert_allclose(origin, seen.mean(0)[None], atol=1e-6)
    origin, _ = reference.read([reference.see(clip[:, 3], [0])])
    np.testing.assert_allclose(origin, clip[0, 3, layout.center][None], atol=1e-6)
