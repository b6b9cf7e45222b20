# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One typical clip for each action class: the medoid of the class on canonical bones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from .gaps import fill_gaps
from .kinematics import (
    complete_directions,
    inverse_kinematics,
    set_bone_lengths,
)
from .layouts import SkeletonLayout, get_layout
from .resampling import resample_frames

MAX_CANDIDATES = 200
"""int: Clips of a class among which its medoid is looked for, drawn at random where there are more; distances are quadratic in it."""
COMPARED_FRAMES = 64
"""int: Frames that clips are resampled to for comparison."""


def medoid(rows: np.ndarray) -> int:
    """Find the row with the least sum of Euclidean distances to the others, the first of equals.

    Args:
        rows (np.ndarray): Array of shape (n, D).

    Returns:
        int: Index of the row.
    """
    square = np.square(rows).sum(axis=1)
    distances = np.sqrt(np.maximum(square[:, None] + square - 2 * rows @ rows.T, 0))
    return int(distances.sum(axis=1).argmin())


def typical_clips(
    clips: Sequence[np.ndarray],
    labels: Sequence[int],
    lengths: np.ndarray,
    layout: str | Mapping | SkeletonLayout,
    num_classes: int,
    num_person: int,
    seed: int = 0,
) -> list[np.ndarray]:
    """Choose a typical clip of each action class: the medoid by root mean squared joint distance, on canonical bones.

    Before clips are compared, :func:`~mmskanon.skeletons.gaps.fill_gaps` puts every person into every frame, and all get the given
    bone lengths.

    Args:
        clips (Sequence[np.ndarray]): Clips of shape (M, T, V, C) in body space, read one at a time by index.
        labels (Sequence[int]): Action class of each clip.
        lengths (np.ndarray): Canonical bone lengths of shape (V,).
        layout (str | dict | SkeletonLayout): Skeleton layout.
        num_classes (int): Number of classes.
        num_person (int): Number of persons of the result; further persons of a clip are left out.
        seed (int): Seed of the draw where a class has more than :data:`MAX_CANDIDATES` clips. Defaults to 0.

    Returns:
        list[np.ndarray]: For each class a clip of shape (num_person, T, V, C), float32, whose length T is its own; every person
        is there throughout.

    Raises:
        ValueError: If a label is not among the classes, or a class has no clip with a person in it.
    """
    layout = get_layout(layout)
    labels = np.asarray(labels)
    wrong = labels[(labels < 0) | (labels >= num_classes)]
    if wrong.size:
        raise ValueError(
            f'the population has a clip of class {wrong[0]}, the recognizer tells {num_classes} classes apart: use a recognizer trained on these data'
        )
    lengths = torch.as_tensor(np.asarray(lengths, np.float32))

    def prepare(index: int) -> np.ndarray | None:
        clip = fill_gaps(clips[index][:num_person, ..., : layout.dims], num_person, layout)
        return None if clip is None else _on_bones(clip, lengths, layout)

    return [_typical(prepare, labels, label, seed) for label in range(num_classes)]


def _typical(
    prepare: Callable[[int], np.ndarray | None], labels: np.ndarray, label: int, seed: int
) -> np.ndarray:
    """The medoid of one class; ``prepare`` makes a comparable clip of an index, or None of one that shows nobody."""
    candidates = np.flatnonzero(labels == label)
    if len(candidates) > MAX_CANDIDATES:
        generator = np.random.default_rng([seed, label])
        candidates = np.sort(generator.choice(candidates, MAX_CANDIDATES, replace=False))
    rows, indices = [], []
    for index in candidates:
        clip = prepare(index)
        if clip is not None:
            rows.append(resample_frames(clip.swapaxes(0, 1), COMPARED_FRAMES).ravel())
            indices.append(index)
    if not rows:
        raise ValueError(
            f'the population has no clip of class {label} with a person in it: choose a split that shows every class of the recognizer'
        )
    return prepare(indices[medoid(np.asarray(rows, np.float64))])


def _on_bones(clip: np.ndarray, lengths: torch.Tensor, layout: SkeletonLayout) -> np.ndarray:
    x = torch.from_numpy(clip)
    directions = complete_directions(inverse_kinematics(x, layout)[1], layout)
    return set_bone_lengths(x, directions, lengths, layout).numpy()
