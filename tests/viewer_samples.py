# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Samples for tests of the viewer, and what NumPy says of them."""

import numpy as np

from mmskanon.visualization.viewer import ViewerSample

HOSTILE = 'a</script><script>alert(1)</script><!-- "&\''


def walkers(frames: int, persons: int = 1, seed: int = 0, joints: int = 20) -> np.ndarray:
    """Bodies (M, T, V, 3) in metres, 3 m before the camera, that move smoothly."""
    rng = np.random.default_rng(seed)
    pose = rng.normal(scale=[0.3, 0.5, 0.2], size=(persons, 1, joints, 3))
    pose += np.array([0.0, 0.0, 3.0]) + np.arange(persons)[:, None, None, None] * [0.9, 0, 0.1]
    phase = np.linspace(0, 2 * np.pi, frames)[:, None, None]
    return pose + 0.2 * np.sin(phase + rng.normal(size=(persons, 1, joints, 3)))


def two_samples() -> list[ViewerSample]:
    """A person whose second method has another number of frames, and two persons of whom one comes late."""
    first = walkers(30)
    second = walkers(20, persons=2, seed=1)
    second[1, :5] = 0
    moved = [np.where(c == 0, 0, c + [0.03, 0, 0.04]) for c in (first, second)]
    return [
        ViewerSample('one', first, {HOSTILE: moved[0], 'retimed': walkers(47, seed=3)}),
        ViewerSample('two', second, {HOSTILE: moved[1], 'retimed': 0.9 * second}),
    ]


def at_relative_time(clip: np.ndarray, frames: int) -> np.ndarray:
    """A person's joints (T, V, 3), all present, at as many moments of the same relative time (frames, V, 3)."""
    old, new = np.linspace(0, 1, len(clip)), np.linspace(0, 1, frames)
    flat = clip.reshape(len(clip), -1)
    columns = [np.interp(new, old, column) for column in flat.T]
    return np.stack(columns, axis=-1).reshape(frames, *clip.shape[1:])


def displacement_mm(original: np.ndarray, anonymized: np.ndarray) -> np.ndarray:
    """How far each joint of a person was moved (T, V), NaN where the person is absent."""
    moved = 1000 * np.linalg.norm(at_relative_time(anonymized, len(original)) - original, axis=-1)
    return np.where(original.any(axis=(1, 2))[:, None], moved, np.nan)
