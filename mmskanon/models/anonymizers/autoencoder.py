# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The frame-wise autoencoder of the paper's earlier code release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mmskanon.registry import MODELS
from mmskanon.skeletons.layouts import SkeletonLayout

from .base import BaseAnonymizer


def perceptron(widths: Sequence[int], final_relu: bool) -> nn.Sequential:
    """Return fully connected layers with a ReLU between them, and after the last one if ``final_relu``."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*(layers if final_relu else layers[:-1]))


@MODELS.register_module()
class AutoencoderAnonymizer(BaseAnonymizer):
    """Autoencoder with a narrow code on single frames, from the code that preceded Moon et al., AAAI 2023 (arXiv 2111.15129).

    Each frame, all persons together, is flattened in the order (M, V, C), squeezed through fully connected layers into a code
    of a few numbers, and spread out again: 150-500-100-10-100-500-150 for two persons of 25 joints. Every layer but the last
    ends in a ReLU, the code too; nothing is normalized. In the release the network first learns to reproduce its input, and the
    encoder then rests while the decoder learns to anonymize: ``freeze_encoder`` with a checkpoint of the first step.

    Where we differ: absent persons stay zero, and the axes of a frame are flattened in the order of the other anonymizers here
    (released: coordinate, joint, person), which permutes the weights of the first and the last layer.

    Under autocast the last layer runs in full precision: half precision would round coordinates to millimetres.

    Args:
        hidden (Sequence[int]): Widths of the encoder's layers before the code; the decoder has them in reverse. Defaults to
            (500, 100).
        code (int): Numbers that a frame is squeezed into. Defaults to 10.
        code_relu (bool): Whether the code ends in a ReLU, as released. Defaults to True.
        freeze_encoder (bool): Whether only the decoder learns. Defaults to False.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        ValueError: If a width is no integer of at least 1.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import AutoencoderAnonymizer
        >>> anonymizer = AutoencoderAnonymizer(layout='nturgb+d', num_person=2)
        >>> anonymizer(torch.randn(4, 2, 64, 25, 3)).shape
        torch.Size([4, 2, 64, 25, 3])
    """

    framewise = True

    def __init__(
        self,
        hidden: Sequence[int] = (500, 100),
        code: int = 10,
        code_relu: bool = True,
        freeze_encoder: bool = False,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        if any(type(width) is not int or width < 1 for width in (*hidden, code)):
            raise ValueError(
                f'AutoencoderAnonymizer: hidden and code must be integers of at least 1, found {tuple(hidden)} and {code}'
            )
        channels = self.num_person * self.layout.num_joints * self.num_coords
        widths = (channels, *hidden, code)
        self.encoder = perceptron(widths, final_relu=code_relu)
        self.decoder = perceptron(widths[::-1], final_relu=False)
        self.encoder.requires_grad_(not freeze_encoder)

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Pass each frame of ``coords``, shape (N, M, T, V, C), through encoder and decoder."""
        persons, _, joints, dims = coords.shape[1:]
        frames = coords.transpose(1, 2).flatten(2)  # (N, T, M*V*C)
        spread = self.decoder[:-1](self.encoder(frames))
        last = self.decoder[-1]
        with torch.autocast(device_type=spread.device.type, enabled=False):
            frames = last(spread.to(last.weight.dtype))
        return frames.unflatten(2, (persons, joints, dims)).transpose(1, 2)
