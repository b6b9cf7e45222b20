# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The paper's UNet anonymizer over the image of frames and joints."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmskanon.registry import MODELS
from mmskanon.skeletons.layouts import SkeletonLayout

from .base import BaseAnonymizer


def double_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return two times 3x3 convolution, batch normalization and ReLU; keeps height and width."""
    layers = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


@MODELS.register_module()
class UNetAnonymizer(BaseAnonymizer):
    """UNet over skeleton sequences as images, from "Anonymization for Skeleton Action Recognition" (Moon et al., AAAI 2023).

    The image has the coordinates as channels, the frames as height and the V * M joints of all persons as width. The
    network is the standard UNet (Ronneberger et al., MICCAI 2015, with batch normalization and zero padding): at each level
    two 3x3 convolutions, each with BatchNorm and ReLU; down by 2x2 max pooling; up by 2x2 transposed convolutions that halve
    the channels; skips by concatenation; a 1x1 convolution at the end.

    Height and width are padded at the end with zeros to multiples of ``2 ** depth``, and the output is cropped, so any T, V
    and M will do. Unlike the released code, absent persons stay zero; and whoever calls ``eval()`` gets statistics that rest
    and an output that does not depend on the other clips of the batch.

    Under autocast the 1x1 convolution runs in full precision: half precision would round coordinates to millimetres.

    Args:
        base_channels (int): Channels of the first level; each further level has twice as many. Defaults to 64.
        depth (int): Number of times that height and width are halved. Defaults to 4, the paper's 64 to 1024 channels.
        residual (bool): Whether the network computes what is added to the input, rather than the output itself. Defaults to
            False, the paper's.
        last_std (float, optional): Standard deviation of the initial weights of the 1x1 convolution, whose bias starts at zero;
            with ``residual`` and a small value the network starts close to the identity. Defaults to None, PyTorch's
            initialization.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        ValueError: If ``base_channels`` is below 1 or ``depth`` below 0.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import UNetAnonymizer
        >>> anonymizer = UNetAnonymizer(base_channels=4, layout='nturgb+d', num_person=2)
        >>> anonymizer(torch.randn(2, 2, 50, 25, 3)).shape
        torch.Size([2, 2, 50, 25, 3])
    """

    framewise = False

    def __init__(
        self,
        base_channels: int = 64,
        depth: int = 4,
        residual: bool = False,
        last_std: float | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        if base_channels < 1 or depth < 0:
            raise ValueError(
                f'UNetAnonymizer: base_channels must be at least 1 and depth at least 0, '
                f'found {base_channels} and {depth}'
            )
        self.depth = depth
        self.residual = residual
        widths = [base_channels * 2**level for level in range(depth + 1)]
        self.encoders = nn.ModuleList(
            double_conv(i, o) for i, o in zip([self.num_coords, *widths], widths, strict=False)
        )
        self.pool = nn.MaxPool2d(2)
        self.upsamplers = nn.ModuleList(
            nn.ConvTranspose2d(2 * w, w, kernel_size=2, stride=2) for w in reversed(widths[:-1])
        )
        self.decoders = nn.ModuleList(double_conv(2 * w, w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(widths[0], self.num_coords, kernel_size=1)
        if last_std is not None:
            nn.init.normal_(self.head.weight, std=last_std)
            nn.init.zeros_(self.head.bias)

    @property
    def frame_grid(self) -> int:
        """int: Frames that the pooling takes together."""
        return 2**self.depth

    def needed_frames(self, frame: int) -> tuple[int, int]:
        """See :class:`BaseAnonymizer`; follows the interval back through the network."""
        first, last = frame, frame
        for _ in range(self.depth):
            first, last = (first - 2) // 2, (last + 2) // 2
        first, last = first - 2, last + 2
        for _ in range(self.depth):
            first, last = 2 * first - 2, 2 * last + 1 + 2
        return first, last

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Pass ``coords``, shape (N, M, T, V, C), through the UNet as an image of shape (N, C, T, V*M)."""
        persons, frames, joints = coords.shape[1:4]
        image = coords.permute(0, 4, 2, 3, 1).flatten(3)
        height, width = self._missing(frames), self._missing(joints * persons)
        x = F.pad(image, (0, width, 0, height))
        skips = []
        for level, encoder in enumerate(self.encoders):
            x = encoder(x if level == 0 else self.pool(x))
            skips.append(x)
        skips.pop()
        for upsampler, decoder in zip(self.upsamplers, self.decoders, strict=True):
            x = decoder(torch.cat([skips.pop(), upsampler(x)], dim=1))
        x = F.pad(x, (0, -width, 0, -height))
        with torch.autocast(device_type=x.device.type, enabled=False):
            x = self.head(x.to(self.head.weight.dtype))
        if self.residual:
            x = image + x
        return x.unflatten(3, (joints, persons)).permute(0, 4, 2, 3, 1)

    def _missing(self, size: int) -> int:
        # In this form torch.export can follow a dynamic size through the pooling; it cannot follow -size % multiple.
        multiple = 2**self.depth
        return multiple * ((size + multiple - 1) // multiple) - size
