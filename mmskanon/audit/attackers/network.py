# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What attackers have in common that are networks on clips of one length."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmskanon.audit.clips import View
from mmskanon.skeletons.layouts import SkeletonLayout

from .base import Attacker, FitReport, Scores
from .reading import accuracy_of, batches, predict
from .training import Training, matching, train_round, train_to_the_end


class StreamNet(nn.Module):
    """Base of networks that read channels over time, standardized by what the training clips show.

    Args:
        layout (SkeletonLayout): Skeleton layout.
        num_person (int): Persons M.
        num_classes (int): Number of classes K.
        width (int): Size of the features that :meth:`encode` returns.
        embedding (int): Size of the embedding.
        dropout (float): Dropout before the classes.
    """

    def __init__(
        self,
        layout: SkeletonLayout,
        num_person: int,
        num_classes: int,
        width: int,
        embedding: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.layout = layout
        size = num_person * self.channels_of(layout)
        self.register_buffer('mean', torch.zeros(size))
        self.register_buffer('std', torch.ones(size))
        self.register_buffer('log_frames', torch.tensor([0.0, 1.0]))
        self.neck = nn.Sequential(
            nn.Linear(width + 1, embedding, bias=False), nn.BatchNorm1d(embedding)
        )
        self.head = nn.Sequential(nn.ReLU(), nn.Dropout(dropout), nn.Linear(embedding, num_classes))

    @staticmethod
    @abstractmethod
    def channels_of(layout: SkeletonLayout) -> int:
        """Number of channels of one person."""

    @abstractmethod
    def streams(self, clips: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """What the network reads.

        Args:
            clips (Tensor): Shape (N, M, T, V, C).
            frames (Tensor): Numbers of frames that the clips had before they were stretched to T, shape (N,).

        Returns:
            tuple[Tensor, Tensor]: Channels of shape (N, M, T', D), and where they tell of somebody, shape (N, M, T').
        """

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """From standardized channels (N, M * D + M, T') to features (N, width); the last M channels are 1 where a person is there."""

    @torch.no_grad()
    def standardize(self, view: View, length: int, device: str, seed: int) -> None:
        """Measure mean and deviation of each channel on at most 2000 clips."""
        some = np.sort(np.random.default_rng(seed).permutation(len(view))[:2000])
        count, total, square, logs = 0.0, 0.0, 0.0, []
        for _, clips, frames in batches(view, length, 128, device, some):
            values, there = self.streams(clips, frames)
            values = values.double()
            count = count + there.sum((0, 2)).double()[:, None]
            total = total + values.sum((0, 2))
            square = square + (values**2).sum((0, 2))
            logs.append(frames.log())
        count = count.clamp(min=1)
        mean = total / count
        variance = (square / count - mean**2).clamp(min=0)
        # A channel that only rounding moves stays small instead of being blown up.
        floor = 1e-3 * variance.mean().sqrt() + 1e-8
        self.mean.copy_(mean.flatten())
        self.std.copy_((variance.sqrt() + floor).flatten())
        logs = torch.cat(logs)
        self.log_frames.copy_(torch.stack([logs.mean(), logs.std(correction=0) + 1e-2]))

    def forward(self, clips: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, K) and embeddings (N, E) of clips (N, M, T, V, C) that had some numbers of frames (N,)."""
        values, there = self.streams(clips, frames)
        num, persons, time, size = values.shape
        mean, std = self.mean.view(persons, 1, size), self.std.view(persons, 1, size)
        mask = there.to(values.dtype)
        x = (((values - mean) / std).clamp(-10, 10) * mask[..., None]).permute(0, 1, 3, 2)
        x = torch.cat([x.reshape(num, persons * size, time), mask], dim=1)
        duration = (frames.log() - self.log_frames[0]) / self.log_frames[1]
        embedding = self.neck(torch.cat([self.encode(x), duration[:, None]], dim=1))
        return self.head(embedding), embedding


class NetworkAttacker(Attacker):
    """An attacker that is a :class:`StreamNet`.

    Args:
        length (int): Frames T to which clips are stretched. Defaults to 64.
        training (dict, optional): Arguments of :class:`~mmskanon.audit.attackers.training.Training`. Defaults to None.
        device (str): Where it runs. Defaults to ``'cpu'``.
        **net: Arguments of the network.
    """

    adapts = True

    def __init__(
        self, length: int = 64, training: dict[str, Any] | None = None, device: str = 'cpu', **net
    ) -> None:
        super().__init__(device)
        self.length, self.options, self.net_options = length, Training(**(training or {})), net
        self.net: StreamNet | None = None

    @abstractmethod
    def build(self, layout: SkeletonLayout, num_person: int, num_classes: int) -> StreamNet:
        """Make the network."""

    def fit(
        self,
        view: View,
        labels: np.ndarray,
        num_classes: int,
        seed: int,
        start: dict[str, Tensor] | None = None,
    ) -> FitReport:
        """Learn from clips; see :meth:`Attacker.fit`."""

        def build() -> StreamNet:
            net = self.build(view.layout, view.num_person, num_classes)
            if start is not None:
                net.load_state_dict(matching(start, net), strict=False)
            net.to(self.device).standardize(view, self.length, self.device, seed)
            return net

        def train(net: StreamNet, rate: float, epochs: int, seed: int) -> None:
            train_round(
                net, view, labels, self.length, self.options, self.device, rate, epochs, seed
            )

        def measure(net: StreamNet) -> float:
            return accuracy_of(predict(net, view, self.length, self.device)[0], labels)

        self.net, report = train_to_the_end(
            build, train, measure, len(view), self.options, seed, self.device
        )
        return report

    def score(self, view: View) -> Scores:
        """Judge clips; see :meth:`Attacker.score`."""
        return Scores(*predict(self.net, view, self.length, self.device, self.options.windows))

    def state(self) -> dict[str, Tensor]:
        """Weights and statistics of the network."""
        return {key: value.cpu().clone() for key, value in self.net.state_dict().items()}

    def load(self, state: dict[str, Tensor], num_classes: int, view: View) -> None:
        """Take the weights of an earlier fit; see :meth:`Attacker.load`."""
        self.net = self.build(view.layout, view.num_person, num_classes).to(self.device)
        self.net.load_state_dict(state)
        self.net.eval()
