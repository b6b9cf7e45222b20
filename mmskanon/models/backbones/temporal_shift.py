# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The temporal shift of Shift-GCN: every channel is read at its own real offset.

Tensors have the channel first and the sample last, shape (C, V, T, N): C channels, V joints, T frames, N bodies (clips times persons).
A frame of a joint is then one row, and the shift a weighted sum of two rows, for which PyTorch has a kernel, ``embedding_bag``, that
takes little longer than a copy. ``benchmarks/shift_gcn.py`` measures it beside the forms that it was chosen from.
"""

import torch
import torch.nn.functional as F

from .channel_mix import as_autocast, mix_channels

RULES = ('sign', 'gradient')
"""How shift positions learn: by the sign of their gradient, as the authors of Shift-GCN train them, or by the gradient itself."""

SIGN_STEP = 0.01
ZERO_STEP = 0.0001


def linear_shift(
    x: torch.Tensor, position: torch.Tensor, stride: int = 1, rule: str = 'gradient'
) -> torch.Tensor:
    """Read every channel at its own real offset along the third axis, interpolating linearly, zero beyond both ends.

    ``out[c, :, t] = (1 - f) * x[c, :, t * stride + i] + f * x[c, :, t * stride + i + 1]`` with ``i = floor(position[c])`` and
    ``f = position[c] - i``, for the ``ceil(T / stride)`` values of t.

    Args:
        x (Tensor): Shape (C, V, T, N).
        position (Tensor): Offsets in frames, shape (C,).
        stride (int): Distance of the frames that are kept. Defaults to 1.
        rule (str): What reaches ``position`` on the way back: ``'gradient'``, or ``'sign'`` for the training rule of the authors'
            operator, 0.01 times the sign of the gradient, and 0.0001 where it is zero. Defaults to ``'gradient'``.

    Returns:
        Tensor: Shape (C, V, ceil(T / stride), N).

    Examples:
        >>> x = torch.arange(4.0).reshape(1, 1, 4, 1)
        >>> linear_shift(x, torch.tensor([0.25])).flatten()
        tensor([0.2500, 1.2500, 2.2500, 2.2500])
    """
    return _LinearShift.apply(x, position, stride, rule)


def linear_shift_linear(
    x: torch.Tensor,
    position: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    rule: str = 'gradient',
    relu: bool = False,
) -> torch.Tensor:
    """Shift as :func:`linear_shift` does, then mix the channels.

    What lies between is computed again on the way back instead of being kept.

    Args:
        x (Tensor): Shape (C, V, T, N).
        position (Tensor): Offsets in frames, shape (C,).
        weight (Tensor): Shape (D, C).
        bias (Tensor): Shape (D,).
        rule (str): See :func:`linear_shift`. Defaults to ``'gradient'``.
        relu (bool): Whether negative results become zero. Defaults to False.

    Returns:
        Tensor: Shape (D, V, T, N).
    """
    x, weight, bias = as_autocast(x, weight, bias)
    out = _LinearShiftLinear.apply(x, position, weight, bias, rule)
    out = out.relu_() if relu else out
    return out.view(len(weight), *x.shape[1:])


def _interpolate(
    rows: torch.Tensor, start: torch.Tensor, first: torch.Tensor, second: torch.Tensor
) -> torch.Tensor:
    """Weighted sums of two rows that follow each other.

    Args:
        rows (Tensor): Shape (C, V, T, N).
        start (Tensor): Frame of the first row, of any size, shape (C, S).
        first (Tensor): Its weight, shape (C, S).
        second (Tensor): Weight of the next frame, shape (C, S).

    Returns:
        Tensor: Shape (C, V, S, N). Rows beyond either end count as zero.
    """
    C, V, T, N = rows.shape
    frame = torch.stack([start, start + 1], -1)  # (C, S, 2)
    inside = (frame >= 0) & (frame < T)
    weights = torch.stack([first, second], -1).to(rows.dtype) * inside
    # One index a row, so of 32 bits: it is as large as the data where there is one body.
    base = torch.arange(C * V, device=rows.device, dtype=torch.int32).view(C, V, 1, 1) * T
    index = (base + frame.clamp(0, T - 1).int()[:, None]).view(-1, 2)
    weights = weights[:, None].expand(C, V, -1, 2).reshape(-1, 2)
    out = F.embedding_bag(index, rows.reshape(-1, N), per_sample_weights=weights, mode='sum')
    return out.view(C, V, -1, N)


def _points(x: torch.Tensor, position: torch.Tensor, stride: int) -> tuple:
    """Frame before each reading point, and the way from there to it; both of shape (C, S)."""
    whole = position.floor()
    steps = torch.arange(0, x.shape[2], stride, device=x.device)
    return whole.long()[:, None] + steps, (position - whole)[:, None].expand(-1, len(steps))


def _read(x: torch.Tensor, position: torch.Tensor, stride: int = 1) -> torch.Tensor:
    """What :func:`linear_shift` returns."""
    start, fraction = _points(x, position, stride)
    return _interpolate(x, start, 1 - fraction, fraction)


def _grad_of_input(
    grad: torch.Tensor, position: torch.Tensor, num_frames: int, stride: int = 1
) -> torch.Tensor:
    """Gradient that reaches the T = num_frames frames of x: the transpose of the shift."""
    whole = position.floor()
    fraction = (position - whole)[:, None]
    reach = torch.arange(num_frames, device=grad.device) - whole.long()[:, None]
    if stride == 1:
        fraction = fraction.expand_as(reach)
        return _interpolate(grad, reach - 1, fraction, 1 - fraction)
    # A frame is the first of the two that a point reads, or the second, or not read at all.
    as_first, as_second = reach % stride == 0, (reach - 1) % stride == 0
    start = torch.where(as_first, reach, reach - 1).div(stride, rounding_mode='floor')
    weight = (1 - fraction) * as_first + fraction * as_second
    return _interpolate(grad, start, weight, torch.zeros_like(weight))


def _grad_of_position(
    grad: torch.Tensor, x: torch.Tensor, position: torch.Tensor, stride: int, rule: str
) -> torch.Tensor:
    """Gradient of the offsets, or what the rule makes of it; shape (C,)."""
    start, fraction = _points(x, position, stride)
    one = torch.ones_like(fraction)
    slope = _interpolate(x, start, -one, one)
    out = torch.linalg.vecdot(grad.reshape(len(x), -1), slope.view(len(x), -1)).to(position.dtype)
    if rule == 'sign':
        out = torch.where(out == 0, ZERO_STEP, SIGN_STEP * out.sign())
    return out


class _LinearShift(torch.autograd.Function):
    """See :func:`linear_shift`."""

    @staticmethod
    def forward(ctx, x, position, stride, rule):
        ctx.save_for_backward(x if ctx.needs_input_grad[1] else None, position)
        ctx.num_frames, ctx.stride, ctx.rule = x.shape[2], stride, rule
        return _read(x, position, stride)

    @staticmethod
    def backward(ctx, grad):
        x, position = ctx.saved_tensors
        grad_x = grad_position = None
        if ctx.needs_input_grad[0]:
            grad_x = _grad_of_input(grad, position, ctx.num_frames, ctx.stride)
        if ctx.needs_input_grad[1]:
            grad_position = _grad_of_position(grad, x, position, ctx.stride, ctx.rule)
        return grad_x, grad_position, None, None


class _LinearShiftLinear(torch.autograd.Function):
    """See :func:`linear_shift_linear`."""

    @staticmethod
    def forward(ctx, x, position, weight, bias, rule):
        needs_x = any(ctx.needs_input_grad[1:3])
        ctx.save_for_backward(x if needs_x else None, position, weight)
        ctx.shape, ctx.rule = x.shape, rule
        return mix_channels(_read(x, position), weight, bias)

    @staticmethod
    def backward(ctx, grad):
        x, position, weight = ctx.saved_tensors
        grad_x = grad_position = grad_weight = grad_bias = None
        if ctx.needs_input_grad[2]:
            grad_weight = grad @ _read(x, position).view(len(x), -1).t()
        if ctx.needs_input_grad[3]:
            grad_bias = grad.sum(1)
        if any(ctx.needs_input_grad[:2]):
            between = (weight.t() @ grad).view(ctx.shape)
        if ctx.needs_input_grad[0]:
            grad_x = _grad_of_input(between, position, ctx.shape[2])
        if ctx.needs_input_grad[1]:
            grad_position = _grad_of_position(between, x, position, 1, ctx.rule)
        return grad_x, grad_position, grad_weight, grad_bias, None
