# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmaction.models.utils import Graph

from mmskanon.skeletons import SkeletonLayout, get_layout


def arm(**changes) -> dict:
    return {
        'name': 'arms',
        'joints': ['neck', 'left', 'right'],
        'parents': [0, 0, 0],
        'pairs': [[1, 2]],
        'center': 0,
        **changes,
    }


def test_custom_layout_by_names_and_by_indices_is_one_layout():
    by_index = get_layout(arm(spine=[0, 1], shoulders=[2, 1], dims=2, unit='px'))
    by_name = get_layout(
        arm(
            parents=['neck', 'neck', 'neck'],
            pairs=[('left', 'right')],
            center='neck',
            spine=('neck', 'left'),
            shoulders=('right', 'left'),
            dims=2,
            unit='px',
        )
    )
    assert by_index == by_name and hash(by_index) == hash(by_name)
    assert by_index.graph_layout() == {'num_node': 3, 'inward': [(1, 0), (2, 0)], 'center': 0}
    assert by_index.bone_pairs == ((0, 0), (1, 0), (2, 0))
    assert by_index.mirror == (0, 2, 1)
    assert pickle.loads(pickle.dumps(by_index)) == by_index
    assert get_layout(by_index) is by_index


def test_bones_are_mirrored_only_where_both_ends_are():
    joints = ['neck', 'left', 'right', 'left_hand', 'right_hand']
    pairs = [(1, 2), (3, 4)]
    even = get_layout(arm(joints=joints, parents=[0, 0, 0, 1, 2], pairs=pairs))
    assert even.mirrored_bones == even.mirror == (0, 2, 1, 4, 3)
    crooked = get_layout(arm(joints=joints, parents=[0, 0, 0, 1, 0], pairs=pairs))
    assert crooked.mirrored_bones == (0, 2, 1, 3, 4)


def test_a_custom_layout_that_borrows_a_stock_name_keeps_its_own_graph():
    assert get_layout(arm(name='coco')).graph_layout()['num_node'] == 3


def test_layouts_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        get_layout('coco').center = 3


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'parents': [0, 0]}, '3 joints need 3 parents, found 2'),
        ({'parents': [0, 1, 0]}, r'own parent.*found 2: \[0, 1\]'),
        ({'parents': [1, 2, 0]}, 'found 0'),
        ({'parents': [0, 2, 1]}, 'run in a circle'),
        ({'parents': [0, 0, 3]}, 'parents is joint 3, expected 0 to 2'),
        ({'parents': [0, 0, 'hip']}, "'hip', which is not one of"),
        ({'parents': [0, 0, 0.5]}, 'joint index or a joint name, found 0.5'),
        ({'parents': [0, 0, True]}, 'found True'),
        ({'parents': 0}, 'parents must be a list'),
        ({'joints': ['neck', 'left', 'left']}, r"must differ, found \['left'\]"),
        ({'joints': []}, 'must be a list of names'),
        ({'joints': [0, 1, 2]}, 'must be a list of names'),
        ({'joints': 'abc'}, 'joints must be a list'),
        ({'pairs': [[1, 2], [2, 0]]}, r'one left/right pair only, found \[2\]'),
        ({'pairs': [[1, 1]]}, 'one left/right pair only'),
        ({'pairs': [[1]]}, 'pairs must be a pair of joints'),
        ({'pairs': [1, 2]}, 'pairs must be a pair of joints'),
        ({'center': -1}, 'center is joint -1, expected 0 to 2'),
        ({'spine': [1, 1]}, 'two different joints'),
        ({'shoulders': [0]}, 'shoulders must be a pair'),
        ({'dims': 4}, 'dims must be 2 or 3, found 4'),
        ({'unit': 'cm'}, "unit must be one of .* found 'cm'"),
        ({'bone_pairs': [[0, 0], [1, 0]]}, 'each of the 3 joints once'),
        ({'name': ''}, 'needs a name'),
        ({'colour': 'red'}, r"unknown keys \['colour'\]"),
    ],
)
def test_a_faulty_definition_is_refused_in_one_sentence(changes, message):
    with pytest.raises(ValueError, match=message) as error:
        get_layout(arm(**changes))
    assert '\n' not in str(error.value)


@st.composite
def trees(draw):
    """A random tree: each joint hangs on an earlier one, then all are renumbered."""
    num = draw(st.integers(1, 12))
    parents = [0] + [draw(st.integers(0, j - 1)) for j in range(1, num)]
    order = draw(st.permutations(range(num)))
    renumbered = [0] * num
    for joint, parent in enumerate(parents):
        renumbered[order[joint]] = order[parent]
    return renumbered


@given(trees(), st.data())
def test_any_tree_is_a_layout_and_any_cut_or_circle_is_none(parents, data):
    joints = [f'j{i}' for i in range(len(parents))]
    layout = SkeletonLayout(name='any', joints=joints, parents=parents, center=0)
    assert len(layout.graph_inward) == layout.num_joints - 1
    assert Graph(layout=layout.graph_layout(), max_hop=20).hop_dis.max() < np.inf
    if len(parents) > 1:
        joint = data.draw(st.sampled_from([j for j, p in enumerate(parents) if j != p]))
        broken = [*parents]
        broken[joint] = joint
        with pytest.raises(ValueError, match='own parent'):
            SkeletonLayout(name='any', joints=joints, parents=broken, center=0)
        ancestors, current = [], joint
        while parents[current] != current:
            ancestors.append(current)
            current = parents[current]
        broken = [*parents]
        broken[ancestors[-1]] = joint
        if ancestors[-1] != joint:
            with pytest.raises(ValueError, match='circle'):
                SkeletonLayout(name='any', joints=joints, parents=broken, center=0)
