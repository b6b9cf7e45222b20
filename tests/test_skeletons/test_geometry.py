# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import doctest
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmaction.datasets.transforms import PreNormalize3D
from scipy.spatial.transform import Rotation

from mmskanon.skeletons import geometry
from mmskanon.skeletons.geometry import (
    body_mask,
    bone_lengths,
    denormalize_skeleton,
    normalize_skeleton,
)
from mmskanon.skeletons.layouts import get_layout

CENTERS = ('first_frame', 'every_frame', None)


def random_clip(seed=0, persons=2, frames=12, joints=25, dims=3, dtype=np.float32):
    """Walking blobs about 3 m from the camera, shape (M, T, V, C)."""
    rng = np.random.default_rng(seed)
    pose = rng.normal(scale=0.4, size=(persons, 1, joints, dims))
    drift = rng.normal(scale=0.03, size=(persons, frames, 1, dims)).cumsum(1)
    jitter = rng.normal(scale=0.01, size=(persons, frames, joints, dims))
    return (pose + drift + jitter + [0.3, -0.2, 3][:dims]).astype(dtype)


def read_skeleton_file(path):
    """Joint positions of a raw NTU RGB+D file, shape (M, T, 25, 3); absent persons are zero."""
    tokens = iter(path.read_text().split('\n'))
    frames = int(next(tokens))
    clip = np.zeros((2, frames, 25, 3), np.float32)
    for frame in range(frames):
        for body in range(int(next(tokens))):
            next(tokens)
            for joint in range(int(next(tokens))):
                clip[body, frame, joint] = [float(v) for v in next(tokens).split()[:3]]
    return clip


@pytest.mark.parametrize('seed', range(8))
@pytest.mark.parametrize('persons', [1, 2])
def test_equals_stock(persons, seed):
    clip = random_clip(seed, persons, dtype=np.float64)
    stock = PreNormalize3D()(dict(keypoint=clip.copy(), total_frames=clip.shape[1]))
    ours, record = normalize_skeleton(clip, 'nturgb+d')
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, stock['keypoint'], atol=1e-6)
    np.testing.assert_allclose(record['origin'][0], stock['body_center'], atol=1e-12)


@given(st.integers(0, 10_000), st.sampled_from(['nturgb+d', 'kinect_v1', 'coco', 'openpose']))
@settings(max_examples=40, deadline=None)
def test_invariant_turning_forgets_how_the_body_stood(seed, name):
    layout = get_layout(name)
    if layout.dims == 2:
        layout = replace(layout, name=f'{name}-3d', dims=3)
    clip = random_clip(seed, joints=layout.num_joints, dtype=np.float64)
    turn = Rotation.random(random_state=seed).as_matrix()
    plain, _ = normalize_skeleton(clip, layout, rotate='invariant')
    turned, record = normalize_skeleton(clip @ turn.T, layout, rotate='invariant')
    if layout.spine and layout.shoulders:
        np.testing.assert_allclose(turned, plain, atol=2e-6)
        low, high = layout.spine
        spine = turned[0, 0, high] - turned[0, 0, low]
        assert abs(spine[1]) < 1e-6 < spine[2]
    if layout.shoulders:
        right, left = (turned[0, 0, joint] for joint in layout.shoulders)
        np.testing.assert_allclose((right - left)[1:], 0, atol=1e-6)
        assert (right - left)[0] > 0
    np.testing.assert_allclose(record['rotation'] @ record['rotation'].T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(record['rotation']), 1)
    np.testing.assert_allclose(denormalize_skeleton(turned, record), clip @ turn.T, atol=2e-6)


def test_two_short_turns_remember_how_the_body_stood():
    clip = random_clip(5, dtype=np.float64)
    turn = Rotation.from_euler('x', 20, degrees=True).as_matrix()
    apart = (
        normalize_skeleton(clip @ turn.T, 'nturgb+d')[0] - normalize_skeleton(clip, 'nturgb+d')[0]
    )
    assert np.abs(apart).max() > 1e-4


def test_invariant_turning_without_a_spine_is_the_plain_one():
    clip = random_clip(6)
    clip[:, :, get_layout('nturgb+d').spine[0]] = 0
    plain, _ = normalize_skeleton(clip, 'nturgb+d')
    np.testing.assert_array_equal(
        normalize_skeleton(clip, 'nturgb+d', rotate='invariant')[0], plain
    )


def test_unknown_way_to_turn_is_refused():
    with pytest.raises(
        ValueError, match="rotate must be True, False or 'invariant', found 'twice'"
    ):
        normalize_skeleton(random_clip(), 'nturgb+d', rotate='twice')


def test_equals_stock_where_the_second_person_comes_and_goes():
    clip = random_clip(3, dtype=np.float64)
    clip[1, 4:9] = 0
    clip[1, 10, 7] = 0
    stock = PreNormalize3D()(dict(keypoint=clip.copy()))['keypoint']
    np.testing.assert_allclose(normalize_skeleton(clip, 'nturgb+d')[0], stock, atol=1e-6)


def test_empty_frames_and_persons_keep_their_place():
    clip = random_clip(4, dtype=np.float64)
    clip[0, :5] = 0
    ours, _ = normalize_skeleton(clip, 'nturgb+d')
    # Stock drops the frames without the main person and puts the second person first.
    stock = PreNormalize3D()(dict(keypoint=clip.copy()))['keypoint']
    assert ours.shape == clip.shape
    np.testing.assert_allclose(ours[::-1], stock, atol=1e-6)
    clip[1, 6] = 0
    clip[0, 7:] = 0
    ours, record = normalize_skeleton(clip, 'nturgb+d')
    assert not ours[1, 6].any() and not ours[0, 7:].any()
    np.testing.assert_allclose(record['origin'], clip[1, :1, 1])


@pytest.mark.parametrize('layout', ['nturgb+d', 'kinect_v1'])
def test_body_stands_upright_and_faces_front(layout):
    layout = get_layout(layout)
    clip = random_clip(5, joints=layout.num_joints)
    body, record = normalize_skeleton(clip, layout)
    np.testing.assert_allclose(body[0, 0, layout.center], 0, atol=2e-7)
    right, left = (body[0, 0, j] for j in layout.shoulders)
    np.testing.assert_allclose((right - left)[1:], 0, atol=1e-6)
    assert right[0] > left[0]
    rotation = record['rotation']
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    # Where the shoulders are level, both directions are exact.
    low, high = layout.spine
    clip[0, 0, layout.shoulders[0]] = clip[0, 0, high] + [0.2, 0, 0]
    clip[0, 0, layout.shoulders[1]] = clip[0, 0, high] - [0.2, 0, 0]
    clip[0, 0, low] = clip[0, 0, high] + [0, -0.3, 0.4]
    body, _ = normalize_skeleton(clip, layout)
    np.testing.assert_allclose(body[0, 0, high] - body[0, 0, low], [0, 0, 0.5], atol=1e-6)
    right, left = (body[0, 0, j] for j in layout.shoulders)
    np.testing.assert_allclose(right - left, [0.4, 0, 0], atol=1e-6)


def test_every_frame_centres_each_frame_and_turns_once():
    clip = random_clip(6)
    body, record = normalize_skeleton(clip, 'nturgb+d', 'every_frame')
    np.testing.assert_allclose(body[0, :, 1], 0, atol=2e-7)
    assert record['origin'].shape == (12, 3)
    first, first_record = normalize_skeleton(clip, 'nturgb+d', 'first_frame')
    np.testing.assert_array_equal(record['rotation'], first_record['rotation'])
    np.testing.assert_allclose(body, first - first[0, :, 1][None, :, None], atol=1e-6)


def test_every_frame_keeps_the_last_origin_where_the_reference_is_absent():
    clip = random_clip(7)
    clip[0, [0, 1, 5, 6]] = 0
    clip[1, :7] = 0
    _, record = normalize_skeleton(clip, 'nturgb+d', 'every_frame')
    expected = clip[0, [2, 2, 2, 3, 4, 4, 4, 7, 8, 9, 10, 11], 1]
    np.testing.assert_array_equal(record['origin'], expected)


def test_centre_joint_by_index_and_by_name():
    clip = random_clip(8)
    by_index, _ = normalize_skeleton(clip, 'nturgb+d', center_joint=3)
    by_name, _ = normalize_skeleton(clip, 'nturgb+d', center_joint='head')
    np.testing.assert_array_equal(by_index, by_name)
    np.testing.assert_allclose(by_index[0, 0, 3], 0, atol=2e-7)


def test_without_centring_and_without_turning():
    clip = random_clip(9)
    same, record = normalize_skeleton(clip, 'nturgb+d', center=None, rotate=False)
    np.testing.assert_array_equal(same, clip)
    np.testing.assert_array_equal(record['rotation'], np.eye(3))
    moved, _ = normalize_skeleton(clip, 'nturgb+d', rotate=False)
    np.testing.assert_allclose(moved, clip - clip[0, 0, 1], atol=1e-6)


def test_absent_centre_joint():
    clip = random_clip(10)
    clip[0, :3, 1] = 0
    _, record = normalize_skeleton(clip, 'nturgb+d')
    np.testing.assert_array_equal(record['origin'], clip[0, 3:4, 1])
    clip[0, :, 1] = 0
    body, record = normalize_skeleton(clip, 'nturgb+d')
    seen = np.delete(clip[0, 0].astype(np.float64), 1, axis=0)
    np.testing.assert_allclose(record['origin'][0], seen.mean(0))
    assert not body[0, :, 1].any()
    assert normalize_skeleton(clip, 'nturgb+d', 'every_frame')[1]['origin'].shape == (1, 3)


def test_a_direction_with_an_absent_joint_turns_nothing():
    clip = random_clip(11)
    clip[:, :, [0, 8]] = 0
    np.testing.assert_array_equal(normalize_skeleton(clip, 'nturgb+d')[1]['rotation'], np.eye(3))


@pytest.mark.parametrize('sign', [1, -1])
def test_body_along_its_axes(sign):
    clip = random_clip(12, persons=1, frames=1, dtype=np.float64)
    clip[0, 0, 1] = clip[0, 0, 0] + [0, 0, sign * 0.5]
    clip[0, 0, 8] = clip[0, 0, 4] + [sign * 0.5, 0, 0]
    body, _ = normalize_skeleton(clip, 'nturgb+d')
    np.testing.assert_allclose(body[0, 0, 1] - body[0, 0, 0], [0, 0, 0.5], atol=1e-6)
    np.testing.assert_allclose(body[0, 0, 8] - body[0, 0, 4], [0.5, 0, 0], atol=1e-6)


def test_nearly_opposite_direction_still_gives_a_rotation():
    clip = random_clip(13, persons=1, frames=1, dtype=np.float64)
    for tilt in (1e-2, 1e-4, 1e-5, 1e-7, 1e-9):
        clip[0, 0, 1] = clip[0, 0, 0] + [tilt, 0, -0.5]
        _, record = normalize_skeleton(clip, 'nturgb+d')
        rotation = record['rotation']
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)


def test_two_dimensional_skeletons_are_moved_only():
    clip = random_clip(14, joints=17, dims=2)
    scored = np.concatenate([clip, np.full((2, 12, 17, 1), 0.7, np.float32)], axis=-1)
    scored[1, 3, 5, :2] = 0
    body, record = normalize_skeleton(scored, 'coco')
    np.testing.assert_allclose(body[0, ..., :2], clip[0] - clip[0, 0, 0], atol=1e-6)
    np.testing.assert_array_equal(body[..., 2], scored[..., 2])
    assert not body[1, 3, 5, :2].any()
    np.testing.assert_allclose(denormalize_skeleton(body, record), scored, atol=1e-6)
    flat, _ = normalize_skeleton(random_clip(14, dims=2), 'nturgb+d')
    assert flat.shape == (2, 12, 25, 2)


def test_empty_clip_stays_empty():
    clip = np.zeros((2, 5, 25, 3), np.float32)
    for center in CENTERS:
        body, record = normalize_skeleton(clip, 'nturgb+d', center)
        assert not body.any()
        assert not denormalize_skeleton(body, record).any()


@given(
    seed=st.integers(0, 2**32 - 1),
    persons=st.integers(1, 3),
    frames=st.integers(1, 6),
    layout=st.sampled_from(['nturgb+d', 'kinect_v1', 'coco']),
    center=st.sampled_from(CENTERS),
    rotate=st.booleans(),
    absent=st.sampled_from([0.0, 0.1, 0.9, 1.0]),
)
@settings(max_examples=150, deadline=None)
def test_inverse_is_exact_and_absence_is_kept(
    seed, persons, frames, layout, center, rotate, absent
):
    layout = get_layout(layout)
    rng = np.random.default_rng(seed)
    clip = rng.uniform(-3.9, 3.9, size=(1, 1, 1, layout.dims)) + rng.uniform(
        -2, 2, size=(persons, frames, layout.num_joints, layout.dims)
    )
    clip[rng.random(clip.shape[:3]) < absent] = 0
    clip[rng.random(clip.shape[:2]) < absent / 2] = 0
    clip = clip.astype(np.float32)
    before = clip.copy()
    body, record = normalize_skeleton(clip, layout, center, rotate=rotate)
    back = denormalize_skeleton(body, record)
    np.testing.assert_array_equal(clip, before)
    assert body.dtype == back.dtype == np.float32
    gone = ~(clip != 0).any(-1)
    assert not body[gone].any() and not back[gone].any()
    # Not even minus zero.
    assert not np.signbit(body[gone]).any() and not np.signbit(back[gone]).any()
    # Present joints do not vanish, not even the one at the origin.
    assert (body != 0).any(-1)[~gone].all() and (back != 0).any(-1)[~gone].all()
    np.testing.assert_allclose(back, clip, atol=1e-6, rtol=0)


def test_inverse_on_real_recordings(ntu_samples_dir):
    paths = sorted(ntu_samples_dir.glob('*.skeleton'))
    assert paths
    for path in paths:
        clip = read_skeleton_file(path)
        for center in CENTERS:
            body, record = normalize_skeleton(clip, 'nturgb+d', center)
            np.testing.assert_allclose(denormalize_skeleton(body, record), clip, atol=1e-6, rtol=0)
            np.testing.assert_allclose(
                bone_lengths(body, 'nturgb+d'), bone_lengths(clip, 'nturgb+d'), atol=2e-6
            )


def test_half_precision_comes_back_to_the_bit():
    clip = random_clip(15, dtype=np.float16)
    body, record = normalize_skeleton(clip, 'nturgb+d')
    np.testing.assert_array_equal(denormalize_skeleton(body, record).astype(np.float16), clip)


def test_denormalize_moves_changes_into_camera_space():
    clip = random_clip(16)
    body, record = normalize_skeleton(clip, 'nturgb+d')
    back = denormalize_skeleton(body + np.float32([0, 0, 0.1]), record)
    step = (back - clip).reshape(-1, 3)
    np.testing.assert_allclose(np.linalg.norm(step, axis=1), 0.1, atol=1e-5)
    np.testing.assert_allclose(
        step, np.tile(record['rotation'][2] * 0.1, (len(step), 1)), atol=1e-5
    )


def test_bone_lengths_against_a_loop():
    layout = get_layout('nturgb+d')
    clip = random_clip(17)
    clip[1, 3, 4] = 0
    lengths = bone_lengths(clip, layout)
    assert lengths.shape == (2, 12, 25)
    for joint, parent in enumerate(layout.parents):
        expected = np.sqrt(((clip[:, :, joint] - clip[:, :, parent]) ** 2).sum(-1))
        if 4 in (joint, parent):
            expected[1, 3] = 0
        np.testing.assert_allclose(lengths[:, :, joint], expected, rtol=1e-5)


def test_bone_lengths_leave_scores_out():
    clip = random_clip(18, joints=17, dims=2)
    scored = np.concatenate([clip, np.random.default_rng(0).random((2, 12, 17, 1))], axis=-1)
    np.testing.assert_allclose(bone_lengths(scored, 'coco'), bone_lengths(clip, 'coco'), rtol=1e-6)


def test_body_mask():
    clip = np.zeros((2, 3, 25, 3))
    clip[0, 1, 7, 2] = -0.5
    assert body_mask(clip).tolist() == [[False, True, False], [False, False, False]]


def test_errors_name_what_was_found():
    clip = random_clip()
    with pytest.raises(ValueError, match=r'25 joints.*kinect_v1.*20'):
        normalize_skeleton(clip, 'kinect_v1')
    with pytest.raises(ValueError, match=r'\(12, 25, 3\)'):
        normalize_skeleton(clip[0], 'nturgb+d')
    with pytest.raises(ValueError, match='at least 2 coordinates'):
        normalize_skeleton(clip[..., :1], 'nturgb+d')
    with pytest.raises(ValueError, match="'last_frame'"):
        normalize_skeleton(clip, 'nturgb+d', 'last_frame')
    for joint in (25, -1, 'tail', 1.5):
        with pytest.raises(ValueError, match='center_joint must be 0 to 24'):
            normalize_skeleton(clip, 'nturgb+d', center_joint=joint)
    body, record = normalize_skeleton(clip, 'nturgb+d')
    with pytest.raises(ValueError, match=r'\(2, 12, 25\).*\(1, 12, 25\)'):
        denormalize_skeleton(body[:1], record)


def test_examples():
    results = doctest.testmod(geometry)
    assert results.attempted >= 4 and results.failed == 0
