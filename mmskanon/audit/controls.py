# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Data with a known answer, on which the audit proves itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from .clips import ClipStore
from .inputs import Recording

NOISE_FRAMES = 48
NOISE_STD = 0.3


def noise_recording(original: Recording, root: Path, seed: int) -> Recording:
    """A recording with the samples of the original, of which every clip is independent noise of one length.

    Whoever finds anyone in it has found a fault of the audit: a clip that stands on both sides, a label that reached the attacker.

    Args:
        original (Recording): The originals.
        root (Path): Folder of all stores.
        seed (int): Seed of the noise.

    Returns:
        Recording: Clips (M, 48, V, C) of Gaussian noise of 0.3 units about the origin for the first person; further persons absent.
    """
    store = original.store
    shape = (1, NOISE_FRAMES, store.layout.num_joints, store.layout.dims)

    def sample(i: int, name: str) -> dict:
        rng = np.random.default_rng([seed, i])
        noise = rng.normal(scale=NOISE_STD, size=shape).astype(np.float32)
        return dict(frame_dir=name, keypoint=noise)

    samples = [sample(i, name) for i, name in enumerate(store.names)]
    noise = ClipStore.build(samples, store.layout_spec, store.num_person, root, store.takes)
    return replace(original, file='independent noise', store=noise)
