# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recordings as whole numbers that a page can hold: 16 bits a coordinate."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmskanon.skeletons.layouts import SkeletonLayout, check_joint_count
from mmskanon.visualization.views import joints_seen, project

ABSENT = -32768
MOST = 32767
# Of the layouts' units: how much of what is shown one unit is, what that is called, and the finest step of it.
UNITS = {'m': (1000.0, 'mm', 0.1), 'px': (1.0, 'px', 0.1)}


@dataclass(frozen=True)
class ViewerSample:
    """One recording before and after anonymization.

    Args:
        name (str): Name of the sample.
        original (np.ndarray): Original skeletons (M, T, V, C), absent persons all zero.
        anonymized (dict[str, np.ndarray]): For each method its skeletons (M', T', V, C'), same unit and frame of reference.
            The number of frames may differ: clips are then played by relative time.
    """

    name: str
    original: np.ndarray
    anonymized: Mapping[str, np.ndarray]


def check_clip(clip: np.ndarray, layout: SkeletonLayout, where: str) -> np.ndarray:
    """Return a clip as float64 (M, T, V, dims) without score channels.

    Args:
        clip (np.ndarray): Skeletons (M, T, V, C).
        layout (SkeletonLayout): Layout they should have.
        where (str): What it is, for messages.

    Returns:
        np.ndarray: The clip.

    Raises:
        ValueError: If rank, joints or coordinates do not fit, or NaN or infinite values are found.
    """
    clip = np.asarray(clip)
    if clip.ndim != 4 or not clip.shape[1]:
        raise ValueError(f'{where} must have shape (M, T, V, C) with T >= 1, found {clip.shape}')
    check_joint_count(layout, clip.shape[2], where)
    if clip.shape[3] < layout.dims:
        raise ValueError(
            f'{where} has {clip.shape[3]} coordinates a joint, but the skeleton layout {layout.name!r} has {layout.dims}'
        )
    clip = clip[..., : layout.dims].astype(np.float64)
    if not np.isfinite(clip).all():
        raise ValueError(f'{where} holds NaN or infinite coordinates, which cannot be drawn')
    return clip


def pack_clips(
    clips: Sequence[np.ndarray],
    up: str,
    scale: float = 1000.0,
    finest: float = 0.1,
    center: int | None = None,
) -> tuple[list[float], float, str]:
    """Turn clips that belong together into 16-bit numbers about one common origin.

    Coordinates become x right, y up, z away from the viewer, as :func:`mmskanon.visualization.views.project` has them for the
    front, are multiplied by ``scale``, moved to the origin and rounded to steps. The step is ``finest``, or the smallest
    multiple of it with which the farthest joint fits into 16 bits. An absent joint (:func:`mmskanon.visualization.views.joints_seen`) is -32768.

    Args:
        clips (Sequence[np.ndarray]): Skeletons (M, T, V, C), T may differ.
        up (str): Which way is up: ``'y'``, ``'z'`` or ``'-y'``.
        scale (float): What one unit of the coordinates is of those that are shown. Defaults to 1000.0, millimetres of metres.
        finest (float): Finest step, in what is shown. Defaults to 0.1, with which 16 bits reach 3.2 m to each side.
        center (int, optional): Joint that normalization moves to the origin, see there. Defaults to None, none.

    Returns:
        tuple[list[float], float, str]: Origin (3), step, and base64 of little-endian int16, clip after clip (M, T, V, 3).

    Raises:
        ValueError: If nobody is present, or ``up`` is unknown.
    """
    present = [joints_seen(clip, up, center) for clip in clips]
    placed = [project(clip, 'front', up) * scale for clip in clips]
    bodies = np.concatenate([points[seen] for points, seen in zip(placed, present, strict=True)])
    if not len(bodies):
        raise ValueError('no body to draw: every coordinate is zero')
    origin = np.rint((bodies.min(axis=0) + bodies.max(axis=0)) / 2)
    step = finest * max(1, int(np.ceil(np.abs(bodies - origin).max() / (MOST * finest))))
    whole = []
    for points, seen in zip(placed, present, strict=True):
        steps = np.rint((points - origin) / step).astype('<i2')
        steps[~seen] = ABSENT
        whole.append(steps.tobytes())
    return origin.tolist(), step, base64.b64encode(b''.join(whole)).decode()


def sample_entry(sample: ViewerSample, layout: SkeletonLayout, up: str) -> dict[str, Any]:
    """Turn a sample into what the script of the page plays.

    Persons who are absent from every clip are left out.

    Args:
        sample (ViewerSample): The sample.
        layout (SkeletonLayout): Skeleton layout.
        up (str): Which way is up: ``'y'``, ``'z'`` or ``'-y'``.

    Returns:
        dict: ``name``, ``persons`` (number M), ``step``, ``clips`` (for the original and each method ``name`` and ``frames``) and
        ``data`` as of :func:`pack_clips`.

    Raises:
        ValueError: If a clip does not fit the layout, holds NaN, or nobody is present.
    """
    where = f'sample {sample.name!r}, '
    clips = [check_clip(sample.original, layout, f'{where}the original clip')]
    for method, clip in sample.anonymized.items():
        clips.append(check_clip(clip, layout, f'{where}the clip of {method}'))
    num_persons = max(clip.shape[0] for clip in clips)
    missing = [(num_persons - len(clip), *clip.shape[1:]) for clip in clips]
    clips = [np.concatenate([c, np.zeros(m)]) for c, m in zip(clips, missing, strict=True)]
    shown = np.any([clip.any(axis=(1, 2, 3)) for clip in clips], axis=0)
    if not shown.any():
        raise ValueError(f'{where}no body to draw: every coordinate is zero')
    clips = [clip[shown] for clip in clips]
    scale, _, finest = UNITS[layout.unit]
    _, step, data = pack_clips(clips, up, scale, finest, layout.center)
    names = ['original', *sample.anonymized]
    return dict(
        name=sample.name,
        persons=int(shown.sum()),
        step=step,
        clips=[dict(name=n, frames=clip.shape[1]) for n, clip in zip(names, clips, strict=True)],
        data=data,
    )
