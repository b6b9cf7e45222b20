# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Read a ``.skeleton`` file line by line: slow, at ease with any white space, and able to say which line is wrong."""

from __future__ import annotations

import math
import re

import numpy as np

NUM_JOINTS = 25
BODY_FIELDS = 10
JOINT_FIELDS = 12
_INTEGER = re.compile(rb'\d{1,20}')
_ADVICE = 'copy or download the file again'


def parse_number(token: bytes) -> float | None:
    """A finite decimal number; None where the token is anything else."""
    try:
        value = float(token)
    except ValueError:
        return None
    # Python also reads 1_000, which no C program writes.
    return value if math.isfinite(value) and b'_' not in token else None


def parse_lines(content: bytes, where: str) -> tuple[int, np.ndarray, list[int], np.ndarray]:
    """Read all bodies of a file.

    Args:
        content (bytes): The raw file.
        where (str): How messages name the file.

    Returns:
        tuple: The number of frames, the frame of each of the B records (int64, shape (B,)), the body IDs (a list of B), and joints in
        metres, float64 of shape (B, V, C) = (B, 25, 3).

    Raises:
        ValueError: If the file is not in the format; the sentence names file and line.
    """
    lines = _Lines(content, where)
    num_frames = lines.integer('the number of frames')
    frames, body_ids, joints = [], [], []
    for frame in range(num_frames):
        for _ in range(lines.integer(f'the number of bodies in frame {frame + 1} of {num_frames}')):
            fields = lines.fields(BODY_FIELDS, 'fields of a body')
            if not _INTEGER.fullmatch(fields[0]):
                raise lines.error('the ID of a body', _show(fields[0]))
            found = lines.integer('the number of joints')
            if found != NUM_JOINTS:
                raise lines.error(f'{NUM_JOINTS} joints', str(found))
            joints.append([lines.position() for _ in range(NUM_JOINTS)])
            frames.append(frame)
            body_ids.append(int(fields[0]))
    lines.finish(num_frames)
    array = np.array(joints, dtype=np.float64).reshape(-1, NUM_JOINTS, 3)
    return num_frames, np.array(frames, dtype=np.int64), body_ids, array


class _Lines:
    """The lines of a file, one after the other, with the number of the last one for messages."""

    def __init__(self, content: bytes, where: str) -> None:
        self.lines, self.where, self.number = content.splitlines(), where, 0

    def error(self, expected: str, found: str) -> ValueError:
        """What is wrong with the last line."""
        return ValueError(
            f'{self.where}, line {self.number}: expected {expected}, found {found}; {_ADVICE}.'
        )

    def next(self, expected: str) -> bytes:
        """The next line."""
        self.number += 1
        if self.number > len(self.lines):
            raise self.error(expected, 'the end of the file (it is truncated)')
        return self.lines[self.number - 1]

    def integer(self, expected: str) -> int:
        """The only number of the next line."""
        line = self.next(expected).strip()
        if not _INTEGER.fullmatch(line):
            raise self.error(expected, _show(line))
        return int(line)

    def fields(self, number: int, expected: str) -> list[bytes]:
        """The fields of the next line."""
        fields = self.next(f'{number} {expected}').split()
        if len(fields) != number:
            raise self.error(f'{number} {expected}', str(len(fields)))
        return fields

    def position(self) -> tuple[float, float, float]:
        """The coordinates of a joint."""
        fields = self.fields(JOINT_FIELDS, 'fields of a joint')
        values = tuple(parse_number(token) for token in fields[:3])
        for token, value in zip(fields, values, strict=False):
            if value is None:
                raise self.error('a finite coordinate in metres', _show(token))
        return values

    def finish(self, num_frames: int) -> None:
        """Raise unless only white space is left."""
        for line in self.lines[self.number :]:
            self.number += 1
            if line.strip():
                raise self.error(f'the end of the file after {num_frames} frames', _show(line))


def _show(token: bytes) -> str:
    """Text of a file for a message: short, and printable."""
    return repr(token[:40].decode('ascii', 'backslashreplace'))
