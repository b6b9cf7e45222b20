# Copyright (c) mmskanon authors. Licensed under Apache-2.0.

import numpy as np
import pytest
from mmaction.datasets.transforms import JointToBone
from mmaction.models.utils import Graph

from mmskanon.skeletons import (
    LAYOUTS,
    check_graph_layout,
    check_joint_count,
    get_layout,
    guess_layout,
)

NUM_JOINTS = {
    'nturgb+d': 25,
    'kinect_v1': 20,
    'coco': 17,
    'openpose': 18,
    'openpose_25': 25,
    'mediapipe': 35,
}
STOCK = ('nturgb+d', 'coco', 'openpose')


def test_the_layouts_have_the_joints_their_data_sets_have():
    assert {name: layout.num_joints for name, layout in LAYOUTS.items()} == NUM_JOINTS


@pytest.mark.parametrize('name', LAYOUTS)
def test_every_joint_leads_to_the_root(name):
    layout = LAYOUTS[name]
    for joint in range(layout.num_joints):
        steps = 0
        while joint != layout.root:
            joint = layout.parents[joint]
            steps += 1
            assert steps < layout.num_joints


@pytest.mark.parametrize('name', LAYOUTS)
def test_mirror_is_an_involution_that_swaps_left_with_right_and_keeps_the_tree(name):
    layout = LAYOUTS[name]
    mirror = layout.mirror
    assert [mirror[j] for j in mirror] == list(range(layout.num_joints))
    for joint, other in enumerate(mirror):
        swapped = layout.joints[joint].replace('left', 'RIGHT').replace('right', 'left')
        assert layout.joints[other] == swapped.replace('RIGHT', 'right')
    for joint, parent in layout.bones:
        assert layout.parents[mirror[joint]] == mirror[parent]
    assert layout.mirrored_bones == mirror
    left = {pair[0] for pair in layout.pairs}
    assert all(layout.joints[j].startswith('left') for j in left)


@pytest.mark.parametrize('name', STOCK)
@pytest.mark.parametrize('mode', ['stgcn_spatial', 'spatial', 'binary_adj'])
def test_graph_equals_that_of_mmaction2(name, mode):
    layout = LAYOUTS[name]
    stock = Graph(layout=name, mode=mode)
    assert layout.graph_layout() == name
    assert stock.num_node == layout.num_joints
    assert set(stock.inward) == set(layout.graph_inward)
    assert stock.center == layout.graph_center
    ours = Graph(
        layout=dict(
            num_node=layout.num_joints,
            inward=list(layout.graph_inward),
            center=layout.graph_center,
        ),
        mode=mode,
    )
    np.testing.assert_array_equal(ours.A, stock.A)


@pytest.mark.parametrize('name', STOCK)
def test_bones_equal_those_of_mmaction2(name):
    assert set(LAYOUTS[name].bone_pairs) == {tuple(p) for p in JointToBone(dataset=name).pairs}


@pytest.mark.parametrize('mode', ['stgcn_spatial', 'spatial'])
def test_kinect_v1_gives_mmaction2_a_connected_graph_around_the_shoulder_centre(mode):
    layout = get_layout('kinect_v1')
    graph = Graph(layout=layout.graph_layout(), mode=mode, max_hop=20)
    assert graph.num_node == 20
    assert np.isfinite(graph.hop_dis).all()
    assert layout.joints[graph.center] == 'shoulder_center'
    assert not np.isnan(graph.A).any()


def test_kinect_v1_joint_order_of_utd_mhad():
    layout = get_layout('kinect_v1')
    assert layout.joints[:4] == ('head', 'shoulder_center', 'spine', 'hip_center')
    assert layout.joints[4:8] == ('left_shoulder', 'left_elbow', 'left_wrist', 'left_hand')
    assert layout.joints[16:] == ('right_hip', 'right_knee', 'right_ankle', 'right_foot')
    assert (layout.center, layout.spine, layout.shoulders) == (2, (3, 2), (8, 4))
    assert layout.dims == 3 and layout.unit == 'm'


def test_kinect_v1_order_fits_real_recordings(utd_dir):
    from scipy.io import loadmat

    layout = get_layout('kinect_v1')
    keypoint = loadmat(utd_dir / 'a27_s4_t1_skeleton.mat')['d_skel'].transpose(2, 0, 1)
    height = dict(zip(layout.joints, np.median(keypoint, axis=0)[:, 1], strict=True))
    order = ['head', 'shoulder_center', 'spine', 'hip_center', 'left_knee', 'left_foot']
    assert sorted(order, key=height.get, reverse=True) == order
    # A bone keeps its length while a wrong pair of joints does not.
    bones = [
        (a, b)
        for a, b in layout.bones
        if a != b and layout.joints[a].split('_')[-1] in ('knee', 'elbow')
    ]
    for joint, parent in bones:
        length = np.linalg.norm(keypoint[:, joint] - keypoint[:, parent], axis=-1)
        assert 0.15 < np.median(length) < 0.6
        assert np.std(length) < 0.15 * np.median(length)


def test_nturgbd_joints_used_for_normalization_are_those_of_the_paper():
    layout = get_layout('nturgb+d')
    assert layout.joints[layout.center] == 'spine_mid'
    assert (layout.center, layout.spine, layout.shoulders) == (1, (0, 1), (8, 4))


@pytest.mark.parametrize('name', LAYOUTS)
def test_shoulders_and_spine_point_the_right_way(name):
    layout = LAYOUTS[name]
    right, left = (layout.joints[j] for j in layout.shoulders)
    assert (right, left) == ('right_shoulder', 'left_shoulder')
    assert (layout.spine is None) == (layout.dims == 2)


def test_pixel_layouts_have_two_coordinates():
    assert {n: (a.dims, a.unit) for n, a in LAYOUTS.items() if a.dims == 2} == {
        'coco': (2, 'px'),
        'openpose': (2, 'px'),
        'openpose_25': (2, 'px'),
    }


def test_openpose_25_has_the_joints_of_openpose_and_the_feet():
    layout, small = get_layout('openpose_25'), get_layout('openpose')
    assert set(layout.joints) - set(small.joints) == {
        'mid_hip',
        *(f'{s}_{p}' for s in ('left', 'right') for p in ('big_toe', 'small_toe', 'heel')),
    }
    # BODY_25: neck 1, wrists 4 and 7, middle of the hips 8, ankles 11 and 14, ears 17 and 18, left toe 19, right heel 24.
    order = {1: 'neck', 4: 'right_wrist', 7: 'left_wrist', 8: 'mid_hip', 11: 'right_ankle'}
    order |= {14: 'left_ankle', 15: 'right_eye', 18: 'left_ear', 19: 'left_big_toe'}
    order |= {22: 'right_big_toe', 24: 'right_heel'}
    assert {index: layout.joints[index] for index in order} == order
    # Above the hips the bones are those of the 18 joints; the legs hang from the middle of the hips, and not from the shoulders.
    bones = {layout.joints[j]: layout.joints[p] for j, p in layout.bones}
    for joint, parent in small.bones:
        if 'hip' not in small.joints[joint]:
            assert bones[small.joints[joint]] == small.joints[parent]
    assert (bones['right_hip'], bones['mid_hip']) == ('mid_hip', 'neck')
    assert bones['left_small_toe'] == 'left_big_toe' and bones['left_heel'] == 'left_ankle'


def test_mediapipe_joint_order_and_the_two_joints_added():
    layout = get_layout('mediapipe')
    # The indices of the landmarks of the pose, 0 to 32, then the two midpoints.
    order = {0: 'nose', 1: 'left_eye_inner', 3: 'left_eye_outer', 4: 'right_eye_inner'}
    order |= {7: 'left_ear', 8: 'right_ear', 9: 'left_mouth', 11: 'left_shoulder'}
    order |= {12: 'right_shoulder', 15: 'left_wrist', 17: 'left_pinky', 19: 'left_index'}
    order |= {21: 'left_thumb', 23: 'left_hip', 26: 'right_knee', 29: 'left_heel'}
    order |= {32: 'right_foot_index', 33: 'mid_hip', 34: 'mid_shoulder'}
    assert {index: layout.joints[index] for index in order} == order
    bones = {layout.joints[j]: layout.joints[p] for j, p in layout.bones}
    assert bones['left_shoulder'] == bones['nose'] == 'mid_shoulder'
    assert bones['right_hip'] == bones['mid_shoulder'] == 'mid_hip' == layout.joints[layout.root]
    assert bones['left_thumb'] == 'left_wrist' and bones['right_foot_index'] == 'right_ankle'
    assert (layout.dims, layout.unit) == (3, 'm')


def test_what_is_missing_from_a_definition_is_named():
    with pytest.raises(ValueError, match=r"lacks \['center', 'parents'\]"):
        get_layout({'joints': ['a']})


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(KeyError, match="'ntu'.*'kinect_v1'.*'nturgb"):
        get_layout('ntu')
    with pytest.raises(TypeError, match='found int'):
        get_layout(25)


def test_joint_count_names_both_numbers_and_a_layout_that_fits():
    check_joint_count('kinect_v1', 20, 'train.pkl')
    with pytest.raises(ValueError, match="train.pkl has 20 joints.*'nturgb.d' has 25.*'kinect_v1'"):
        check_joint_count('nturgb+d', 20, 'train.pkl')
    with pytest.raises(ValueError, match='has 7 joints'):
        check_joint_count('nturgb+d', 7, 'train.pkl')


def test_graph_of_another_body_is_refused_naming_both_numbers():
    for name in LAYOUTS:
        check_graph_layout(name, get_layout(name).graph_layout(), 'recognizer')
    with pytest.raises(ValueError, match='graph of the recognizer has 25 joints.*has 20'):
        check_graph_layout('kinect_v1', 'nturgb+d', 'recognizer')
    with pytest.raises(ValueError, match='has 20 joints.*has 25'):
        check_graph_layout('nturgb+d', get_layout('kinect_v1').graph_layout(), 'recognizer')
    with pytest.raises(ValueError, match="no graph 'kinect_v1'"):
        check_graph_layout('kinect_v1', 'kinect_v1', 'recognizer')


@pytest.mark.parametrize(
    ('joints', 'layout'), [(25, 'nturgb+d'), (20, 'kinect_v1'), (17, 'coco'), (18, 'openpose')]
)
def test_layout_follows_from_the_joints(joints, layout):
    assert guess_layout(np.zeros((1, 2, joints, 3)), 'x') == layout


def test_of_two_layouts_with_as_many_joints_the_coordinates_decide():
    found = [guess_layout(np.zeros((1, 2, 25, coords)), 'x') for coords in (2, 3, 4)]
    assert found == ['openpose_25', 'nturgb+d', 'nturgb+d']


def test_unknown_number_of_joints_asks_for_a_layout():
    with pytest.raises(
        ValueError, match='x has 21 joints, which no known layout has .*kinect_v1 20'
    ):
        guess_layout(np.zeros((1, 2, 21, 3)), 'x')
    with pytest.raises(ValueError, match='shape'):
        guess_layout(np.zeros((2, 21, 3)), 'x')
