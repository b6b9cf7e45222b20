# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Clips with every person in every frame, for methods that exchange or align them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from .geometry import body_mask
from .kinematics import fill_absent_joints
from .layouts import SkeletonLayout, get_layout

PERSON_DISTANCE = 1.0
"""float: How far a person without a clip of its own stands beside the one whose clip it gets, in the unit of the layout."""


def occupied_span(clip: np.ndarray) -> slice | None:
    """Find the frames between the first and the last in which somebody is there.

    Args:
        clip (np.ndarray): Skeletons of shape (M, T, V, C), without score channels.

    Returns:
        slice, optional: The frames; None where nobody is there at all.
    """
    frames = np.flatnonzero(body_mask(clip).any(axis=0))
    return slice(int(frames[0]), int(frames[-1]) + 1) if frames.size else None


def fill_gaps(
    clip: np.ndarray, num_person: int, layout: str | Mapping | SkeletonLayout
) -> np.ndarray | None:
    """Cut a clip to :func:`occupied_span` and put every person, with every joint, into each of its frames.

    Absent joints are filled from their neighbours (:func:`~mmskanon.skeletons.kinematics.fill_absent_joints`), absent frames of a
    person interpolated, or held at the ends. A person missing from the clip gets the motion of the first one there,
    :data:`PERSON_DISTANCE` further along x for each place.

    Args:
        clip (np.ndarray): Skeletons of shape (M, T, V, C) in body space, without score channels.
        num_person (int): Number of persons of the result.
        layout (str | dict | SkeletonLayout): Skeleton layout.

    Returns:
        np.ndarray, optional: Clip of shape (num_person, T', V, C), float32; None where nobody is there.
    """
    layout = get_layout(layout)
    span = occupied_span(clip)
    if span is None:
        return None
    clip = clip[:, span]
    present = body_mask(clip)
    clip = fill_absent_joints(torch.from_numpy(clip), layout).numpy()
    out = np.empty((num_person, *clip.shape[1:]), np.float32)
    first = int(present.any(axis=1).argmax())
    for person in [first, *(p for p in range(num_person) if p != first)]:
        if person < len(clip) and present[person].any():
            out[person] = _without_gaps(clip[person], present[person])
        else:
            out[person] = out[first]
            out[person, ..., 0] += PERSON_DISTANCE * (person - first)
    return out


def _without_gaps(body: np.ndarray, present: np.ndarray) -> np.ndarray:
    """One person (T, V, C) with its absent frames interpolated, or held at the ends."""
    found = np.flatnonzero(present)
    positions = np.interp(np.arange(len(body)), found, np.arange(len(found)))
    lower = positions.astype(int)
    upper = np.minimum(lower + 1, len(found) - 1)
    weight = (positions - lower)[:, None, None]
    return (1 - weight) * body[found[lower]] + weight * body[found[upper]]
