# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What anonymizers have in common that first read the action of a clip."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mmskanon.models.recognizers import build_recognizer, missing_checkpoints
from mmskanon.skeletons.layouts import SkeletonLayout

from .base import BaseAnonymizer
from .body_values import check_three_dimensional


class ClassConditionalAnonymizer(BaseAnonymizer):
    """Base of three-dimensional anonymizers that ask a frozen recognizer for the action class of each clip.

    No gradient reaches the input through the recognizer.

    Args:
        recognizer (dict): Arguments of :class:`FrozenRecognizer` or :class:`FusedRecognizer` with checkpoints; it reads the
            action. It is no part of this module's state dict.
        clip_len (int, optional): Frames that the recognizer was trained on. Clips are brought to this length for it, longer ones
            by picking frames evenly, shorter ones by repetition, as ``UniformSampleFrames`` does. Defaults to None, as they are.
        layout (str | dict | SkeletonLayout): See :class:`BaseAnonymizer`; three-dimensional. Defaults to ``'nturgb+d'``.
        num_person (int): See :class:`BaseAnonymizer`. Defaults to 2.
        num_coords (int, optional): See :class:`BaseAnonymizer`. Defaults to None.
        init_cfg (dict | list[dict], optional): See :class:`BaseAnonymizer`. Defaults to None.

    Raises:
        FileNotFoundError: If a checkpoint is not there.
        ValueError: If the recognizer has no checkpoint or reads a private attribute, ``clip_len`` makes no sense, or the layout is
            two-dimensional.
    """

    streams = False  # every window would be another clip, with an action and chance of its own

    def __init__(
        self,
        recognizer: Mapping,
        clip_len: int | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        num_person: int = 2,
        num_coords: int | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(layout, num_person, num_coords, init_cfg)
        name = type(self).__name__
        check_three_dimensional(self)
        if clip_len is not None and (type(clip_len) is not int or clip_len < 1):
            raise ValueError(
                f'{name}: clip_len must be an integer of at least 1, found {clip_len!r}'
            )
        missing = missing_checkpoints(recognizer)
        if missing:
            raise ValueError(
                f'{name}: the recognizer has no checkpoint, so the classes it names would be random: set recognizer.{missing[0]}'
            )
        net = build_recognizer(dict(recognizer), role=f'recognizer of {name}')
        if net.attribute is not None:
            raise ValueError(
                f'{name}: the recognizer reads the private attribute {net.attribute!r}; give one that reads the action'
            )
        self.clip_len = clip_len
        # Not registered as a child: it is loaded from its own file, never from or into a checkpoint of this module.
        object.__setattr__(self, 'recognizer', net.requires_grad_(False))

    @property
    def export_obstacle(self) -> str:
        """str: See :class:`BaseAnonymizer`."""
        return 'it reads the action with a recognizer and takes its output from recordings of other people, which a file for users must not hold'

    def _apply(self, fn, *args, **kwargs):
        self.recognizer._apply(fn, *args, **kwargs)
        return super()._apply(fn, *args, **kwargs)

    @torch.no_grad()
    def read_actions(self, coords: Tensor) -> Tensor:
        """Ask the recognizer about each clip.

        Args:
            coords (Tensor): Coordinates of shape (N, M, T, V, C).

        Returns:
            Tensor: Logits of shape (N, K).
        """
        if self.clip_len is not None:
            total, wanted = coords.shape[2], self.clip_len
            chosen = torch.arange(wanted, device=coords.device)
            chosen = chosen % total if total < wanted else (2 * chosen + 1) * total // (2 * wanted)
            coords = coords.index_select(2, chosen)
        parameter = next(self.recognizer.parameters())
        return self.recognizer(coords.to(parameter.dtype))

    def recognize(self, coords: Tensor) -> Tensor:
        """Read the action class of each clip.

        Args:
            coords (Tensor): Coordinates of shape (N, M, T, V, C).

        Returns:
            Tensor: Class indices of shape (N,).
        """
        return self.read_actions(coords).argmax(-1)
