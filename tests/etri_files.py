# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write skeleton files in the format of ETRI-Activity3D, sound and broken ones, of made-up people.

A recording is a list of rows ``(frame, body, joints)`` with joints of shape (V, C) = (25, 3) in metres; a row is a body in a frame, and
one whose body is empty shows nobody. Each of the 25 joints has ten columns, so that a file has 253.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ntu_files import person

PER_JOINT = (
    *('3dX', '3dY', '3dZ', 'depthX', 'depthY'),
    *('orientationX', 'orientationY', 'orientationZ', 'orientationW', 'trackingState'),
)
HEADER = ['frameNum', 'bodyindexID', 'trackingID'] + [
    f'joint{j}_{field}' for j in range(1, 26) for field in PER_JOINT
]
Row = tuple[int, int | str, np.ndarray]


def rows_of(joints: np.ndarray, body: int | str = 0, first: int = 0) -> list[Row]:
    """A row for each frame of joints of shape (T, V, C), numbered from ``first``."""
    return [(first + t, body, pose) for t, pose in enumerate(joints)]


def text_of(
    rows: Sequence[Row], newline: str = '\n', header: Sequence[str] = HEADER, digits: int = 7
) -> bytes:
    """Content of a skeleton file.

    Args:
        rows (Sequence): The rows. NaN coordinates are written as ``nan``; where the body is ``''``, so are all fields after it.
        newline (str): End of a line. Defaults to ``'\\n'``.
        header (Sequence[str]): The columns, in any order; others hold some number. Defaults to those of the originals.
        digits (int): Significant digits. Defaults to 7.

    Returns:
        bytes: The file.
    """
    lines = [','.join(header)]
    for frame, body, joints in rows:
        fields = dict(frameNum=str(frame), bodyindexID=str(body), trackingID='72057594037931648')
        for j, place in enumerate(joints, 1):
            for axis, value in zip('XYZ', place, strict=True):
                fields[f'joint{j}_3d{axis}'] = f'{value:.{digits}g}'
            fields[f'joint{j}_trackingState'] = '2'
        if body == '':
            fields = dict(frameNum=str(frame))
        rest = '' if body == '' else '0.1234567'
        lines.append(','.join(fields.get(name, rest) for name in header))
    return (newline.join(lines) + newline).encode()


def people_text(people: Sequence[tuple[str, int]], newline: str = '\n') -> bytes:
    """Content of ``gender_age.txt`` for genders and ages of the subjects 1, 2, ..."""
    lines = ['Gender\tAge', *(f'{gender}\t{age}' for gender, age in people)]
    return (newline.join(lines) + newline).encode()


def name_of(action: int, subject: int, trial: int = 1, camera: int = 1) -> str:
    """Name of a recording without suffix."""
    return f'A{action:03d}_P{subject:03d}_G{trial:03d}_C{camera:03d}'


def write_collection(
    folder: Path,
    actions: Sequence[int] = (1, 55),
    subjects: int = 4,
    cameras: Sequence[int] = (1, 2, 3),
    frames: int = 12,
    newline: str = '\n',
) -> dict[str, np.ndarray]:
    """Write a whole collection as it is distributed: two folders of subjects, and ``gender_age.txt``.

    Args:
        folder (Path): Where to.
        actions (Sequence[int]): Action numbers. Defaults to (1, 55).
        subjects (int): Number of subjects; odd ones are women of 64 and more, even ones men under 30. Defaults to 4.
        cameras (Sequence[int]): Camera numbers. Defaults to (1, 2, 3).
        frames (int): Frames of the shortest recording. Defaults to 12.
        newline (str): End of a line. Defaults to ``'\\n'``.

    Returns:
        dict[str, np.ndarray]: Joints (T, V, C) of each sample, rounded as in the files.
    """
    made = {}
    people = [('f', 63 + s) if s % 2 else ('m', 20 + s) for s in range(1, subjects + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'gender_age.txt').write_bytes(people_text(people, newline))
    for action in actions:
        for subject in range(1, subjects + 1):
            part = folder / ('P001-P050' if subject <= 50 else 'P051-P100')
            part.mkdir(exist_ok=True)
            for camera in cameras:
                name = name_of(action, subject, camera=camera)
                made[name] = person(frames + camera, seed=1000 * action + 10 * subject + camera)
                content = text_of(rows_of(made[name]), newline)
                (part / f'{name}.csv').write_bytes(content)
    return made
