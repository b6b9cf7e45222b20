# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How far an exported graph is from PyTorch, what a lower precision loses, and how long both take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mmskanon.apis import anonymize_skeletons
from mmskanon.models.anonymizers import BaseAnonymizer
from mmskanon.skeletons.geometry import normalize_skeleton

from .graph import run_session
from .made_up import SIZES, made_up_clips

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Loss:
    """What a lower precision changes in the output, against float32.

    Attributes:
        mean (float): Mean distance of a joint that is there from where float32 puts it; millimetres, or pixels for two-dimensional layouts.
        largest (float): Largest such distance.
        unit (str): ``'mm'`` or ``'px'``.
        clips (int): Number of clips measured.
    """

    mean: float
    largest: float
    unit: str
    clips: int


def model_input(clip: np.ndarray, anonymizer: BaseAnonymizer, space: str) -> np.ndarray:
    """What a graph takes for one recording.

    Args:
        clip (np.ndarray): Shape (M, T, V, C), camera space, not more persons than the anonymizer's.
        anonymizer (BaseAnonymizer): What is exported.
        space (str): ``'body'`` or ``'camera'``.

    Returns:
        np.ndarray: Shape (1, num_person, T, V, num_coords), float32, in that space.
    """
    coords = clip[..., : anonymizer.num_coords].astype(np.float32)
    if space == 'body':
        coords, _ = normalize_skeleton(coords, **anonymizer.normalization)
    padded = np.zeros((1, anonymizer.num_person, *coords.shape[1:]), np.float32)
    padded[0, : len(coords)] = coords
    return padded


def reference_output(
    clips: np.ndarray, inputs: np.ndarray, anonymizer: BaseAnonymizer, space: str
) -> np.ndarray:
    """What mmskanon makes of the same clips in PyTorch, shape (N, M, T, V, C) in that space."""
    if space == 'camera':
        return np.stack([anonymize_skeletons(anonymizer, clip) for clip in clips])
    with torch.no_grad():
        return anonymizer(torch.from_numpy(inputs)).numpy()


def largest_difference(session, anonymizer: BaseAnonymizer, space: str) -> float:
    """Compare a graph with PyTorch on made-up clips of several sizes.

    Args:
        session (onnxruntime.InferenceSession): The graph.
        anonymizer (BaseAnonymizer): What it was made from.
        space (str): Its space.

    Returns:
        float: Largest absolute difference of a coordinate in the unit of the layout, divided by the largest coordinate where that is above 1.
        Infinite where shapes differ, a number is not finite, or something absent does not stay exactly zero.
    """
    worst = 0.0
    for seed, (count, frames) in enumerate(SIZES):
        clips = made_up_clips(anonymizer.layout, count, anonymizer.num_person, frames, seed)
        clips = clips[..., : anonymizer.num_coords]
        inputs = np.concatenate([model_input(clip, anonymizer, space) for clip in clips])
        expected = reference_output(clips, inputs, anonymizer, space)
        made = run_session(session, inputs)
        nobody = ~inputs.any((3, 4))
        if made.shape != expected.shape or not np.isfinite(made).all() or made[nobody].any():
            return float('inf')
        scale = max(1.0, float(np.abs(expected).max()))
        worst = max(worst, float(np.abs(made - expected).max()) / scale)
    return worst


def measure_loss(
    reference, session, clips: Sequence[np.ndarray], anonymizer: BaseAnonymizer, space: str
) -> Loss:
    """Compare a graph of lower precision with that of float32.

    Args:
        reference (onnxruntime.InferenceSession): The graph of float32.
        session (onnxruntime.InferenceSession): The other one.
        clips (Sequence[np.ndarray]): Clips of shape (M, T, V, C), camera space; at least one.
        anonymizer (BaseAnonymizer): What both were made from.
        space (str): Their space; distances are the same in both.

    Returns:
        Loss: Distances over all joints of all persons in all frames in which the person is there.
    """
    errors = []
    for clip in clips:
        inputs = model_input(clip, anonymizer, space)
        distance = np.linalg.norm(
            run_session(session, inputs) - run_session(reference, inputs), axis=-1
        )
        errors.append(distance[inputs.any((3, 4))].ravel())
    joined = np.concatenate(errors).astype(np.float64)
    scale, unit = (1000, 'mm') if anonymizer.layout.unit == 'm' else (1, 'px')
    return Loss(scale * joined.mean(), scale * joined.max(), unit, len(clips))


def time_in_turn(
    calls: Mapping[str, Callable[[np.ndarray], object]], inputs: Sequence[np.ndarray]
) -> dict[str, float]:
    """Time calls by turns in this thread, so that whatever slows the machine slows all of them.

    Args:
        calls (Mapping[str, Callable]): What is timed.
        inputs (Sequence[np.ndarray]): Their argument, one after the other; each call sees the first one once before, untimed.

    Returns:
        dict[str, float]: Median processor time of this thread in seconds.
    """
    for call in calls.values():
        call(inputs[0])
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for value in inputs:
        for name, call in calls.items():
            start = time.thread_time()
            call(value)
            taken[name].append(time.thread_time() - start)
    return {name: float(np.median(times)) for name, times in taken.items()}


def pick(items: Sequence, most: int) -> list:
    """At most so many items, evenly."""
    if len(items) <= most:
        return list(items)
    return [items[i * len(items) // most] for i in range(most)]
