# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Mixing the channels of channel-first tensors, inside functions that autograd does not look into."""

import torch


def as_autocast(x: torch.Tensor, *others: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Cast tensors as autocast would before it multiplies them; ``torch.autograd.Function`` hides the product from it.

    Args:
        x (Tensor): Any tensor; its device decides.
        *others (Tensor): Further tensors.

    Returns:
        tuple[Tensor]: All of them, unchanged without autocast.
    """
    dtype = torch.mm(x.new_empty(0, 0), x.new_empty(0, 0)).dtype  # in every version of PyTorch
    return tuple(part.to(dtype) for part in (x, *others))


def mix_channels(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Apply a 1x1 convolution.

    Args:
        x (Tensor): Shape (C, V, T, N).
        weight (Tensor): Shape (D, C).
        bias (Tensor): Shape (D,).

    Returns:
        Tensor: Shape (D, V * T * N); no view, so that it may be changed in place.
    """
    return torch.addmm(bias[:, None], weight, x.reshape(len(x), -1))
