# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Samples for the animations of a report, as numbers that a page can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from mmskanon.skeletons.kinematics import fill_absent_joints
from mmskanon.skeletons.layouts import SkeletonLayout, check_joint_count, get_layout

MOST_FRAMES = 240


@dataclass(frozen=True)
class Example:
    """One clip before and after anonymization.

    Args:
        name (str): Name of the sample.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        fps (float): Frames a second.
        original (np.ndarray): Shape (M, T, V, C), camera space, absent persons all zero.
        anonymized (dict[str, np.ndarray]): For each method the anonymized clip, shape (M', T, V, C).

    Raises:
        ValueError: If an array does not fit the layout or the original, holds NaN, or fps is not positive.
    """

    name: str
    layout: str | Mapping | SkeletonLayout
    fps: float
    original: np.ndarray
    anonymized: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.fps > 0:
            raise ValueError(f'sample {self.name!r}: fps must be positive, found {self.fps}')
        layout = get_layout(self.layout)
        for name, clip in {'the original': self.original, **self.anonymized}.items():
            where = f'sample {self.name!r}, {name}'
            if clip.ndim != 4 or not clip.shape[1] or clip.shape[3] < layout.dims:
                raise ValueError(
                    f'{where}: expected shape (M, T, V, C) with T >= 1 and C >= {layout.dims}, found {clip.shape}'
                )
            check_joint_count(layout, clip.shape[2], where)
            if clip.shape[1] != self.original.shape[1]:
                raise ValueError(
                    f'{where}: has {clip.shape[1]} frames, the original {self.original.shape[1]}'
                )
            if not np.isfinite(clip[..., : layout.dims]).all():
                raise ValueError(f'{where}: holds NaN or infinite coordinates')


def animation_data(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Turn samples into what the script of the page plays.

    Coordinates are whole millimetres (pixels for layouts in pixels), y upwards. An absent joint of a present person lies between its
    neighbours, as in :func:`~mmskanon.skeletons.kinematics.fill_absent_joints`. Each coordinate is stored as its first value and
    its steps from frame to frame, which takes half the letters. Clips of more than 240 frames are shown at evenly spread ones,
    at the same speed.

    Args:
        examples (Sequence[Example]): The samples.

    Returns:
        list[dict]: For each sample ``name``, ``fps``, ``unit``, ``dims`` (coordinates C), ``joints`` (number V), ``bones`` (pairs
        of joints), ``frames`` (T), and ``clips``: for ``''`` (the original) and for each method M lists of T * V * C numbers.
    """
    return [_entry(example) for example in examples]


def _entry(example: Example) -> dict[str, Any]:
    layout = get_layout(example.layout)
    num_frames = example.original.shape[1]
    shown = np.linspace(0, num_frames - 1, min(num_frames, MOST_FRAMES)).round().astype(int)
    clips = {'': example.original, **example.anonymized}
    return dict(
        name=example.name,
        fps=round(float(example.fps * len(shown) / num_frames), 3),
        unit='mm' if layout.unit == 'm' else 'px',
        dims=layout.dims,
        joints=layout.num_joints,
        bones=[[j, p] for j, p in layout.bones if j != p],
        frames=len(shown),
        clips={
            name: _steps(clip[:, shown, :, : layout.dims], layout) for name, clip in clips.items()
        },
    )


def _steps(clip: np.ndarray, layout: SkeletonLayout) -> list[list[int]]:
    scale = 1000.0 if layout.unit == 'm' else 1.0
    filled = fill_absent_joints(torch.from_numpy(np.asarray(clip, np.float64)), layout).numpy()
    whole = np.rint(filled * scale)
    if layout.dims == 2:
        whole[..., 1] *= -1
    whole = whole.astype(np.int64)
    steps = np.diff(whole, axis=1, prepend=0)
    return [person.ravel().tolist() for person in steps]
