# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import doctest

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.skeletons import LAYOUTS, get_layout, kinematics
from mmskanon.skeletons.kinematics import (
    bone_vectors,
    complete_directions,
    fill_absent_joints,
    forward_kinematics,
    inverse_kinematics,
    set_bone_lengths,
    split_length,
)

CHAIN = get_layout(dict(joints=list('abcd'), parents=[0, 0, 1, 2], center=2))
# The root stands last and the order of the joints is not that of the tree.
MIXED = get_layout(dict(joints=list('abcde'), parents=[2, 0, 4, 2, 4], center=0))


@st.composite
def trees(draw):
    """A random tree of up to 30 joints whose numbers are shuffled."""
    size = draw(st.integers(1, 30))
    above = [0] + [draw(st.integers(0, j - 1)) for j in range(1, size)]
    order = draw(st.permutations(range(size)))
    parents = [0] * size
    for joint, parent in enumerate(above):
        parents[order[joint]] = order[parent]
    return get_layout(dict(joints=[f'j{i}' for i in range(size)], parents=parents, center=0))


@settings(max_examples=60, deadline=None)
@given(trees(), st.integers(0, 2**31), st.sampled_from([1e-3, 1.0, 4.0]))
def test_round_trip(layout, seed, scale):
    x = torch.randn(2, 3, layout.num_joints, 3, generator=torch.Generator().manual_seed(seed))
    x = x * scale
    x[0, 0, layout.num_joints // 2] = x[0, 0, layout.parents[layout.num_joints // 2]]
    root, directions, lengths = inverse_kinematics(x, layout)
    assert torch.equal(root, x[..., layout.root, :])
    back = forward_kinematics(root, directions, lengths, layout)
    assert back.dtype == torch.float32
    assert (back - x).abs().max() < 1e-5
    norms = directions.norm(dim=-1)
    assert ((norms - 1).abs() < 1e-5).logical_or(norms == 0).all()
    assert not norms[..., layout.root].any() and not lengths[..., layout.root].any()


@pytest.mark.parametrize('layout', [*LAYOUTS.values(), CHAIN, MIXED], ids=lambda x: x.name)
def test_forward_kinematics_equals_a_walk_through_the_tree(layout):
    rng = np.random.default_rng(0)
    num = layout.num_joints
    root = rng.normal(size=(4, layout.dims))
    directions = rng.normal(size=(4, num, layout.dims))
    lengths = rng.uniform(0.1, 1, num)
    expected = np.zeros_like(directions)
    for clip in range(4):
        for joint in range(num):
            position, at = root[clip].copy(), joint
            while at != layout.root:
                position += lengths[at] * directions[clip, at]
                at = layout.parents[at]
            expected[clip, joint] = position
    made = forward_kinematics(*map(torch.from_numpy, (root, directions, lengths)), layout)
    np.testing.assert_allclose(made.numpy(), expected, atol=1e-12)


def test_gradients_are_finite_where_a_bone_has_no_length():
    x = torch.randn(3, 25, 3)
    x[0] = 0  # nobody
    x[1, 5] = x[1, 4]  # one bone of length zero
    x[2, 7] = x[2, 6] + 1e-20
    x.requires_grad_()
    root, directions, lengths = inverse_kinematics(x, 'nturgb+d')
    weights = torch.randn(25, 3)
    loss = (directions * weights).sum() + (lengths * weights[:, 0]).sum()
    (grad,) = torch.autograd.grad(loss + root.sum(), x)
    assert grad.isfinite().all()
    assert not torch.autograd.grad(split_length(x[0])[1].sum(), x, allow_unused=True)[0].any()


def test_gradients_equal_finite_differences():
    x = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)

    def bend(x):
        root, directions, lengths = inverse_kinematics(x, MIXED)
        return forward_kinematics(root, directions**2, lengths + 0.5, MIXED)

    assert torch.autograd.gradcheck(bend, x)


def test_short_bones_have_no_direction():
    vectors = torch.tensor([[2e-6, 0, 0], [0.9e-6, 0, 0], [0, 0, 0]])
    directions, lengths = split_length(vectors)
    torch.testing.assert_close(directions, torch.tensor([[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]))
    torch.testing.assert_close(lengths, torch.tensor([2e-6, 0, 0]))


def test_bone_vectors_of_a_chain():
    x = torch.tensor([[1.0, 0, 0], [1, 2, 0], [1, 2, 3], [5, 2, 3]])
    expected = torch.tensor([[0.0, 0, 0], [0, 2, 0], [0, 0, 3], [4, 0, 0]])
    assert torch.equal(bone_vectors(x, CHAIN), expected)


def test_an_absent_joint_lies_between_its_neighbours():
    x = torch.tensor([[1.0, 0, 0], [0, 0, 0], [3, 4, 0], [5, 5, 5]])
    filled = fill_absent_joints(x, CHAIN)
    assert torch.equal(filled[1], torch.tensor([2.0, 2, 0]))
    assert torch.equal(filled[[0, 2, 3]], x[[0, 2, 3]])


def test_absent_ends_and_runs_are_filled_from_what_is_there():
    x = torch.zeros(3, 4, 3)
    x[0, :2] = torch.tensor([[1.0, 0, 0], [2, 0, 0]])  # the last two are absent
    x[1, 3] = torch.tensor([7.0, 8, 9])  # all but the last
    filled = fill_absent_joints(x, CHAIN)
    assert torch.equal(filled[0, 2:], torch.tensor([[2.0, 0, 0], [2, 0, 0]]))
    assert torch.equal(filled[1], torch.tensor([7.0, 8, 9]).expand(4, 3))
    assert not filled[2].any()  # nobody stays nobody
    assert fill_absent_joints(filled[:2], CHAIN) is filled[:2] or torch.equal(
        fill_absent_joints(filled[:2], CHAIN), filled[:2]
    )


@pytest.mark.parametrize(
    'layout', [CHAIN, MIXED, get_layout('kinect_v1')], ids=['chain', 'mixed', 'kinect']
)
def test_a_recorded_graph_fills_whatever_is_absent(layout):
    class Fill(torch.nn.Module):
        def forward(self, x):
            return fill_absent_joints(x, layout)

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, layout.num_joints, 3, generator=generator)
    program = torch.export.export(Fill(), (x,))
    for share in (0.1, 0.5, 0.95):
        x = torch.randn(x.shape, generator=generator)
        x[torch.rand(x.shape[:2], generator=generator) < share] = 0
        torch.testing.assert_close(program.module()(x), fill_absent_joints(x, layout))
    x = torch.eye(layout.num_joints)[..., None].expand(-1, -1, 3)  # only one joint is there
    program = torch.export.export(Fill(), (x,))
    assert (program.module()(x) == 1).all()


def test_filling_passes_gradients_to_the_neighbours():
    x = torch.tensor([[1.0, 0, 0], [0, 0, 0], [3, 4, 0], [5, 5, 5]], requires_grad=True)
    (grad,) = torch.autograd.grad(fill_absent_joints(x, CHAIN)[1].sum(), x)
    assert torch.equal(grad[:, 0], torch.tensor([0.5, 0, 0.5, 0]))


def test_bones_without_direction_continue_the_one_before():
    directions = torch.zeros(2, 4, 3)
    directions[0, 1] = torch.tensor([1.0, 0, 0])
    completed = complete_directions(directions, CHAIN)
    assert torch.equal(completed[0, 1:], torch.tensor([1.0, 0, 0]).expand(3, 3))
    assert torch.equal(completed[1, 1:], torch.tensor([0, 0, 1.0]).expand(3, 3))
    given_one = directions[0].clone()
    given_one[3] = torch.tensor([0, -1.0, 0])
    assert torch.equal(complete_directions(given_one, CHAIN)[3], given_one[3])


def test_set_bone_lengths_holds_the_centre_joint_exactly():
    x = torch.randn(6, 4, 3)
    _, directions, _ = inverse_kinematics(x, CHAIN)
    lengths = torch.tensor([0.0, 0.5, 0.25, 2.0])
    made = set_bone_lengths(x, directions, lengths, CHAIN)
    assert torch.equal(made[:, 2], x[:, 2])
    _, after, measured = inverse_kinematics(made, CHAIN)
    torch.testing.assert_close(measured, lengths.expand(6, 4), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(after, directions, atol=1e-5, rtol=0)


def test_wrong_joint_count_names_both():
    for function in (
        lambda x: inverse_kinematics(x, 'kinect_v1'),
        lambda x: fill_absent_joints(x, 'kinect_v1'),
        lambda x: forward_kinematics(x[:, 0], x, x[..., 0], 'kinect_v1'),
    ):
        with pytest.raises(ValueError, match=r'25 joints.*kinect_v1.*20'):
            function(torch.zeros(2, 25, 3))
    with pytest.raises(KeyError, match="no skeleton layout is called 'martian'"):
        inverse_kinematics(torch.zeros(2, 25, 3), 'martian')


def test_examples():
    results = doctest.testmod(kinematics)
    assert results.attempted >= 4 and results.failed == 0
