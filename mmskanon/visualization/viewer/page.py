# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The viewer's page: one file that holds its data and needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmskanon.io.atomic import atomic_write_bytes
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout
from mmskanon.visualization.views import UPS, VIEWS
from mmskanon.visualization.web import BASE_PALETTE, render_page

from .data import ABSENT, UNITS, ViewerSample, sample_entry

TEMPLATES = Path(__file__).resolve().parent / 'template'
SCRIPTS = ('stage.js', 'clips.js', 'chart.js', 'viewer.js')
# The Okabe-Ito palette, told apart with every common colour vision, lighter on dark screens.
METHOD_COLORS = (
    ('#d55e01', '#ff9a4d'),
    ('#0072b3', '#4aa3e0'),
    ('#009e74', '#3fcf9f'),
    ('#a5508d', '#d98cc4'),
    ('#b88600', '#f5bd4a'),
    ('#2f9fd6', '#9cdcff'),
)
MOST_METHODS = len(METHOD_COLORS)


def render_viewer(
    samples: Sequence[ViewerSample],
    layout: str | Mapping | SkeletonLayout,
    title: str = 'Before and after anonymization',
    fps: float = 30.0,
    up: str | None = None,
) -> str:
    """Make the page.

    Args:
        samples (Sequence[ViewerSample]): What to show; all have the same methods.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        title (str): Heading of the page. Defaults to 'Before and after anonymization'.
        fps (float): Frames a second of the originals. Defaults to 30.0.
        up (str, optional): ``'y'`` for camera space, ``'z'`` for normalised body space, ``'-y'`` for images. Defaults to
            None, camera space for three coordinates and image space for two.

    Returns:
        str: The page.

    Raises:
        ValueError: If there is no sample or an option or a sample does not fit.
    """
    layout = get_layout(layout)
    up = up or ('y' if layout.dims == 3 else '-y')
    if not 0 < fps < float('inf'):
        raise ValueError(f'fps must be positive, found {fps}')
    if up not in UPS or (up == 'z' and layout.dims == 2):
        raise ValueError(
            f'up must be one of {list(UPS)}, and y or -y for two coordinates a joint, found {up!r}'
        )
    if not samples:
        raise ValueError('there is no sample to show')
    methods = list(samples[0].anonymized)
    check_methods(methods)
    for sample in samples:
        if list(sample.anonymized) != methods:
            raise ValueError(
                f'sample {sample.name!r} has the methods {list(sample.anonymized)}, sample {samples[0].name!r} has {methods}'
            )
    _, unit, _ = UNITS[layout.unit]
    colors = {f'method-{i}': color for i, color in enumerate(METHOD_COLORS[: len(methods)])}
    data = dict(
        fps=fps,
        unit=unit,
        flat=layout.dims == 2,
        absent=ABSENT,
        joints=list(layout.joints),
        bones=[[j, p] for j, p in layout.bones if j != p],
        views=VIEWS,
        samples=[sample_entry(sample, layout, up) for sample in samples],
    )
    return render_page(
        TEMPLATES,
        'viewer.html',
        style='viewer.css',
        scripts=SCRIPTS,
        palette=BASE_PALETTE | colors,
        title=title,
        data=data,
        methods=methods,
    )


def check_methods(methods: Sequence[str]) -> None:
    """Refuse methods that a page cannot show beside each other.

    Args:
        methods (Sequence[str]): Their names.

    Raises:
        ValueError: If there is none or too many, two have one name, or one is called like the original.
    """
    if not 1 <= len(methods) <= MOST_METHODS:
        raise ValueError(f'a page shows 1 to {MOST_METHODS} methods, found {len(methods)}')
    for name in methods:
        if methods.count(name) > 1 or name in ('', 'original'):
            raise ValueError(
                f'a method cannot be called {name!r}: names must differ from each other and from "original"'
            )


def write_viewer(
    samples: Sequence[ViewerSample],
    layout: str | Mapping | SkeletonLayout,
    out_path: str | Path,
    overwrite: bool = False,
    **options: str | float | None,
) -> int:
    """Write the page, wholly or not at all.

    Args:
        samples (Sequence[ViewerSample]): What to show.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        out_path (str | Path): File to write.
        overwrite (bool): Replace an existing file. Defaults to False.
        **options: ``title``, ``fps`` and ``up`` of :func:`render_viewer`.

    Returns:
        int: Size of the file in bytes.

    Raises:
        ValueError: If a sample or an option does not fit.
        FileExistsError: If the file exists and may not be replaced.
        OSError: If the file cannot be written.

    Example:
        >>> write_viewer([ViewerSample('wave', clip, {'k-same': anonymized})], 'nturgb+d', 'wave.html')
    """
    page = render_viewer(samples, layout, **options).encode()
    atomic_write_bytes(page, out_path, overwrite)
    return len(page)
