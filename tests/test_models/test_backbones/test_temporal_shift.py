# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shift_gcn_reference import bilinear_shift

from mmskanon.models.backbones.temporal_shift import linear_shift, linear_shift_linear


def by_loops(x, position, stride):
    """The definition, element by element, in float64."""
    C, V, T, N = x.shape
    out = torch.zeros(C, V, -(-T // stride), N, dtype=torch.float64)
    for c in range(C):
        start = math.floor(position[c])
        fraction = float(position[c]) - start
        for t in range(out.shape[2]):
            for frame, weight in ((start, 1 - fraction), (start + 1, fraction)):
                if 0 <= t * stride + frame < T:
                    out[c, :, t] += weight * x[c, :, t * stride + frame].double()
    return out


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(*(st.integers(1, n) for n in (4, 3, 9, 3))),
    stride=st.integers(1, 3),
    reach=st.sampled_from([0.0, 0.9, 4.0, 30.0]),
    whole=st.booleans(),
    seed=st.integers(0, 99),
)
def test_it_is_the_definition(shape, stride, reach, whole, seed):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=rng)
    position = (torch.rand(shape[0], generator=rng) * 2 - 1) * reach
    position = position.round() if whole else position
    out = linear_shift(x, position, stride)
    torch.testing.assert_close(out.double(), by_loops(x, position, stride))


@pytest.mark.parametrize('stride', [1, 2])
def test_it_is_the_compiled_operator_where_that_is_defined(stride):
    x = torch.randn(5, 3, 8, 2)
    position = torch.tensor([-9.7, -1.2, 0.0, 0.5, 3.3])
    reference = bilinear_shift(x.permute(3, 0, 2, 1).numpy(), [0.0] * 5, position.numpy(), stride)
    out = linear_shift(x, position + 0.5 * (stride - 1), stride)
    torch.testing.assert_close(
        out.permute(3, 0, 2, 1).double(), torch.from_numpy(reference), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize('stride', [1, 2, 3])
@pytest.mark.parametrize('frames', [1, 2, 5, 8])
def test_its_gradients_are_finite_differences(stride, frames):
    x = torch.randn(4, 2, frames, 3, dtype=torch.float64, requires_grad=True)
    position = torch.tensor([-2.3, -0.4, 0.6, 1.5], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, p: linear_shift(x, p, stride), (x, position))


def test_with_a_mixing_of_channels_it_is_the_two_after_each_other():
    x = torch.randn(4, 2, 6, 3, dtype=torch.float64, requires_grad=True)
    position = torch.tensor([-2.3, -0.4, 0.6, 1.5], dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(5, dtype=torch.float64, requires_grad=True)
    both = torch.einsum('dc,cvtn->dvtn', weight, linear_shift(x, position))
    out = linear_shift_linear(x, position, weight, bias)
    torch.testing.assert_close(out, both + bias[:, None, None, None])
    assert torch.autograd.gradcheck(linear_shift_linear, (x, position, weight, bias))


def signs(with_mixing):
    """The gradient of one offset up, one down and one that no frame depends on, by the authors' rule."""
    x = torch.arange(6.0).reshape(1, 1, 6, 1).repeat(3, 1, 1, 1) * torch.tensor([1.0, -1, 0]).view(
        3, 1, 1, 1
    )
    position = torch.full((3,), 0.5, requires_grad=True)
    if with_mixing:
        out = linear_shift_linear(x, position, torch.eye(3), torch.zeros(3), rule='sign')
    else:
        out = linear_shift(x, position, rule='sign')
    out[:, :, :4].sum().mul(1000).backward()
    return position.grad


@pytest.mark.parametrize('with_mixing', [False, True])
def test_the_authors_rule_keeps_only_the_sign(with_mixing):
    torch.testing.assert_close(signs(with_mixing), torch.tensor([0.01, -0.01, 0.0001]))


def test_the_rule_leaves_the_gradient_of_the_input_alone():
    x = torch.randn(2, 2, 6, 3, requires_grad=True)
    position = torch.tensor([0.3, -1.2], requires_grad=True)
    weight = torch.randn(2, 2, 6, 3)
    grads = [
        torch.autograd.grad((linear_shift(x, position, 1, rule) * weight).sum(), x)[0]
        for rule in ('gradient', 'sign')
    ]
    torch.testing.assert_close(*grads)


def test_nothing_is_kept_for_frozen_parameters():
    kept = []

    def pack(tensor):
        kept.append(tensor.numel())
        return tensor

    x = torch.randn(2, 2, 600, 3, requires_grad=True)
    weight, bias = torch.randn(2, 2), torch.randn(2)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        linear_shift_linear(linear_shift(x, torch.rand(2)), torch.rand(2), weight, bias)
    assert max(kept) <= 4


def test_half_precision_inputs_work():
    x = torch.randn(3, 2, 8, 2)
    position = torch.tensor([0.5, -1.25, 2.0])
    half = linear_shift(x.bfloat16(), position)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), linear_shift(x, position), atol=0.03, rtol=0.03)
