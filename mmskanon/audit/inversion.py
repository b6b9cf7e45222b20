# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recovering original clips from anonymized ones, after pairs of both, so that attackers trained on originals can read them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mmskanon.skeletons.resampling import resample_clip

from .attackers.training import rise_and_fall
from .clips import ClipStore, View

KINDS = ('ridge', 'network')
_CLIPS = 6000
"""Most clips from which the linear map is estimated."""


@dataclass
class InversionReport:
    """How near the recovered training clips come to the originals.

    Args:
        before (float): Mean distance of joints of the anonymized clips from those of the originals, in the unit of the clips.
        after (float): The same of the recovered clips.
    """

    before: float
    after: float


class Inverter:
    """A regressor from anonymized to original clips.

    The linear map (``'ridge'``) predicts by how much each frame was moved from the frames around it and the mean and deviation of the
    clip. The network adds to that what convolutions over time find besides.

    Args:
        kind (str): ``'ridge'`` or ``'network'``. Defaults to ``'ridge'``.
        length (int): Frames T to which clips are stretched. Defaults to 64.
        window (int): Frames that the linear map sees, odd. Defaults to 9.
        penalty (float): Weight of the squared coefficients beside one squared error a frame, for standardized inputs. Defaults to 1e-3.
        channels (int): Channels of the network. Defaults to 64.
        epochs (int): Passes of the network over the clips. Defaults to 40.
        batch_size (int): Clips in an update of the network. Defaults to 32.
        learning_rate (float): Highest rate of the network. Defaults to 2e-3.
        device (str): Where it runs. Defaults to ``'cpu'``.
    """

    def __init__(
        self,
        kind: str = 'ridge',
        length: int = 64,
        window: int = 9,
        penalty: float = 1e-3,
        channels: int = 64,
        epochs: int = 40,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        device: str = 'cpu',
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f'kind of an Inverter must be one of {KINDS}, found {kind!r}')
        if window % 2 == 0:
            raise ValueError(f'window of an Inverter must be odd, found {window}')
        self.kind, self.length, self.window, self.penalty = kind, length, window, penalty
        self.channels, self.epochs, self.batch_size = channels, epochs, batch_size
        self.learning_rate, self.device = learning_rate, device
        self.net: nn.Module | None = None

    def fit(self, anonymized: View, original: View, seed: int) -> InversionReport:
        """Learn from pairs.

        Args:
            anonymized (View): The n anonymized clips.
            original (View): The original of each, in the same order.
            seed (int): Seed of all that is random.

        Returns:
            InversionReport: How well the training clips are recovered.
        """
        _check_pairs(anonymized, original)
        random = np.random.default_rng(seed)
        some = np.sort(random.permutation(len(anonymized))[:_CLIPS])
        self._fit_linear(anonymized[some], original[some])
        if self.kind == 'network':
            self._fit_network(anonymized, original, seed)
        distances, counts = np.zeros(2), 0.0
        for rows, source in self._batches(anonymized[some]):
            target = torch.from_numpy(original[some[rows]].clips(self.length)).to(self.device)
            there = _there(source) & _there(target)
            for number, guess in enumerate((source, self._recover(source))):
                distances[number] += float((guess - target).norm(dim=-1)[there].sum())
            counts += float(there.sum())
        return InversionReport(*(float(d) / max(counts, 1.0) for d in distances))

    def recover(self, view: View, folder: Path, key: str) -> View:
        """Recover clips into a store of their own, which any attacker can read like the others.

        Each keeps name, action and number of frames.

        Args:
            view (View): The n anonymized clips.
            folder (Path): Where to write the store.
            key (str): What identifies the content; a store of this key that is there already is taken as it is.

        Returns:
            View: The n recovered clips.
        """
        frames = view.num_frames()

        def clips() -> Iterator[np.ndarray]:
            for rows, source in self._batches(view):
                for row, clip in zip(rows, self._recover(source).cpu().numpy(), strict=True):
                    yield resample_clip(clip, int(frames[row]))

        like = view.stores[0]
        store = ClipStore.write(
            clips(),
            view.names(),
            view.takes(),
            frames.tolist(),
            like.layout_spec,
            view.num_person,
            Path(folder),
            key,
        )
        index = np.arange(len(view))
        return View((store,), np.zeros_like(index), index, view.actions, view.num_actions)

    def _batches(self, view: View, size: int = 64) -> Iterator[tuple[np.ndarray, Tensor]]:
        for first in range(0, len(view), size):
            rows = np.arange(first, min(first + size, len(view)))
            yield rows, torch.from_numpy(view[rows].clips(self.length)).to(self.device)

    @torch.no_grad()
    def _recover(self, clips: Tensor) -> Tensor:
        guess = self._linear(clips)
        if self.net is not None:
            self.net.eval()
            guess = guess + self.net(self._standardized(clips)) * self.scale
        return guess * _there(clips)[..., None]

    def _standardized(self, clips: Tensor) -> Tensor:
        """Clips (N, M, T, V, C) as channels over time (N, M * V * C, T), mean 0 and deviation 1."""
        values = (clips - self.mean) / self.std * _there(clips)[..., None]
        return values.permute(0, 1, 3, 4, 2).flatten(1, 3)

    def _inputs(self, clips: Tensor) -> Tensor:
        """What the linear map sees of each frame: those around it, mean and deviation of the clip, one; shape (N, T, D)."""
        x = self._standardized(clips).transpose(1, 2)
        half = self.window // 2
        padded = torch.cat([x[:, :1].expand(-1, half, -1), x, x[:, -1:].expand(-1, half, -1)], 1)
        around = [padded[:, i : i + x.shape[1]] for i in range(self.window)]
        whole = [v.unsqueeze(1).expand_as(x) for v in (x.mean(1), x.std(1, correction=0))]
        return torch.cat([*around, *whole, torch.ones_like(x[..., :1])], dim=-1)

    def _linear(self, clips: Tensor) -> Tensor:
        num, persons, frames, joints, dims = clips.shape
        moved = (self._inputs(clips) @ self.weights).view(num, frames, persons, joints, dims)
        return clips + moved.transpose(1, 2)

    def _fit_linear(self, anonymized: View, original: View) -> None:
        count, total, square = 0.0, 0.0, 0.0
        for _, clips in self._batches(anonymized):
            there = _there(clips)[..., None]
            count = count + there.sum((0, 2), dtype=torch.float64)
            total = total + clips.double().sum((0, 2))
            square = square + (clips.double() ** 2).sum((0, 2))
        mean = total / count.clamp(min=1)
        variance = (square / count.clamp(min=1) - mean**2).clamp(min=0)
        self.mean = mean.float().unsqueeze(1)
        self.std = (variance.sqrt() + 1e-3 * variance.mean().sqrt() + 1e-8).float().unsqueeze(1)
        gram, cross, frames = 0.0, 0.0, 0
        for rows, clips in self._batches(anonymized):
            target = torch.from_numpy(original[rows].clips(self.length)).to(self.device)
            moved = (target - clips) * (_there(clips) & _there(target))[..., None]
            x = self._inputs(clips).flatten(0, 1)
            y = moved.transpose(1, 2).flatten(0, 1).flatten(1)
            gram = gram + (x.T @ x).double()
            cross = cross + (x.T @ y).double()
            frames += len(x)
        ridge = self.penalty * frames * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
        self.weights = torch.linalg.solve(gram + ridge, cross).float()

    def _fit_network(self, anonymized: View, original: View, seed: int) -> None:
        order = np.random.default_rng(seed)
        self.net = None
        errors = [
            (self._recover(c) - torch.from_numpy(original[r].clips(self.length)).to(c)).std()
            for r, c in self._batches(anonymized[:256])
        ]
        self.scale = torch.stack(errors).mean() + 1e-8
        steps = math.ceil(len(anonymized) / self.batch_size)
        cuda = [0] if torch.device(self.device).type == 'cuda' else []
        with torch.random.fork_rng(cuda):
            torch.manual_seed(seed)
            shape = (anonymized.num_person, anonymized.layout.num_joints, anonymized.layout.dims)
            net = _ResidualNet(shape, self.channels).to(self.device)
            optimizer = torch.optim.AdamW(net.parameters(), self.learning_rate, weight_decay=1e-3)
            schedule = torch.optim.lr_scheduler.LambdaLR(
                optimizer, partial(rise_and_fall, updates=self.epochs * steps)
            )
            for _ in range(self.epochs):
                for rows in np.array_split(order.permutation(len(anonymized)), steps):
                    source = torch.from_numpy(anonymized[rows].clips(self.length)).to(self.device)
                    target = torch.from_numpy(original[rows].clips(self.length)).to(self.device)
                    there = (_there(source) & _there(target))[..., None]
                    rest = (target - self._recover(source)) / self.scale
                    loss = ((net(self._standardized(source)) - rest) ** 2 * there).mean()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    schedule.step()
        self.net = net.eval()


class _ResidualNet(nn.Module):
    """Dilated convolutions from channels (N, M * V * C, T) to displacements (N, M, T, V, C)."""

    def __init__(self, shape: tuple[int, int, int], channels: int) -> None:
        super().__init__()
        self.shape = shape
        size = math.prod(shape)
        self.stem = nn.Conv1d(size, channels, 5, padding=2)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.Conv1d(2 * channels, channels, 3, padding=d, dilation=d),
                nn.ReLU(),
                nn.Conv1d(channels, channels, 1),
            )
            for d in (1, 2, 4)
        )
        self.out = nn.Conv1d(channels, size, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(torch.cat([x, x.mean(-1, keepdim=True).expand_as(x)], dim=1))
        out = self.out(x)
        return out.view(len(x), *self.shape, -1).permute(0, 1, 4, 2, 3)


def _there(clips: Tensor) -> Tensor:
    """Where joints of (N, M, T, V, C) are present, shape (N, M, T, V)."""
    return clips.any(-1)


def _check_pairs(anonymized: View, original: View) -> None:
    if len(anonymized) != len(original):
        raise ValueError(
            f'an Inverter learns from pairs, found {len(anonymized)} anonymized and {len(original)} original clips: give the original '
            'of each anonymized clip, in the same order'
        )
    for name, other in zip(anonymized.names(), original.names(), strict=True):
        if name != other:
            raise ValueError(
                f'an Inverter learns from pairs, found the anonymized clip {name!r} beside the original {other!r}: bring both into '
                'the same order'
            )
