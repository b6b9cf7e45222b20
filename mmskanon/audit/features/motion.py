# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Hand-made statistics of gait and movement: how fast, how wide, how steady, in which posture and rhythm."""

from __future__ import annotations

import numpy as np

from mmskanon.skeletons.body_parts import body_parts
from mmskanon.skeletons.layouts import SkeletonLayout

from .parts import present_frames, unit_bones


def kinematic_features(clip: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    """Describe how the persons of a clip move and hold themselves.

    For each person: duration; travel of the centre joint; of each joint, relative to it, speed (mean, standard deviation,
    95th percentile), acceleration and jerk (mean, 95th percentile); of each joint between two bones the angle (mean, standard
    deviation, 5th and 95th percentile); mean and standard deviation of each bone's direction; of each body part the dominant
    frequency of its speed, its spectral centroid, and centre and peak of its movement in time; of each left joint the share of
    the left in the movement of the pair and the correlation of both.

    Args:
        clip (np.ndarray): Shape (M, T, V, C), absent persons all zero.
        layout (SkeletonLayout): Skeleton layout.

    Returns:
        np.ndarray: Shape (D,); speeds per frame in the unit of the clip, angles in radians, frequencies in cycles per frame.
    """
    return np.concatenate([_describe(present_frames(person), layout) for person in clip])


def _describe(person: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    frames = len(person)
    if frames < 4:  # a jerk takes four frames
        last = person[-1:] if frames else np.zeros((1, layout.num_joints, layout.dims))
        person = np.concatenate([person, np.repeat(last, 4 - frames, axis=0)])
    centre = person[:, layout.center]
    relative = person - centre[:, None]
    velocity = np.diff(relative, axis=0)
    speed = np.linalg.norm(velocity, axis=-1)
    parts = [
        [np.log1p(frames), frames / 100],
        _travel(centre),
        _spread(speed),
        *(
            rows
            for order in (1, 2)
            for rows in _size(np.linalg.norm(np.diff(velocity, order, axis=0), axis=-1))
        ),
        _angles(person, layout),
        *_posture(person, layout),
        *(_rhythm(speed[:, joints].mean(axis=1)) for joints in body_parts(layout)),
        *_symmetry(speed, layout),
    ]
    return np.concatenate([np.ravel(part) for part in parts])


def _travel(centre: np.ndarray) -> np.ndarray:
    """Path of the centre joint (T, C): spread and range of each axis, mean and 95th percentile of its speed, way and detour."""
    speed = np.linalg.norm(np.diff(centre, axis=0), axis=-1)
    way = np.linalg.norm(centre[-1] - centre[0])
    return np.concatenate(
        [
            centre.std(axis=0),
            np.ptp(centre, axis=0),
            [speed.mean(), np.percentile(speed, 95), way, speed.sum() - way],
        ]
    )


def _spread(speed: np.ndarray) -> np.ndarray:
    return np.stack([speed.mean(axis=0), speed.std(axis=0), np.percentile(speed, 95, axis=0)])


def _size(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values.mean(axis=0), np.percentile(values, 95, axis=0)


def _angles(person: np.ndarray, layout: SkeletonLayout) -> np.ndarray:
    """Angles between each bone and the one it hangs on, over time: mean, standard deviation, 5th and 95th percentile."""
    column = {joint: i for i, (joint, _) in enumerate(layout.graph_inward)}
    pairs = [(column[j], column[p]) for j, p in layout.graph_inward if p in column]
    if not pairs:
        return np.zeros(0)
    bones = unit_bones(person, layout)
    outer, inner = np.array(pairs).T
    angle = np.arccos(np.clip((bones[:, outer] * bones[:, inner]).sum(axis=-1), -1, 1))
    return np.concatenate(
        [angle.mean(axis=0), angle.std(axis=0), *np.percentile(angle, (5, 95), axis=0)]
    )


def _posture(person: np.ndarray, layout: SkeletonLayout) -> tuple[np.ndarray, np.ndarray]:
    bones = unit_bones(person, layout)
    return bones.mean(axis=0), bones.std(axis=0)


def _rhythm(speed: np.ndarray) -> np.ndarray:
    """Rhythm of a speed (T,): dominant frequency, spectral centroid, time of its centre and of its peak in [0, 1]."""
    power = np.abs(np.fft.rfft(speed - speed.mean())) ** 2
    frequency = np.fft.rfftfreq(len(speed))
    if power[1:].sum() < 1e-18 or speed.sum() < 1e-9:
        return np.zeros(4)
    time = np.linspace(0, 1, len(speed))
    return np.array(
        [
            frequency[1 + power[1:].argmax()],
            (frequency * power).sum() / power.sum(),
            (time * speed).sum() / speed.sum(),
            time[speed.argmax()],
        ]
    )


def _symmetry(speed: np.ndarray, layout: SkeletonLayout) -> list[np.ndarray]:
    if not layout.pairs:
        return []
    left, right = np.array(layout.pairs).T
    a, b = speed[:, left], speed[:, right]
    both = a.mean(axis=0) + b.mean(axis=0)
    share = np.where(both > 1e-9, a.mean(axis=0) / np.maximum(both, 1e-9), 0.5)
    deviation = a.std(axis=0) * b.std(axis=0)
    together = ((a - a.mean(axis=0)) * (b - b.mean(axis=0))).mean(axis=0)
    return [share, np.where(deviation > 1e-12, together / np.maximum(deviation, 1e-12), 0)]
