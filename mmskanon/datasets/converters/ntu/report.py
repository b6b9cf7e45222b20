# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a conversion did with each recording: a JSON file, and a table for the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mmskanon.datasets.schema import parse_ntu_name

from .parts import ConversionOptions

DROPPED = dict(
    missing='listed by the owners as missing',
    nobody='nobody tracked',
    unreadable='damaged or not in the format',
    name='not named like a recording',
)
ODD = dict(
    empty_frames='frames without a person',
    length='IDs dropped for their length',
    spread='IDs dropped for their spread',
    motion='IDs dropped for their motion',
    overlap='IDs beyond two persons at a time',
    joined='IDs joined to a person',
    repeated='bodies whose ID stood twice in a frame',
    persons='another number of persons than the action has',
    frames='more than 300 frames',
    unknown='an attribute that the CSV files do not tell',
)
_FACTS = ('subject', 'action', 'replication', 'camera', 'setup')
_COLUMNS = (
    'samples',
    'subjects',
    'actions',
    'cameras',
    'frames_min',
    'frames_median',
    'frames_max',
)


def make_report(
    sources: str | Path | Sequence[str | Path],
    options: ConversionOptions,
    ntu120: bool,
    splits: dict[str, list[str]],
    samples: Sequence[tuple[str, int]],
    dropped: list[dict[str, Any]],
    odd: list[dict[str, Any]],
) -> dict[str, Any]:
    """Put together what was done.

    Args:
        sources (str | Path | Sequence): Folders and archives that were read.
        options (ConversionOptions): How they were converted.
        ntu120 (bool): Whether the recordings are of NTU RGB+D 120.
        splits (dict[str, list[str]]): Sample names of each split.
        samples (Sequence[tuple[str, int]]): Name and number of frames of each sample.
        dropped (list[dict]): ``file``, ``reason`` (a key of :data:`DROPPED`) and ``detail`` of each recording left out.
        odd (list[dict]): ``sample`` and counts (keys of :data:`ODD`) of each sample with something odd.

    Returns:
        dict: ``data_set``, ``sources``, ``options``, ``files``, ``samples``, ``splits`` (rows of numbers), ``dropped_counts``,
        ``odd_counts`` (samples by what is odd), ``dropped`` and ``odd``.
    """
    sources = [sources] if isinstance(sources, (str, Path)) else sources
    lengths = dict(samples)
    rows = [_row(name, members, lengths) for name, members in splits.items()]
    rows.append(_row('all', list(lengths), lengths))
    reasons = Counter(row['reason'] for row in dropped)
    kinds = Counter(kind for row in odd for kind in row if kind in ODD)
    return dict(
        data_set='NTU RGB+D 120' if ntu120 else 'NTU RGB+D 60',
        sources=[str(source) for source in sources],
        options=asdict(options),
        files=len(samples) + len(dropped),
        samples=len(samples),
        splits=rows,
        dropped_counts={reason: reasons[reason] for reason in DROPPED if reason in reasons},
        odd_counts={kind: kinds[kind] for kind in ODD if kind in kinds},
        dropped=dropped,
        odd=odd,
    )


def _row(split: str, names: Sequence[str], lengths: dict[str, int]) -> dict[str, Any]:
    facts = [parse_ntu_name(name) for name in names]
    frames = np.array([lengths[name] for name in names])
    return dict(
        split=split,
        samples=len(names),
        **{f'{fact}s': len({f[fact] for f in facts}) for fact in _FACTS},
        frames_min=int(frames.min()),
        frames_median=float(np.median(frames)),
        frames_max=int(frames.max()),
    )


def print_report(report: dict[str, Any]) -> None:
    """Print the splits, and how many recordings were left out or are odd, on standard output.

    Args:
        report (dict): What :func:`make_report` made.
    """
    from rich.console import Console
    from rich.table import Table

    title = f'{report["data_set"]}, lengths in frames'
    table = Table(title=title, title_justify='left')
    table.add_column('split', no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column.removeprefix('frames_'), justify='right', no_wrap=True)
    for row in report['splits']:
        table.add_row(row['split'], *(f'{row[column]:.16g}' for column in _COLUMNS))
    Console().print(table)
    for reason, count in report['dropped_counts'].items():
        first = next(row['file'] for row in report['dropped'] if row['reason'] == reason)
        print(f'Dropped: {count} {DROPPED[reason]} (the first: {first}).')
    for kind, count in report['odd_counts'].items():
        first = next(row for row in report['odd'] if kind in row)
        print(
            f'Odd: {count} samples with {ODD[kind]} (the first: {first["sample"]}, {first[kind]}).'
        )
