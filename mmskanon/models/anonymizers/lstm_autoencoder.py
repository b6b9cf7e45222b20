# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The recurrent autoencoder of the paper's earlier code release."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from mmskanon.registry import MODELS
from mmskanon.skeletons.layouts import SkeletonLayout
from mmskanon.skeletons.tracing import is_traced

from .base import BaseAnonymizer


@MODELS.register_module()
class LSTMAutoencoderAnonymizer(BaseAnonymizer):
    """Recurrent autoencoder over whole clips, from the code that preceded Moon et al., AAAI 2023 (arXiv 2111.15129).

    An LSTM reads the clip, each frame with all persons flattened in the order (M, V, C); its last state is the code of the
    clip. A second LSTM starts from that state and a frame of zeros, a linear layer turns its state into a frame, and each frame is
    the input of the next step.

    Where we differ: the first frame is decoded too (released: it is left at zero); frames after the last one that shows
    anybody are not read, so padding a clip does not change the other frames; and absent persons stay zero.

    The steps of the decoder depend on each other, so a clip takes time in proportion to its frames on any hardware. A recorded graph
    has both LSTMs as a scan over frames, so that it fits clips of any length; that needs PyTorch 2.13, the tested one. Under
    autocast the linear layer runs in full precision: half precision would round coordinates to millimetres.

    Args:
        hidden_channels (int): Length of the state of both LSTMs. Defaults to 100.
        freeze_encoder (bool): Whether only the decoder learns. Defaults to False.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        ValueError: If ``hidden_channels`` is below 1.

    Example:
        >>> import torch
        >>> from mmskanon.models.anonymizers import LSTMAutoencoderAnonymizer
        >>> anonymizer = LSTMAutoencoderAnonymizer(layout='nturgb+d', num_person=2)
        >>> anonymizer(torch.randn(4, 2, 64, 25, 3)).shape
        torch.Size([4, 2, 64, 25, 3])
    """

    framewise = False

    def __init__(
        self,
        hidden_channels: int = 100,
        freeze_encoder: bool = False,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        if hidden_channels < 1:
            raise ValueError(
                f'LSTMAutoencoderAnonymizer: hidden_channels must be at least 1, found {hidden_channels}'
            )
        channels = self.num_person * self.layout.num_joints * self.num_coords
        self.encoder = nn.LSTM(channels, hidden_channels, batch_first=True)
        self.decoder = nn.LSTMCell(channels, hidden_channels)
        self.head = nn.Linear(hidden_channels, channels)
        self.encoder.requires_grad_(not freeze_encoder)

    def transform(self, coords: Tensor, present: Tensor) -> Tensor:
        """Encode the clips of ``coords``, shape (N, M, T, V, C), and decode them frame by frame."""
        persons, length, joints, dims = coords.shape[1:]
        frames = coords.transpose(1, 2).flatten(2)  # (N, T, M*V*C)
        anybody = present.flatten(3).any(-1).any(1)
        if is_traced():
            frames = self._scan(frames, anybody)
        else:
            state, decoded = (*self._encode(frames, anybody), torch.zeros_like(frames[:, 0])), []
            for _ in range(length):
                state = self._next(*state)
                decoded.append(state[2])
            frames = torch.stack(decoded, dim=1)
        return frames.unflatten(2, (persons, joints, dims)).transpose(1, 2)

    def _next(self, hidden: Tensor, cell: Tensor, frame: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """State and frame after a step of the decoder."""
        hidden, cell = self.decoder(frame, (hidden, cell))
        with torch.autocast(device_type=hidden.device.type, enabled=False):
            return hidden, cell, self.head(hidden.to(self.head.weight.dtype))

    def _scan(self, frames: Tensor, anybody: Tensor) -> Tensor:
        """Encode and decode (N, T, M*V*C) as two scans over T, which a graph can hold without knowing T."""
        from torch._higher_order_ops.scan import scan

        encoder = self.encoder
        weights = encoder.weight_ih_l0, encoder.weight_hh_l0, encoder.bias_ih_l0, encoder.bias_hh_l0
        numbers = torch.arange(1, frames.shape[1] + 1, device=frames.device)
        # The frames to read: those up to the last one that shows anybody, the first one in any case.
        last = (anybody * numbers).amax(1, keepdim=True).clamp(min=1)
        read = (numbers <= last)[..., None]

        def encode(state: list[Tensor], x: list[Tensor]) -> tuple[list[Tensor], Tensor]:
            frame, counts = x
            made = torch.lstm_cell(frame, state, *weights)
            state = [torch.where(counts, new, old) for new, old in zip(made, state, strict=True)]
            return state, state[0].clone()

        def decode(state: list[Tensor], x: Tensor) -> tuple[list[Tensor], Tensor]:
            state = list(self._next(*state))
            return state, state[2].clone()

        zeros = frames.new_zeros(frames.shape[0], encoder.hidden_size)
        steps = frames.transpose(0, 1)
        state, _ = scan(encode, [zeros, zeros.clone()], [steps, read.transpose(0, 1)], dim=0)
        _, decoded = scan(decode, [*state, torch.zeros_like(steps[0])], steps, dim=0)
        return decoded.transpose(0, 1)

    def _encode(self, frames: Tensor, anybody: Tensor) -> tuple[Tensor, Tensor]:
        """State after the last frame that shows anybody, hidden and cell of shape (N, hidden_channels)."""
        numbers = torch.arange(1, frames.shape[1] + 1, device=frames.device)
        lengths = (anybody * numbers).amax(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
        _, (hidden, cell) = self.encoder(packed)
        return hidden[0], cell[0]
