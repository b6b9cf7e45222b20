# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One clip before and after anonymization, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmskanon.io.atomic import atomic_path
from mmskanon.skeletons.layouts import SkeletonLayout, check_joint_count, get_layout

from .comparison import TITLES, ComparisonScene, spread
from .writers import GIF_MAX_FPS, write_gif, write_mp4

SUFFIXES = ('.gif', '.mp4', '.png')


def draw_comparison(
    original: np.ndarray,
    anonymized: np.ndarray,
    layout: str | Mapping | SkeletonLayout,
    out_path: str | Path,
    fps: float = 30.0,
    view: str = 'front',
    title: str | None = None,
    up: str | None = None,
    max_frames: int | None = None,
    overwrite: bool = False,
) -> None:
    """Draw a clip before and after anonymization, side by side, at one fixed scale.

    Left limbs are blue, right limbs vermilion, a second person lighter; absent persons (all coordinates zero) are not drawn.
    The original stands in grey behind the anonymized body. A ``.gif`` or ``.mp4`` plays at the speed of the recording, a
    ``.png`` shows six moments.

    Args:
        original (np.ndarray): Original skeletons (M, T, V, C); channels beyond the layout's ``dims`` are not looked at.
        anonymized (np.ndarray): Anonymized skeletons (M', T, V, C'), same unit and frame of reference.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        out_path (str | Path): File to write, ending in .gif, .mp4 or .png.
        fps (float): Frames a second of the recording. Defaults to 30.0.
        view (str): ``'front'``, ``'side'``, ``'top'`` or ``'oblique'``. Defaults to ``'front'``.
        title (str, optional): Line above the picture. Defaults to None.
        up (str, optional): ``'y'`` for camera space, ``'z'`` for normalised body space, ``'-y'`` for images. Defaults to
            None, camera space for three coordinates and image space for two.
        max_frames (int, optional): Show at most so many frames, spread evenly; the clip keeps its length in time. Defaults to None.
        overwrite (bool): Replace an existing file. Defaults to False.

    Raises:
        ValueError: If the arrays do not fit the layout or each other, hold NaN or nobody, or an option is unknown.
        FileExistsError: If the file exists and may not be replaced.

    Example:
        >>> draw_comparison(clip, anonymized_clip, 'nturgb+d', 'clip.gif')
    """
    layout = get_layout(layout)
    out_path = Path(out_path)
    suffix = check_target(out_path, overwrite)
    if not fps > 0:
        raise ValueError(f'fps must be positive, found {fps}')
    if max_frames is not None and max_frames < 1:
        raise ValueError(f'max_frames must be at least 1, found {max_frames}')
    clips = check_clips(original, anonymized, layout)
    up = up or ('y' if layout.dims == 3 else '-y')
    scene = ComparisonScene(clips, layout, view, up, fps)
    if suffix == '.png':
        figure = scene.contact_sheet(title, min(6, max_frames or 6))
        with atomic_path(out_path, overwrite=overwrite) as temporary, open(temporary, 'wb') as file:
            figure.canvas.print_png(file, metadata={'Software': None})
        return
    most = max_frames or scene.num_frames
    if suffix == '.gif':
        most = min(most, max(1, int(scene.num_frames / fps * GIF_MAX_FPS)))
    shown = spread(scene.num_frames, most)
    write = write_gif if suffix == '.gif' else write_mp4
    frames = list(scene.film(title, shown))
    write(frames, out_path, fps=fps * len(shown) / scene.num_frames, overwrite=overwrite)


def check_target(out_path: str | Path, overwrite: bool = False) -> str:
    """Return the ending of a picture's name in lower case, before any work is done for it.

    Args:
        out_path (str | Path): File to write.
        overwrite (bool): Whether an existing file may be replaced. Defaults to False.

    Returns:
        str: ``.gif``, ``.mp4`` or ``.png``.

    Raises:
        ValueError: If the name ends in something else.
        FileExistsError: If the file exists and may not be replaced.
    """
    out_path = Path(out_path)
    suffix = out_path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f'cannot write {out_path}: the name must end in one of {", ".join(SUFFIXES)}'
        )
    if out_path.exists() and not overwrite:
        raise FileExistsError(
            f'{out_path} exists already: choose another name, or allow to overwrite it'
        )
    return suffix


def check_clips(
    original: np.ndarray, anonymized: np.ndarray, layout: SkeletonLayout
) -> tuple[np.ndarray, np.ndarray]:
    """Return both clips as float64 (M, T, V, dims) without score channels.

    Args:
        original (np.ndarray): Original skeletons.
        anonymized (np.ndarray): Anonymized skeletons.
        layout (SkeletonLayout): Layout they should have.

    Returns:
        tuple[np.ndarray, np.ndarray]: The clips.

    Raises:
        ValueError: If rank, joints, coordinates or numbers of frames do not fit.
    """
    clips = []
    for name, clip in zip(TITLES, (original, anonymized), strict=True):
        clip = np.asarray(clip)
        if clip.ndim != 4 or not clip.shape[1]:
            raise ValueError(
                f'the {name} clip must have shape (M, T, V, C) with T >= 1, found {clip.shape}'
            )
        check_joint_count(layout, clip.shape[2], f'the {name} clip')
        if clip.shape[3] < layout.dims:
            raise ValueError(
                f'the {name} clip has {clip.shape[3]} coordinates a joint, but the skeleton layout '
                f'{layout.name!r} has {layout.dims}'
            )
        clips.append(clip[..., : layout.dims].astype(np.float64))
    frames = [clip.shape[1] for clip in clips]
    if frames[0] != frames[1]:
        raise ValueError(
            f'the original clip has {frames[0]} frames, the anonymized one {frames[1]}: they cannot be shown side by side'
        )
    return clips[0], clips[1]
