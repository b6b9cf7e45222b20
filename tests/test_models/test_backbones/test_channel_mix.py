# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import torch

from mmskanon.models.backbones.channel_mix import as_autocast, mix_channels


def test_channels_are_mixed_as_by_a_convolution():
    x, weight, bias = torch.randn(3, 4, 5, 2), torch.randn(6, 3), torch.randn(6)
    out = mix_channels(x, weight, bias).view(6, 4, 5, 2)
    expected = torch.nn.functional.conv2d(x[None].flatten(2, 3), weight[..., None, None], bias)
    torch.testing.assert_close(out, expected.view(6, 4, 5, 2))


def test_types_are_those_of_a_product_under_autocast():
    single, half = torch.randn(2, 2), torch.randn(2, 2).bfloat16()
    assert as_autocast(single, single)[0] is single
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert [t.dtype for t in as_autocast(single, half)] == [torch.bfloat16] * 2
        assert [t.dtype for t in as_autocast(half, single)] == [torch.bfloat16] * 2
        assert as_autocast(single.double())[0].dtype == torch.float64
