# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
from torch import nn

from mmskanon.models.backbones.row_batch_norm import RowBatchNorm, normalize_add_relu


def both(channels, dtype=torch.float64):
    """The stock layer and ours, with the same random parameters."""
    stock, ours = nn.BatchNorm1d(channels).to(dtype), RowBatchNorm(channels).to(dtype)
    with torch.no_grad():
        for p in stock.parameters():
            p.uniform_(0.5, 2)
    ours.load_state_dict(stock.state_dict())
    return stock, ours


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('shape', [(1, 6, 50), (1, 6, 2), (3, 6, 7), (5, 6)])
def test_it_is_batch_normalization(shape, training):
    layers = both(6)
    x = torch.randn(shape, dtype=torch.float64) * 3 + 5
    weight = torch.randn(shape, dtype=torch.float64)
    results = []
    for layer in layers:
        layer.train(training)
        own = x.clone().requires_grad_()
        for _ in range(2):
            out = layer(own)
        (out * weight).sum().backward()
        results.append([out, own.grad, *(p.grad for p in layer.parameters()), *layer.buffers()])
    for stock, ours in zip(*results, strict=True):
        torch.testing.assert_close(ours, stock)


def test_a_mean_far_from_zero_costs_little_precision():
    """A variance from the mean of squares would be wrong in the third digit here."""
    torch.manual_seed(0)
    x = torch.randn(1, 4, 1000) * 0.1 + 10
    exact = nn.functional.batch_norm(x.double(), None, None, training=True)
    assert (RowBatchNorm(4)(x).double() - exact).abs().max() < 1e-4


def test_any_strides_will_do():
    x = torch.randn(1, 5, 4).transpose(1, 2)
    torch.testing.assert_close(RowBatchNorm(4)(x), nn.BatchNorm1d(4)(x))


def test_one_value_a_channel_is_refused_in_training():
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        RowBatchNorm(3)(torch.randn(1, 3, 1))
    assert RowBatchNorm(3).eval()(torch.randn(1, 3, 1)).shape == (1, 3, 1)


def test_it_can_be_turned_into_synchronized_batch_normalization():
    net = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(RowBatchNorm(3)))
    assert isinstance(net[0], nn.SyncBatchNorm)


def test_skip_and_relu_are_added_without_touching_the_inputs():
    norm = RowBatchNorm(6)
    x = torch.randn(2, 3, 4, 5, requires_grad=True)
    skip = torch.randn(2, 3, 4, 5, requires_grad=True)
    before = x.detach().clone(), skip.detach().clone()
    out = normalize_add_relu(norm, x, skip)
    expected = torch.relu(nn.BatchNorm1d(6)(x.reshape(1, 6, 20)).view(x.shape) + skip)
    torch.testing.assert_close(out, expected)
    weight = torch.randn_like(out)
    for a, b in zip(
        torch.autograd.grad((out * weight).sum(), (x, skip)),
        torch.autograd.grad((expected * weight).sum(), (x, skip)),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
    assert torch.equal(x, before[0]) and torch.equal(skip, before[1])
