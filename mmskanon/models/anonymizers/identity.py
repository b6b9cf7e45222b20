# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The anonymizer that changes nothing: the control."""

from torch import Tensor

from mmskanon.registry import MODELS

from .base import BaseAnonymizer


@MODELS.register_module()
class IdentityAnonymizer(BaseAnonymizer):
    """Return the skeletons as they came: the control with full utility and full leakage.

    Arguments are those of :class:`BaseAnonymizer`.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import IdentityAnonymizer
        >>> x = torch.randn(4, 2, 64, 25, 3)
        >>> out = IdentityAnonymizer('nturgb+d', num_person=2)(x)
        >>> out.shape, torch.equal(out, x)
        (torch.Size([4, 2, 64, 25, 3]), True)
    """

    framewise = True

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Return ``coords``, shape (N, M, T, V, C)."""
        return coords
