# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A network that passes motion through a noisy code, on canonical bones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmskanon.registry import MODELS
from mmskanon.skeletons.kinematics import (
    complete_directions,
    fill_absent_joints,
    inverse_kinematics,
    joint_mask,
    set_bone_lengths,
    split_length,
)
from mmskanon.skeletons.layouts import SkeletonLayout

from .canonical_bones import CanonicalBonesAnonymizer
from .chance import current_chance

_DILATIONS = (1, 2, 4)


@MODELS.register_module()
class NoisyCodeAnonymizer(CanonicalBonesAnonymizer):
    """Encode bone directions over time, add noise to the code, decode directions, and build bodies on canonical bones.

    The encoder reads no bone length: its input are bone directions and the path of the centre joint. The code has a vector for every
    second frame, brought to mean 0 and variance 1 over its channels; Gaussian noise of standard deviation ``noise`` is added, when
    training and afterwards. It is drawn for every ``hold``-th vector and goes from one to the next in a straight line, so that it neither
    jumps nor can be averaged away among neighbours. The decoder's
    bone directions are brought to length 1 and put together on the canonical body by forward kinematics. Each person passes the
    network for itself. Noise comes from PyTorch's generator of the CPU, so ``torch.manual_seed`` governs it.

    Trained on the outputs of :class:`KSameAnonymizer` (:class:`~mmskanon.models.losses.TargetImitation`), it is a student that needs
    neither labels nor a gallery nor a recognizer when it is used; see ``docs/anonymizers/student.md``.

    Args:
        channels (int): Channels of every layer. Defaults to 128.
        noise (float): Standard deviation of the noise on the code. Defaults to 0.4.
        hold (int): Vectors of the code, each two frames, from one draw of noise to the next. Defaults to 4.
        lengths (Sequence[float], optional): See :class:`CanonicalBonesAnonymizer`. Defaults to None.
        population (dict, optional): See :class:`CanonicalBonesAnonymizer`. Defaults to None.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`; three-dimensional. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        ValueError: See :class:`CanonicalBonesAnonymizer`; also if a size or the noise makes no sense.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import NoisyCodeAnonymizer
        >>> arm = dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=0)
        >>> anonymizer = NoisyCodeAnonymizer(channels=16, lengths=[0, 0.3, 0.25], layout=arm, num_person=1)
        >>> anonymizer(torch.randn(4, 1, 65, 3, 3)).shape
        torch.Size([4, 1, 65, 3, 3])
    """

    framewise = False
    frame_grid = 2  # stride of the encoder
    draws = True

    def __init__(
        self,
        channels: int = 128,
        noise: float = 0.4,
        hold: int = 4,
        lengths: Sequence[float] | None = None,
        population: Mapping | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(lengths, population, layout, num_person, num_coords, init_cfg)
        name = type(self).__name__
        for key, value in dict(channels=channels, hold=hold).items():
            if type(value) is not int or value < 1:
                raise ValueError(f'{name}: {key} must be an integer of at least 1, found {value!r}')
        if not (math.isfinite(noise) and noise >= 0):
            raise ValueError(f'{name}: noise must be a finite number >= 0, found {noise}')
        self.noise, self.hold = float(noise), hold
        size = 3 * self.layout.num_joints
        self.encoder = nn.Sequential(
            nn.Conv1d(size, channels, 5, stride=2, padding=2, bias=False),
            _ChannelNorm(channels),
            nn.ReLU(),
            *(_Block(channels, d) for d in _DILATIONS),
        )
        self.standardize = _ChannelNorm(channels, affine=False)
        self.decoder = nn.Sequential(
            *(_Block(channels, d) for d in _DILATIONS),
            nn.ConvTranspose1d(channels, channels, 4, stride=2, padding=1, bias=False),
            _ChannelNorm(channels),
            nn.ReLU(),
        )
        self.head = nn.Conv1d(channels, size, 3, padding=1)

    def needed_frames(self, frame: int) -> tuple[int, int]:
        """See :class:`BaseAnonymizer`; follows the interval back through the network."""
        around = sum(_Block.reach(d) for d in _DILATIONS)
        first, last = frame - 1, frame + 1  # head
        first, last = (first - 1) // 2, (last + 1) // 2  # transposed convolution of size 4
        first, last = first - 2 * around, last + 2 * around  # blocks of decoder and encoder
        return 2 * first - 2, 2 * last + 2

    @property
    def export_obstacle(self) -> str | None:
        """str, optional: See :class:`BaseAnonymizer`; None without noise."""
        if self.noise:
            return 'it draws noise, and the seed of a graph would be the same for everybody who has the file'
        return None

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Pass ``coords``, shape (N, M, T, V, 3), through the network."""
        self._check_measured()
        seen = joint_mask(coords)
        bodies = fill_absent_joints(coords, self.layout)
        _, directions, _ = inverse_kinematics(bodies, self.layout)
        root, center = self.layout.root, self.layout.center
        # The root has no bone, so its place in the table is free for the path of the centre joint.
        table = directions.clone()
        table[..., root, :] = bodies[..., center, :]
        made = self._network((table * present).flatten(0, 1).flatten(2)).view_as(table)
        made, path = made.to(coords), made[..., root : root + 1, :].to(coords)
        unit = complete_directions(split_length(made)[0], self.layout)
        out = set_bone_lengths(path.expand_as(unit), unit, self.lengths.to(coords), self.layout)
        return torch.where(seen, out, 0)

    def _network(self, table: Tensor) -> Tensor:
        """From (B, T, 3V) to the same shape."""
        frames = table.shape[1]
        code = self.standardize(self.encoder(table.transpose(1, 2)))
        if self.noise:
            code = code + self.noise * self._draw(code)
        x = self.decoder(code)[..., :frames]
        with torch.autocast(device_type=x.device.type, enabled=False):
            return self.head(x.to(self.head.weight.dtype)).transpose(1, 2)

    def _draw(self, code: Tensor) -> Tensor:
        """Noise of the shape of a code (B, C, L): normal at every ``hold``-th step, between them on a line, variance 1 everywhere."""
        batch, channels, steps = code.shape
        chance = current_chance()
        first = 0 if chance is None else chance.first_frame // self.frame_grid
        at = first + torch.arange(steps)
        low, share = at // self.hold, at % self.hold / self.hold
        start, stop = int(low[0]), int(low[-1]) + 2
        if chance is None:
            nodes = torch.randn(batch, channels, stop - start)
        else:
            nodes = chance.normal(range(start, stop), (batch, channels)).movedim(0, -1)
        low = low - start
        noise = (1 - share) * nodes[..., low] + share * nodes[..., low + 1]
        return (noise / (share**2 + (1 - share) ** 2).sqrt()).to(code)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f'noise={self.noise}, hold={self.hold}'


class _ChannelNorm(nn.Module):
    """Mean 0 and variance 1 over the channels of (B, C, L), for each step by itself, so that no step depends on the length."""

    def __init__(self, channels: int, affine: bool = True) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, elementwise_affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.transpose(1, 2)).transpose(1, 2)


class _Block(nn.Module):
    """Two convolutions over time with a way around them."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
            _ChannelNorm(channels),
            nn.ReLU(),
            nn.Conv1d(channels, channels, 3, padding=1, bias=False),
            _ChannelNorm(channels),
        )

    @staticmethod
    def reach(dilation: int) -> int:
        """Steps to either side that one step depends on."""
        return dilation + 1

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.net(x))
