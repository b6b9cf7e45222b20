# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One clip before and after anonymization, side by side or one over the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mmskanon.io.atomic import atomic_path
from mmskanon.skeletons.layouts import SkeletonLayout, check_joint_count, get_layout

from .comparison import TITLES, ComparisonScene, spread
from .scene import Marks
from .writers import GIF_MAX_FPS, write_gif, write_mp4

SUFFIXES = ('.gif', '.mp4', '.png')


def draw_comparison(
    original: np.ndarray,
    anonymized: np.ndarray | Mapping[str, np.ndarray],
    layout: str | Mapping | SkeletonLayout,
    out_path: str | Path,
    fps: float = 30.0,
    view: str = 'front',
    title: str | None = None,
    up: str | None = None,
    max_frames: int | None = None,
    overwrite: bool = False,
    arrangement: str = 'beside',
    heat: bool = False,
    heat_max: float | None = None,
    trajectories: Sequence[str | int] = (),
    trail: int = 30,
) -> None:
    """Draw a clip before and after anonymization at one fixed scale.

    Left limbs are blue, right limbs vermilion, a second person lighter; absent joints and persons (all coordinates zero) are not drawn.
    The original stands in grey behind the anonymized body. A ``.gif`` or ``.mp4`` plays at the speed of the recording, a
    ``.png`` shows six moments.

    Args:
        original (np.ndarray): Original skeletons (M, T, V, C); channels beyond the layout's ``dims`` are not looked at.
        anonymized (np.ndarray | dict[str, np.ndarray]): Anonymized skeletons (M', T, V, C'), same unit and frame of reference, or
            those of several methods by their names.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        out_path (str | Path): File to write, ending in .gif, .mp4 or .png.
        fps (float): Frames a second of the recording. Defaults to 30.0.
        view (str): ``'front'``, ``'side'``, ``'top'``, ``'oblique'``, or ``'turntable'``, which goes once round in the course of the
            clip. Defaults to ``'front'``.
        title (str, optional): Line above the picture. Defaults to None.
        up (str, optional): ``'y'`` for camera space, ``'z'`` for normalised body space, ``'-y'`` for images. Defaults to
            None, camera space for three coordinates and image space for two.
        max_frames (int, optional): Show at most so many frames, spread evenly; the clip keeps its length in time. Defaults to None.
        overwrite (bool): Replace an existing file. Defaults to False.
        arrangement (str): ``'beside'`` gives the original a panel of its own; ``'over'`` shows it only behind each anonymized body.
            Defaults to ``'beside'``.
        heat (bool): Colour anonymized bodies by the distance of their joints from the original, on one scale for the whole clip and
            all methods; grey where the original has no such joint at that time. Defaults to False.
        heat_max (float, optional): Distance of the darkest colour, in mm, or in pixels for layouts in pixels. Defaults to None,
            the largest of the clip.
        trajectories (Sequence[str | int]): Joints whose paths to draw, by name or index. Defaults to none.
        trail (int): Number of frames that a path reaches back. Defaults to 30.

    Raises:
        ValueError: If the arrays do not fit the layout or each other, hold NaN or nobody, or an option is unknown.
        FileExistsError: If the file exists and may not be replaced.

    Example:
        >>> draw_comparison(clip, anonymized_clip, 'nturgb+d', 'clip.gif')
    """
    layout = get_layout(layout)
    out_path = Path(out_path)
    suffix = check_target(out_path, overwrite)
    if max_frames is not None and max_frames < 1:
        raise ValueError(f'max_frames must be at least 1, found {max_frames}')
    marks = Marks(arrangement, heat, heat_max, trajectories, trail)
    scene = make_scene(original, anonymized, layout, fps, view, up, marks)
    if suffix == '.png':
        figure = scene.contact_sheet(title, min(6, max_frames or 6))
        write_png(figure, out_path, overwrite)
        return
    most = max_frames or scene.num_frames
    if suffix == '.gif':
        most = min(most, max(1, int(scene.num_frames / fps * GIF_MAX_FPS)))
    shown = spread(scene.num_frames, most)
    frames = scene.film(title, shown)
    speed = fps * len(shown) / scene.num_frames
    if suffix == '.mp4':
        write_mp4(frames, out_path, speed, overwrite)
    else:
        scale = scene.heat and scene.heat.stops()
        write_gif(list(frames), out_path, speed, overwrite, scale)


def make_scene(
    original: np.ndarray,
    anonymized: np.ndarray | Mapping[str, np.ndarray],
    layout: SkeletonLayout,
    fps: float | None = 30.0,
    view: str = 'front',
    up: str | None = None,
    marks: Marks | None = None,
) -> ComparisonScene:
    """Return what :func:`draw_comparison` draws, for arguments as there.

    Args:
        original (np.ndarray): Original skeletons (M, T, V, C).
        anonymized (np.ndarray | dict[str, np.ndarray]): Anonymized skeletons (M', T, V, C'), or those of several methods.
        layout (SkeletonLayout): Skeleton layout.
        fps (float, optional): Frames a second; with None, frames are counted. Defaults to 30.0.
        view (str): Where to look from. Defaults to ``'front'``.
        up (str, optional): Which way is up. Defaults to None, that of the layout.
        marks (Marks, optional): What to show beside the bodies. Defaults to None, nothing.

    Returns:
        ComparisonScene: The scene.

    Raises:
        ValueError: If the arrays do not fit the layout or each other, hold NaN or nobody, or an option is unknown.
    """
    if fps is not None and not 0 < fps < np.inf:
        raise ValueError(f'fps must be positive, found {fps}')
    methods = anonymized if isinstance(anonymized, Mapping) else {TITLES[1]: anonymized}
    if not methods:
        raise ValueError('no anonymized clip was given')
    clips = check_clips(original, methods, layout)
    up = up or ('y' if layout.dims == 3 else '-y')
    return ComparisonScene(clips, layout, view, up, fps, (TITLES[0], *methods), marks)


def write_png(figure: Figure, out_path: str | Path, overwrite: bool = False) -> None:
    """Write a figure as a PNG that is whole or absent, and the same every time.

    Args:
        figure (Figure): The figure.
        out_path (str | Path): File to write.
        overwrite (bool): Replace an existing file. Defaults to False.

    Raises:
        FileExistsError: If the file exists and may not be replaced.
    """
    with atomic_path(out_path, overwrite=overwrite) as temporary, open(temporary, 'wb') as file:
        figure.canvas.print_png(file, metadata={'Software': None})


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
    original: np.ndarray, anonymized: Mapping[str, np.ndarray], layout: SkeletonLayout
) -> list[np.ndarray]:
    """Return all clips as float64 (M, T, V, dims) without score channels.

    Args:
        original (np.ndarray): Original skeletons.
        anonymized (dict[str, np.ndarray]): Anonymized skeletons by method.
        layout (SkeletonLayout): Layout they should have.

    Returns:
        list[np.ndarray]: The clips, the original first.

    Raises:
        ValueError: If rank, joints, coordinates or numbers of frames do not fit.
    """
    clips = []
    for name, clip in ((TITLES[0], original), *anonymized.items()):
        where = f'the {name} clip' if name in TITLES else f'the clip of {name}'
        clip = np.asarray(clip)
        if clip.ndim != 4 or not clip.shape[1]:
            raise ValueError(
                f'{where} must have shape (M, T, V, C) with T >= 1, found {clip.shape}'
            )
        check_joint_count(layout, clip.shape[2], where)
        if clip.shape[3] < layout.dims:
            raise ValueError(
                f'{where} has {clip.shape[3]} coordinates a joint, but the skeleton layout '
                f'{layout.name!r} has {layout.dims}'
            )
        clips.append(clip[..., : layout.dims].astype(np.float64))
        frames = clips[0].shape[1], clip.shape[1]
        if frames[0] != frames[1]:
            one = 'the anonymized one' if name in TITLES else f'that of {name}'
            raise ValueError(
                f'the original clip has {frames[0]} frames, {one} {frames[1]}: they cannot be shown side by side; '
                'tools/viewer.py plays them by relative time'
            )
    return clips
