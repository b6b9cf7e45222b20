# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Normalization as tensor operations equals the NumPy one, with its inverse, for every way to centre and to turn."""

import doctest

import numpy as np
import pytest
import torch
from exportable import ARM, ready
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.apis import anonymize_skeletons
from mmskanon.deployment import CameraSpaceAnonymizer, camera_space, find_body_space
from mmskanon.deployment.made_up import made_up_clips
from mmskanon.skeletons import get_layout
from mmskanon.skeletons.geometry import check_normalization, normalize_skeleton
from mmskanon.skeletons.kinematics import joint_mask

LAYOUT = get_layout(ARM)


@st.composite
def recordings(draw):
    """Few persons and frames with whatever is absent, some joints in one place, some bodies upside down."""
    persons, frames = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    clip = rng.normal(size=(persons, frames, 5, 3))
    clip[rng.random(clip.shape[:3]) < draw(st.sampled_from([0, 0.3, 0.8]))] = 0
    clip[rng.random(clip.shape[:2]) < draw(st.sampled_from([0, 0.3, 1]))] = 0
    special = draw(st.sampled_from(['none', 'same place', 'upside down', 'upright']))
    if special == 'same place':
        clip[:, :, 1] = clip[:, :, 0]
    elif special != 'none':
        clip[:, :, 1] = clip[:, :, 0] + [0, 0, -0.5 if special == 'upside down' else 0.5]
    return clip.astype(np.float32)


@settings(max_examples=150, deadline=None)
@given(
    recordings(),
    st.sampled_from(['first_frame', 'every_frame', None]),
    st.sampled_from([True, False, 'invariant']),
    st.sampled_from([None, 'hand']),
)
def test_body_space_is_that_of_normalize_skeleton(clip, center, rotate, joint):
    _, record = normalize_skeleton(clip, LAYOUT, center, joint, rotate)
    index = check_normalization(LAYOUT, center, joint)
    x = torch.from_numpy(clip)[None]
    origin, rotation = find_body_space(x.double(), joint_mask(x), LAYOUT, index, center, rotate)
    frames = clip.shape[1]
    np.testing.assert_allclose(
        np.broadcast_to(origin[0], (frames, 3)),
        np.broadcast_to(record['origin'], (frames, 3)),
        atol=1e-12,
    )
    np.testing.assert_allclose(rotation[0], record['rotation'], atol=1e-9)


@pytest.mark.parametrize(
    'normalization',
    [
        {},
        dict(center='every_frame'),
        dict(rotate='invariant'),
        dict(center=None, rotate=False),
        dict(center_joint='hand'),
    ],
    ids=str,
)
def test_camera_coordinates_in_and_out(normalization):
    anonymizer = ready('unet', normalization=normalization)
    clips = made_up_clips(LAYOUT, 3, 2, 17)
    expected = np.stack([anonymize_skeletons(anonymizer, clip) for clip in clips])
    made = CameraSpaceAnonymizer(anonymizer)(torch.from_numpy(clips)).numpy()
    np.testing.assert_allclose(made, expected, atol=1e-5)
    assert not made[clips == 0].any()
    assert np.abs(made - clips).max() > 0.01


def test_two_dimensional_skeletons_are_moved_and_not_turned():
    anonymizer = ready('resnet', layout='coco')
    clips = made_up_clips(get_layout('coco'), 2, 2, 9)
    expected = np.stack([anonymize_skeletons(anonymizer, clip) for clip in clips])
    made = CameraSpaceAnonymizer(anonymizer)(torch.from_numpy(clips)).numpy()
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-3)  # pixels


def test_example():
    results = doctest.testmod(camera_space)
    assert results.attempted >= 3 and results.failed == 0
