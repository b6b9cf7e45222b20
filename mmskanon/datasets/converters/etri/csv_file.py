# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One skeleton file of ETRI-Activity3D: a CSV table in which a row is a body in a frame.

The columns are ``frameNum``, ``bodyindexID``, ``trackingID`` and for each of Kinect v2's 25 joints ten more, of which ``joint<j>_3dX``,
``joint<j>_3dY`` and ``joint<j>_3dZ`` are its place in camera space, in metres. Columns are found by name; others are passed over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NUM_JOINTS = 25
FRAME, BODY = 'frameNum', 'bodyindexID'
COORDINATES = tuple(f'joint{j}_3d{axis}' for j in range(1, NUM_JOINTS + 1) for axis in 'XYZ')
_COLUMNS = (FRAME, BODY, *COORDINATES)
# Kinect v2 sees some 8 m far; what lies beyond this is no metres.
FARTHEST = 100.0
_ADVICE = 'copy or download the file again'


@dataclass(frozen=True)
class BodyRows:
    """The rows of a file that show a body, in the order of the file.

    Attributes:
        bodies (list[str]): Body indices that occur, sorted.
        joints (np.ndarray): Joints in camera space in metres, float64 of shape (rows, V, C) = (rows, 25, 3).
        empty (int): Rows without a body.
        frames (np.ndarray): For each row its ``frameNum``, float64 of shape (rows,).
        indices (np.ndarray): For each row its ``bodyindexID``, float64 of shape (rows,).
        header (tuple[str, ...]): The columns of the file.
    """

    bodies: list[str]
    joints: np.ndarray
    empty: int
    frames: np.ndarray
    indices: np.ndarray
    header: tuple[str, ...]


def parse_csv(content: bytes, where: str) -> BodyRows:
    """Read a skeleton file.

    Args:
        content (bytes): The raw file.
        where (str): How messages name the file.

    Returns:
        BodyRows: Its bodies.

    Raises:
        ValueError: If a column is missing, a row is cut off, a value is no finite number, the frames of a single body do not
            ascend, or coordinates are no metres; the sentence names file, line and column.
    """
    lines = content.removeprefix(b'\xef\xbb\xbf').splitlines()
    header = (
        [name.strip().decode('ascii', 'replace') for name in lines[0].split(b',')] if lines else []
    )
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise ValueError(
            f'{where} lacks the column {missing[0]!r} ({len(missing)} of the {len(_COLUMNS)} needed are not there); '
            f'is it a skeleton file of ETRI-Activity3D? If so, {_ADVICE}.'
        )
    columns = [header.index(name) for name in _COLUMNS]
    rows = [(number, line) for number, line in enumerate(lines[1:], 2) if line.strip()]
    for number, line in rows:
        fields = line.count(b',') + 1
        if fields != len(header):
            raise ValueError(
                f'{where}, line {number}: expected {len(header)} fields as in the header, found {fields} '
                f'(is the file truncated?); {_ADVICE}.'
            )
    table, empty = _parse_fast([line for _, line in rows], columns), 0
    if table is None:
        rows, table = _parse_careful(rows, columns, where)
        empty = len([line for line in lines[1:] if line.strip()]) - len(rows)
    bodies = sorted({f'{body:.16g}' for body in table[:, 1]})
    if len(bodies) == 1:
        late = np.flatnonzero(np.diff(table[:, 0]) <= 0)
        if len(late):
            number, frame = rows[late[0] + 1][0], table[late[0] + 1, 0]
            raise ValueError(
                f'{where}, line {number}: expected a {FRAME} above {table[late[0], 0]:g} of the row before, found {frame:g}; {_ADVICE}.'
            )
    far = np.argwhere(np.abs(table[:, 2:]) > FARTHEST)
    if len(far):
        row, column = far[0]
        raise ValueError(
            f'{where}, line {rows[row][0]}, column {COORDINATES[column]}: expected a coordinate in metres (up to {FARTHEST:g}), '
            f'found {table[row, column + 2]:g}; convert the file to metres or leave it out.'
        )
    joints = table[:, 2:].reshape(-1, NUM_JOINTS, 3)
    return BodyRows(bodies, joints, empty, table[:, 0], table[:, 1], tuple(header))


def _parse_fast(lines: list[bytes], columns: list[int]) -> np.ndarray | None:
    """Frame, body and coordinates of all rows, shape (rows, 77); None where a value is no finite number."""
    if not lines:
        return np.empty((0, len(columns)))
    try:
        table = np.loadtxt(lines, delimiter=',', usecols=columns, ndmin=2, comments=None)
    except ValueError:
        return None
    return table if np.isfinite(table).all() else None


def _parse_careful(
    rows: list[tuple[int, bytes]], columns: list[int], where: str
) -> tuple[list[tuple[int, bytes]], np.ndarray]:
    """The rows that name a body, and what :func:`_parse_fast` makes of them."""
    kept, table = [], []
    for number, line in rows:
        fields = [field.strip() for field in line.split(b',')]
        if fields[columns[1]].lower() in (b'', b'nan'):
            continue
        values = []
        for name, column in zip(_COLUMNS, columns, strict=True):
            value = _number(fields[column])
            if value is None:
                shown = fields[column][:40].decode('ascii', 'backslashreplace')
                raise ValueError(
                    f'{where}, line {number}, column {name}: expected a finite number, found {shown!r}; '
                    'repair the recording or leave it out.'
                )
            values.append(value)
        kept.append((number, line))
        table.append(values)
    return kept, np.array(table).reshape(-1, len(columns))


def _number(field: bytes) -> float | None:
    try:
        value = float(field)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
