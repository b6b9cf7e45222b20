# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What an attacker may look at, in a form that can be sent to another process and told apart by a digest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .clips import ClipStore, View
from .digests import digest_of


@dataclass(frozen=True)
class Sight:
    """A :class:`View` that can be sent to another process.

    Args:
        folders (tuple[Path]): Folders of the stores.
        source (np.ndarray): See :class:`View`.
        index (np.ndarray): See :class:`View`.
        actions (np.ndarray): See :class:`View`.
        num_actions (int): See :class:`View`.
    """

    folders: tuple[Path, ...]
    source: np.ndarray
    index: np.ndarray
    actions: np.ndarray
    num_actions: int

    @classmethod
    def of(
        cls, stores: Iterable[ClipStore], index: np.ndarray, actions: np.ndarray, num_actions: int
    ) -> Sight:
        """The same clips of each of several stores.

        Args:
            stores (Iterable[ClipStore]): The stores.
            index (np.ndarray): Positions of the n clips.
            actions (np.ndarray): Action of every clip of a store, shape (N,).
            num_actions (int): Number of action classes.
        """
        folders = tuple(s.folder for s in stores)
        many = len(folders)
        return cls(
            folders,
            np.repeat(np.arange(many), len(index)),
            np.tile(index, many),
            np.tile(actions[index], many),
            num_actions,
        )

    def open(self) -> View:
        """The view, for the process that calls."""
        stores = tuple(ClipStore(folder) for folder in self.folders)
        return View(stores, self.source, self.index, self.actions, self.num_actions)

    def __add__(self, other: Sight) -> Sight:
        """The clips of both, these first."""
        return Sight(
            self.folders + other.folders,
            np.concatenate([self.source, other.source + len(self.folders)]),
            np.concatenate([self.index, other.index]),
            np.concatenate([self.actions, other.actions]),
            self.num_actions,
        )

    def digest(self) -> str:
        """What the clips and their actions are, wherever the stores lie."""
        keys = [Path(f).name for f in self.folders]
        arrays = (self.source, self.index, self.actions)
        return digest_of(keys, self.num_actions, *(a.astype(np.int64).tobytes() for a in arrays))
