# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One recording of NTU RGB+D to one annotation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .bodies import BodyRules, Selection, skeleton_to_keypoint
from .names import SUFFIX, sample_facts
from .skeleton_file import BodyRecords, parse_skeleton

#: The largest real file has 3 MB; what is larger than this is no recording.
MAX_BYTES = 64 * 2**20


def read_skeleton(path: str | os.PathLike) -> BodyRecords:
    """Read all bodies of a ``.skeleton`` file, whatever its name.

    Args:
        path (str | os.PathLike): The file.

    Returns:
        BodyRecords: Every body of every frame, as it was tracked.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not in the format; the sentence names file and line.
    """
    where = os.fspath(path)
    try:
        with open(where, 'rb', buffering=0) as file:
            check_size(os.fstat(file.fileno()).st_size, where)
            content = file.read()
    except (FileNotFoundError, IsADirectoryError):
        raise FileNotFoundError(
            f'{where} is not there or is no file; give a {SUFFIX} file of NTU RGB+D.'
        ) from None
    return parse_skeleton(content, where)


def check_size(size: int, where: str) -> None:
    """Raise ValueError if a file is too large for a recording.

    Args:
        size (int): Its size in bytes.
        where (str): How messages name the file.
    """
    if size > MAX_BYTES:
        raise ValueError(
            f'{where} has {size} bytes, more than the {MAX_BYTES} allowed for one recording; '
            f'is it a {SUFFIX} file of NTU RGB+D?'
        )


def read_ntu_skeleton(
    path: str | os.PathLike, rules: BodyRules | None = None, dtype: str = 'float32'
) -> dict[str, Any]:
    """Read a recording of NTU RGB+D as an annotation.

    Args:
        path (str | os.PathLike): A file named like ``S001C002P003R002A013.skeleton``.
        rules (BodyRules, optional): How persons are told from noise. Defaults to None, the published thresholds.
        dtype (str): ``'float32'`` or ``'float16'``. Defaults to ``'float32'``.

    Returns:
        dict: ``frame_dir``, ``label`` (action - 1), ``subject``, ``camera``, ``setup`` and ``replication`` (from 1),
        ``total_frames`` and ``keypoint``: joints in metres in camera space, shape (M, T, V, C) = (1 or 2, T, 25, 3).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the name or the content is not that of a recording, or nobody was tracked in it.
    """
    path = Path(path)
    name = path.stem if path.suffix.lower() == SUFFIX else path.name
    sample_facts(name, str(path))
    selection = skeleton_to_keypoint(read_skeleton(path), rules)
    if not selection.keypoint.size:
        raise ValueError(f'{path} shows nobody in any frame; leave the recording out.')
    return annotation(name, selection, str(path), dtype)


def annotation(name: str, selection: Selection, where: str, dtype: str) -> dict[str, Any]:
    """Make an annotation of the persons of a recording.

    Args:
        name (str): Sample name.
        selection (Selection): Its persons.
        where (str): How messages name the file.
        dtype (str): ``'float32'`` or ``'float16'``.

    Returns:
        dict: As :func:`read_ntu_skeleton` returns it.

    Raises:
        ValueError: If a coordinate is beyond the range of ``dtype``.
    """
    facts = sample_facts(name, where)
    with np.errstate(over='ignore'):
        keypoint = np.ascontiguousarray(selection.keypoint, dtype=dtype)
    if not np.isfinite(keypoint).all():
        raise ValueError(
            f'{where} has a coordinate beyond the range of {dtype}; use float32, or repair the recording.'
        )
    return dict(
        frame_dir=name,
        label=facts['action'] - 1,
        subject=facts['subject'],
        camera=facts['camera'],
        setup=facts['setup'],
        replication=facts['replication'],
        total_frames=keypoint.shape[1],
        keypoint=keypoint,
    )
