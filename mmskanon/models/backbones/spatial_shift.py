# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The spatial shift of Shift-GCN: channel c is rolled by c joints around the body, on tensors of shape (C, V, T, N)."""

import torch

from .channel_mix import as_autocast, mix_channels


def joint_roll_index(channels: int, joints: int, inverse: bool = False) -> torch.Tensor:
    """Rows of (C, V) after the spatial shift: channel c is rolled by c joints around the body.

    The original states it on the flattened (V, C) axis, as the entry ``v * C + c + c * C`` modulo ``V * C`` going in, and with
    ``- c * C`` going out; both are a roll of the joints.

    Args:
        channels (int): C.
        joints (int): V.
        inverse (bool): Whether to undo the roll. Defaults to False.

    Returns:
        Tensor: For each of the C * V rows the one to read, int64.
    """
    channel = torch.arange(channels)[:, None]
    joint = (torch.arange(joints) + (-channel if inverse else channel)) % joints
    return (channel * joints + joint).flatten()


def roll_joints(x: torch.Tensor, index: torch.Tensor, inverse_index: torch.Tensor) -> torch.Tensor:
    """Permute the (C, V) rows of a tensor.

    Args:
        x (Tensor): Shape (C, V, T, N).
        index (Tensor): From :func:`joint_roll_index`.
        inverse_index (Tensor): The inverse permutation.

    Returns:
        Tensor: Of the same shape.
    """
    return _RollJoints.apply(x, index, inverse_index)


def masked_roll_linear(
    x: torch.Tensor,
    mask: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    index: torch.Tensor,
    inverse_index: torch.Tensor,
) -> torch.Tensor:
    """Roll the joints, scale them by a mask and mix the channels.

    What lies between is computed again on the way back instead of being kept.

    Args:
        x (Tensor): Shape (C, V, T, N).
        mask (Tensor): Factor of each row after the roll, shape (C, V).
        weight (Tensor): Shape (D, C).
        bias (Tensor): Shape (D,).
        index (Tensor): From :func:`joint_roll_index`.
        inverse_index (Tensor): The inverse permutation.

    Returns:
        Tensor: Shape (D, V, T, N).
    """
    x, mask, weight, bias = as_autocast(x, mask, weight, bias)
    out = _MaskedRollLinear.apply(x, mask, weight, bias, index, inverse_index)
    return out.view(len(weight), *x.shape[1:])


def _permute_rows(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Permute the (C, V) rows of (C, V, T, N)."""
    return x.reshape(len(index), -1).index_select(0, index).view(x.shape)


class _RollJoints(torch.autograd.Function):
    """See :func:`roll_joints`."""

    @staticmethod
    def forward(ctx, x, index, inverse_index):
        ctx.save_for_backward(inverse_index)
        return _permute_rows(x, index)

    @staticmethod
    def backward(ctx, grad):
        return _permute_rows(grad, ctx.saved_tensors[0]), None, None


class _MaskedRollLinear(torch.autograd.Function):
    """See :func:`masked_roll_linear`."""

    @staticmethod
    def forward(ctx, x, mask, weight, bias, index, inverse_index):
        needs_x = any(ctx.needs_input_grad[1:3])
        ctx.save_for_backward(x if needs_x else None, mask, weight, index, inverse_index)
        ctx.shape = x.shape
        rolled = _permute_rows(x, index).mul_(mask[..., None, None])
        return mix_channels(rolled, weight, bias)

    @staticmethod
    def backward(ctx, grad):
        x, mask, weight, index, inverse_index = ctx.saved_tensors
        needs_x, needs_mask, needs_weight, needs_bias = ctx.needs_input_grad[:4]
        grad_x = grad_mask = grad_weight = grad_bias = None
        factor = mask[..., None, None]
        if needs_bias:
            grad_bias = grad.sum(1)
        if needs_mask or needs_weight:
            rolled = _permute_rows(x, index)
        if needs_x or needs_mask:
            between = (weight.t() @ grad).view(ctx.shape)
        if needs_mask:
            size = (mask.numel(), -1)
            grad_mask = torch.linalg.vecdot(between.view(size), rolled.view(size)).view(mask.shape)
        if needs_weight:
            grad_weight = grad @ rolled.mul_(factor).view(len(x), -1).t()
        if needs_x:
            grad_x = _permute_rows(between.mul_(factor), inverse_index)
        return grad_x, grad_mask, grad_weight, grad_bias, None, None
