# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.datasets.converters.synthetic_actions import PAIR_ACTIONS, SINGLE_ACTIONS
from mmskanon.datasets.converters.synthetic_body import (
    MIDDLE_ANGLES,
    PARENTS,
    SEGMENTS,
    SIDE_ANGLES,
    bone_offsets,
    pose_body,
)
from mmskanon.skeletons.layouts import get_layout


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_angles_keep_bones_and_stand_on_the_floor(data):
    names = [*MIDDLE_ANGLES, *(f'{name}_{side}' for name in SIDE_ANGLES for side in 'rl')]
    picked = data.draw(st.lists(st.sampled_from(names), unique=True))
    angles = {
        name: np.array(data.draw(st.lists(st.floats(-180, 180), min_size=3, max_size=3)))
        for name in picked
    }
    offsets = bone_offsets(np.full(len(SEGMENTS), data.draw(st.floats(-0.2, 0.2))))
    joints = pose_body(offsets, angles, 3)
    np.testing.assert_allclose(
        np.linalg.norm(joints - joints[:, list(PARENTS)], axis=-1),
        np.broadcast_to(np.linalg.norm(offsets, axis=-1), (3, 25)),
        atol=1e-9,
    )
    assert joints[:, [14, 15, 18, 19], 1].min() > -1e-9


def test_left_mirrors_right():
    right = pose_body(
        bone_offsets(np.zeros(10)),
        {'shoulder_abd_r': np.array([70.0]), 'shoulder_twist_r': np.array([50.0])},
        1,
    )
    left = pose_body(
        bone_offsets(np.zeros(10)),
        {'shoulder_abd_l': np.array([70.0]), 'shoulder_twist_l': np.array([50.0])},
        1,
    )
    layout = get_layout('nturgb+d')
    swap = np.arange(25)
    for one, other in layout.pairs:
        swap[one], swap[other] = other, one
    np.testing.assert_allclose(left[:, swap] * (-1, 1, 1), right, atol=1e-12)


def test_matches_the_layout():
    layout = get_layout('nturgb+d')
    assert layout.num_joints == len(PARENTS)
    offsets = bone_offsets(np.zeros(10))
    for one, other in layout.pairs:
        np.testing.assert_allclose(offsets[one] * (-1, 1, 1), offsets[other])


def test_programs_name_known_angles_and_waveforms():
    known = {
        *MIDDLE_ANGLES,
        *SIDE_ANGLES,
        *(f'{name}_{side}' for name in SIDE_ANGLES for side in 'rl'),
    }
    for action in (*SINGLE_ACTIONS.values(), *PAIR_ACTIONS.values()):
        assert set(action.moves) | set(action.partner or {}) <= known
