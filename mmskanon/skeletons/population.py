# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The body of a population: median bone lengths, how they spread between people, and mean bone directions, in pure NumPy."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .geometry import body_mask, bone_lengths
from .layouts import SkeletonLayout, get_layout

_TINY = 1e-6


@dataclass(frozen=True)
class Population:
    """What :func:`measure_population` returns.

    Attributes:
        lengths (np.ndarray): Bone lengths of shape (V,), float64, in the unit of the clips, 0 for the root.
        directions (np.ndarray): Rest directions from parent to joint, shape (V, C), float64, length 1; zero for the root and for
            a bone that points everywhere alike.
        size_spread (float): Standard deviation between subjects of the logarithm of their size, about 0.05 for adults; NaN where
            there is only one.
        proportion_spread (np.ndarray): The same of each bone's logarithm of length once the size is taken off, shape (V,), float64,
            equal on both sides of the body, 0 for the root; NaN where fewer than two subjects show the bone.
        subjects (int): Number of subjects measured.
        clips (int): Number of clips measured.
    """

    lengths: np.ndarray
    directions: np.ndarray
    size_spread: float
    proportion_spread: np.ndarray
    subjects: int
    clips: int


def main_body(keypoint: np.ndarray) -> int:
    """Choose the person that stands for a clip: the one with the most frames, the first of equals, as normalization does.

    Args:
        keypoint (np.ndarray): Skeletons of shape (M, T, V, C), without score channels.

    Returns:
        int: Index of the person.
    """
    return int(body_mask(keypoint).sum(axis=1).argmax())


def measure_population(
    clips: Iterable[tuple[Hashable | None, np.ndarray]],
    layout: str | Mapping | SkeletonLayout,
) -> Population:
    """Measure the median body and the mean pose of a population; clips are taken one at a time.

    Length of a bone: median over the frames of a clip in which both ends are there, then median over the clips of a subject, then
    median over subjects, so that no subject counts more for having more clips. Rest direction of a bone: mean over the same
    frames, brought to length 1, then mean over the clips of a subject, to length 1, then over subjects, to length 1. Of a clip
    with several persons, only :func:`main_body` is measured: it is the one that normalization turned to the front.

    Spread: with l_sj the length of bone j of subject s and l_j the median, the size of s is a_s = log(sum_j l_sj / sum_j l_j) over the
    bones that s shows, its proportions are log(l_sj / l_j) - a_s, averaged over the two bones of a left/right pair, and both are
    summed up by their standard deviation over subjects (n - 1). What a sensor measures wrongly in all clips of a subject counts as spread.

    Args:
        clips (Iterable[tuple]): Pairs of subject (None where unknown: the clip then counts as a subject of its own) and skeletons
            of shape (M, T, V, C), normalized the way the anonymizer will see them.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        Population: The statistics.

    Raises:
        ValueError: If there is no clip, a clip does not fit the layout, or no clip shows some bone.
    """
    layout = get_layout(layout)
    by_subject: dict[Hashable, list[tuple[np.ndarray, np.ndarray]]] = {}
    for number, (subject, keypoint) in enumerate(clips):
        group = ('clip', number) if subject is None else ('subject', subject)
        by_subject.setdefault(group, []).append(_measure_clip(keypoint, layout))
    if not by_subject:
        raise ValueError('a population needs at least one clip, found none: choose another split')
    bodies, directions = [], []
    for measured in by_subject.values():
        bodies.append(_median([clip[0] for clip in measured]))
        directions.append(_mean_direction([clip[1] for clip in measured]))
    lengths = _median(bodies)
    lengths[layout.root] = 0
    for joint, parent in layout.graph_inward:
        if not lengths[joint] > 0:
            raise ValueError(
                f'no clip shows the bone from {layout.joints[parent]!r} to {layout.joints[joint]!r} with a length: leave clips of other sensors '
                f'out, or use a layout without this joint'
            )
    size_spread, proportion_spread = _spreads(np.stack(bodies), lengths, layout)
    return Population(
        lengths=lengths,
        directions=_mean_direction(directions),
        size_spread=size_spread,
        proportion_spread=proportion_spread,
        subjects=len(by_subject),
        clips=sum(map(len, by_subject.values())),
    )


def _measure_clip(keypoint: np.ndarray, layout: SkeletonLayout) -> tuple[np.ndarray, np.ndarray]:
    """Median lengths (V,), NaN where a bone is never seen, and mean directions (V, C), zero there."""
    coords = keypoint[..., : layout.dims].astype(np.float64)
    body = coords[main_body(coords)]
    lengths = bone_lengths(body, layout)
    seen = lengths > _TINY
    vectors = body - body[:, list(layout.parents)]
    directions = np.where(seen[..., None], vectors / np.where(seen, lengths, 1)[..., None], 0)
    return _median(np.where(seen, lengths, np.nan)), _mean_direction(directions)


def _spreads(
    bodies: np.ndarray, lengths: np.ndarray, layout: SkeletonLayout
) -> tuple[float, np.ndarray]:
    """Spread of size and of proportions (V,) of subjects (n, V), NaN where a bone is unknown, about the median lengths (V,)."""
    shown = ~np.isnan(bodies)  # never the root, which has no bone
    bodies, shown = bodies[shown.any(axis=1)], shown[shown.any(axis=1)]
    size = np.log(np.nansum(bodies, axis=1) / (shown * lengths).sum(axis=1))
    proportions = np.log(np.where(shown, bodies, 1) / np.where(lengths > 0, lengths, 1))
    proportions = np.where(shown, proportions - size[:, None], np.nan)
    pairs = np.stack([proportions, proportions[:, list(layout.mirrored_bones)]])
    both = np.where(np.isnan(pairs), pairs[::-1], pairs).mean(
        axis=0
    )  # one side where the other is unknown
    spread = np.array([_deviation(column[~np.isnan(column)]) for column in both.T])
    spread[layout.root] = 0
    return _deviation(size), spread


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def _median(rows: list[np.ndarray] | np.ndarray) -> np.ndarray:
    """Median over the first axis of (n, V) without the NaNs; NaN where there is nothing else."""
    values = np.asarray(rows)
    found = ~np.isnan(values).all(axis=0)
    medians = np.full(values.shape[1], np.nan)
    medians[found] = np.nanmedian(values[:, found], axis=0)
    return medians


def _mean_direction(rows: list[np.ndarray] | np.ndarray) -> np.ndarray:
    """Mean over the first axis of (n, V, C), brought to length 1; zero where directions cancel."""
    mean = np.mean(rows, axis=0)
    length = np.linalg.norm(mean, axis=-1, keepdims=True)
    return np.where(length > _TINY, mean / np.where(length > _TINY, length, 1), 0)
