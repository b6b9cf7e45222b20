# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The splits of ETRI-Activity3D, and what a conversion did with each recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from .recordings import ETRIRecording

DROPPED = dict(
    action='of an action that is skipped',
    bodies='with several bodies',
    nobody='without a body in any frame',
    unreadable='damaged or not in the format',
    name='not named like a recording',
)
_COLUMNS = (
    'samples',
    'subjects',
    'actions',
    'cameras',
    'frames_min',
    'frames_median',
    'frames_max',
)


def etri_splits(
    recordings: Sequence[ETRIRecording], test_cameras: Sequence[int]
) -> dict[str, list[str]]:
    """List the samples of the splits by subject and by camera.

    Args:
        recordings (Sequence[ETRIRecording]): The recordings.
        test_cameras (Sequence[int]): Cameras of ``xview_val``.

    Returns:
        dict[str, list[str]]: ``xsub_train`` and ``xsub_val`` (subjects divisible by 3), ``xview_train`` and ``xview_val``. A split
        without a sample is left out.
    """
    rules = dict(
        xsub=lambda recording: recording.subject % 3 == 0,
        xview=lambda recording: recording.camera in test_cameras,
    )
    splits = {}
    for name, is_test in rules.items():
        splits[f'{name}_train'] = [r.name for r in recordings if not is_test(r)]
        splits[f'{name}_val'] = [r.name for r in recordings if is_test(r)]
    return {name: members for name, members in splits.items() if members}


def make_etri_report(
    sources: Sequence,
    splits: dict[str, list[str]],
    samples: Sequence[tuple[ETRIRecording, int]],
    dropped: list[dict[str, str]],
    empty_frames: dict[str, int],
) -> dict[str, Any]:
    """Put together what was done.

    Args:
        sources (Sequence): Folders and archives that were read.
        splits (dict[str, list[str]]): Sample names of each split.
        samples (Sequence[tuple[ETRIRecording, int]]): Each recording that was kept, and its number of frames.
        dropped (list[dict]): ``file``, ``reason`` (a key of :data:`DROPPED`) and ``detail`` of each file left out.
        empty_frames (dict[str, int]): Frames without a body, which are left out, by sample.

    Returns:
        dict: ``data_set``, ``sources``, ``files``, ``samples``, ``splits`` (rows of numbers), ``dropped_counts``, ``empty_frames`` and
        ``dropped``.
    """
    by_name = {recording.name: (recording, frames) for recording, frames in samples}
    parts = {**splits, 'all': list(by_name)}
    rows = [_row(name, [by_name[member] for member in members]) for name, members in parts.items()]
    reasons = Counter(row['reason'] for row in dropped)
    return dict(
        data_set='ETRI-Activity3D',
        sources=[str(source) for source in sources],
        files=len(samples) + len(dropped),
        samples=len(samples),
        splits=rows,
        dropped_counts={reason: reasons[reason] for reason in DROPPED if reason in reasons},
        empty_frames=empty_frames,
        dropped=dropped,
    )


def _row(split: str, samples: Sequence[tuple[ETRIRecording, int]]) -> dict[str, Any]:
    frames = np.array([length for _, length in samples])
    return dict(
        split=split,
        samples=len(samples),
        subjects=len({r.subject for r, _ in samples}),
        actions=len({r.action for r, _ in samples}),
        cameras=len({r.camera for r, _ in samples}),
        frames_min=int(frames.min()),
        frames_median=float(np.median(frames)),
        frames_max=int(frames.max()),
    )


def print_etri_report(report: dict[str, Any]) -> None:
    """Print the splits, and how many files and frames were left out, on standard output.

    Args:
        report (dict): What :func:`make_etri_report` made.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title='ETRI-Activity3D, lengths in frames', title_justify='left')
    table.add_column('split', no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column.removeprefix('frames_'), justify='right', no_wrap=True)
    for row in report['splits']:
        table.add_row(row['split'], *(f'{row[column]:.16g}' for column in _COLUMNS))
    Console().print(table)
    for reason, count in report['dropped_counts'].items():
        first = next(row['file'] for row in report['dropped'] if row['reason'] == reason)
        print(f'Dropped: {count} files {DROPPED[reason]} (the first: {first}).')
    empty = report['empty_frames']
    if empty:
        print(f'Left out: {sum(empty.values())} frames without a body, in {len(empty)} samples.')
