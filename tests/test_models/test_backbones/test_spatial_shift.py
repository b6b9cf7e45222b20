# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch

from mmskanon.models.backbones.spatial_shift import (
    joint_roll_index,
    masked_roll_linear,
    roll_joints,
)


@pytest.mark.parametrize(('channels', 'joints'), [(3, 25), (64, 25), (7, 5), (1, 4), (9, 1)])
@pytest.mark.parametrize('inverse', [False, True])
def test_it_is_the_published_index(channels, joints, inverse):
    values = torch.randn(joints, channels)
    flat, sign = values.flatten(), -1 if inverse else 1
    expected = torch.empty(joints, channels)
    for v in range(joints):
        for c in range(channels):
            entry = (v * channels + c + sign * c * channels) % (joints * channels)
            expected[v, c] = flat[entry]
    rolled = values.t().flatten()[joint_roll_index(channels, joints, inverse)]
    assert torch.equal(rolled.view(channels, joints).t(), expected)


def test_one_undoes_the_other_and_is_its_gradient():
    index, inverse = joint_roll_index(6, 4), joint_roll_index(6, 4, inverse=True)
    x = torch.randn(6, 4, 3, 2, dtype=torch.float64, requires_grad=True)
    out = roll_joints(x, index, inverse)
    assert torch.equal(roll_joints(out, inverse, index), x)
    assert not torch.equal(out, x)
    assert torch.autograd.gradcheck(lambda x: roll_joints(x, index, inverse), x)


def test_the_fused_form_is_roll_mask_and_mixing():
    index, inverse = joint_roll_index(6, 4), joint_roll_index(6, 4, inverse=True)
    shapes = ((6, 4, 3, 2), (6, 4), (5, 6), (5,))
    tensors = [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes]
    x, mask, weight, bias = tensors
    masked = roll_joints(x, index, inverse) * mask[..., None, None]
    expected = torch.einsum('dc,cvtn->dvtn', weight, masked) + bias[:, None, None, None]
    torch.testing.assert_close(masked_roll_linear(*tensors, index, inverse), expected)
    assert torch.autograd.gradcheck(lambda *t: masked_roll_linear(*t, index, inverse), tensors)


@pytest.mark.parametrize('wanted', range(4))
def test_each_gradient_can_be_had_alone(wanted):
    index, inverse = joint_roll_index(6, 4), joint_roll_index(6, 4, inverse=True)
    shapes = ((6, 4, 3, 2), (6, 4), (5, 6), (5,))
    tensors = [torch.randn(s) for s in shapes]
    weight = torch.randn(5, 4, 3, 2)

    def grads(indices):
        leaves = [t.clone().requires_grad_(i in indices) for i, t in enumerate(tensors)]
        (masked_roll_linear(*leaves, index, inverse) * weight).sum().backward()
        return leaves[wanted].grad

    torch.testing.assert_close(grads([wanted]), grads(range(4)))
