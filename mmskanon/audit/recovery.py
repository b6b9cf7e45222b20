# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Clips as a regressor recovers them from anonymized ones, kept from one audit to the next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .clips import ClipStore
from .digests import code_digest
from .inputs import Method, Recording
from .inversion import Inverter
from .sight import Sight


def recover_clips(
    original: Recording,
    method: Method,
    train: np.ndarray,
    settings: Mapping[str, Any],
    seed: int,
    device: str,
    root: Path,
) -> ClipStore:
    """Recover the clips of a method after learning from pairs, unless that was done before.

    Args:
        original (Recording): The originals.
        method (Method): The method.
        train (np.ndarray): Positions of the clips of which the pairs are known.
        settings (Mapping[str, Any]): Arguments of :class:`Inverter`.
        seed (int): Seed of its training.
        device (str): Where it runs.
        root (Path): Folder of all stores.

    Returns:
        ClipStore: The clips of the first draw, recovered.
    """
    told = [original.store.key, *(s.key for s in method.stores)]
    told += [dict(settings), train.tolist(), seed, code_digest()]
    key = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    folder = root / key
    if (folder / 'meta.json').exists():
        return ClipStore(folder)
    actions, kinds = original.actions, original.num_actions
    anonymized = Sight.of(method.stores, train, actions, kinds).open()
    pairs = Sight.of([original.store] * len(method.stores), train, actions, kinds)
    everything = Sight.of(method.stores[:1], np.arange(len(actions)), actions, kinds)
    inverter = Inverter(**settings, device=device)
    inverter.fit(anonymized, pairs.open(), seed)
    return inverter.recover(everything.open(), folder, key).stores[0]
