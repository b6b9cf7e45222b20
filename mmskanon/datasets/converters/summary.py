# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a converter made, split by split, as numbers and as a table."""

from __future__ import annotations

from typing import Any

import numpy as np


def split_summary(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Count samples, subjects, actions, trials and frames of every split.

    Args:
        data (dict): Annotations with ``split`` and ``annotations``.

    Returns:
        list[dict]: One row a split and a last one named ``all``, each with split, samples, subjects, actions, trials (numbers of
        distinct values) and frames_min, frames_median, frames_max.
    """
    by_name = {sample['frame_dir']: sample for sample in data['annotations']}
    parts = {name: [by_name[key] for key in keys] for name, keys in data['split'].items()}
    parts['all'] = data['annotations']
    rows = []
    for name, samples in parts.items():
        frames = np.array([sample['total_frames'] for sample in samples] or [0])
        rows.append(
            dict(
                split=name,
                samples=len(samples),
                subjects=len({sample['subject'] for sample in samples}),
                actions=len({sample['label'] for sample in samples}),
                trials=len({sample['trial'] for sample in samples}),
                frames_min=int(frames.min()),
                frames_median=float(np.median(frames)),
                frames_max=int(frames.max()),
            )
        )
    return rows


def print_summary(data: dict[str, Any], title: str) -> None:
    """Print :func:`split_summary` as a table on standard output.

    Args:
        data (dict): Annotations with ``split`` and ``annotations``.
        title (str): Heading of the table.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify='left')
    table.add_column('split')
    for column in ('samples', 'subjects', 'actions', 'trials', 'frames min', 'median', 'max'):
        table.add_column(column, justify='right')
    for row in split_summary(data):
        table.add_row(row['split'], *(f'{value:g}' for value in list(row.values())[1:]))
    Console().print(table)
