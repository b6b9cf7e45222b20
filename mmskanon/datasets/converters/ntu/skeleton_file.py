# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Read one ``.skeleton`` file of NTU RGB+D, as Kinect v2 wrote it.

The text has the number of frames in the first line; for each frame the number of bodies; for each body a line of 10 fields (the
body's tracking ID first), the number of joints, which is 25, and a line of 12 fields for each joint: x, y and z in metres in
camera space, then depth and colour pixels, orientation and tracking state, which are not read (format: the data set's own
``read_skeleton_file.m``).

Nine tenths of a file are fields that nobody reads. The fast way therefore looks at the file as an array of bytes, finds all
lines and fields at once, and turns the digits of x, y and z into numbers without making a string of any. What it does not
expect, however small, sends the file to the careful reader of :mod:`.careful`, which reads it line by line or says what is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from .careful import BODY_FIELDS, JOINT_FIELDS, NUM_JOINTS, parse_lines, parse_number

_LINES = NUM_JOINTS + 2
_NEWLINE, _RETURN, _SPACE, _MINUS, _POINT, _ZERO = (ord(c) for c in '\n\r -.0')
_MOST_DECIMALS = 14
_POWERS = np.array([float(10**n) for n in range(_MOST_DECIMALS + 1)])
_BYTE, _SECOND = np.uint32(0xFF), np.uint32(0xFF00)
# For eight digits in a word, in memory order from its lowest byte.
_8, _16, _32, _TEN = (np.uint64(number) for number in (8, 16, 32, 10))
_ZEROS, _CARRY, _TOP = (np.uint64(0x0101010101010101 * byte) for byte in (_ZERO, 0x76, 0x80))
_PAIRS = np.uint64(0x000000FF000000FF)
_HIGH, _LOW = np.uint64(100 + (1000000 << 32)), np.uint64(1 + (10000 << 32))
# How the first body begins in a file that mmskanon.recordings wrote: its number for an ID, and blanks. Kinect's IDs are far greater.
_SELECTED = re.compile(rb'\d+\r?\n(?:0\r?\n)*[12]\r?\n[12](?: 0){8} 2\r?\n')
# Masks of the last 0 to 8 of them.
_LAST = np.array([0, *(2**64 - 256 ** (8 - n) for n in range(1, 9))], dtype=np.uint64)


@dataclass(frozen=True)
class BodyRecords:
    """All bodies of one recording, in the order of the file.

    Args:
        num_frames (int): T, frames of the recording, with those in which nobody was tracked.
        frames (np.ndarray): For each of the B records its frame, from 0, int64 of shape (B,), ascending.
        body_ids (tuple[int, ...]): For each record the tracking ID of its body.
        joints (np.ndarray): Joints in metres in camera space, float32 of shape (B, V, C) = (B, 25, 3).
        selected (bool): Whether the IDs are those of persons, 1 and 2, as :mod:`mmskanon.recordings` writes them: nothing is left to
            select. Defaults to False.
    """

    num_frames: int
    frames: np.ndarray
    body_ids: tuple[int, ...]
    joints: np.ndarray
    selected: bool = False


class _NotPlainError(Exception):
    """The fast way met something that it leaves to the careful reader."""


def parse_skeleton(content: bytes, where: str) -> BodyRecords:
    """Read the text of a ``.skeleton`` file.

    Args:
        content (bytes): The raw file.
        where (str): How messages name the file.

    Returns:
        BodyRecords: All bodies of all frames. Coordinates are the float32 numbers nearest to the float64 ones of ``float()``.

    Raises:
        ValueError: If the file is truncated or not in the format, or a coordinate is NaN or infinite; the sentence names file
            and line.
    """
    try:
        num_frames, frames, body_ids, joints = _parse_fast(content)
    except _NotPlainError:
        num_frames, frames, body_ids, joints = parse_lines(content, where)
    with np.errstate(over='ignore'):
        single = joints.astype(np.float32)
    if not np.isfinite(single).all():
        raise ValueError(
            f'{where} has a coordinate beyond the range of float32; remove or repair the recording.'
        )
    selected = _SELECTED.match(content) is not None and set(body_ids) <= {1, 2}
    return BodyRecords(num_frames, frames, tuple(body_ids), single, selected)


def _parse_fast(content: bytes) -> tuple[int, np.ndarray, list[int], np.ndarray]:
    """Parse a file that is exactly in the format, with single spaces; raise :class:`_NotPlainError` otherwise."""
    if not content.endswith(b'\n'):
        content += b'\n'
    text = np.frombuffer(content, dtype=np.uint8)
    # One pass over the text; all that follows looks at its blanks, an eighth as many, or at the first fields of lines.
    blanks = np.flatnonzero(text <= _SPACE)
    kinds = text.take(blanks)
    breaks = np.flatnonzero(kinds == _NEWLINE)
    ends = blanks[breaks]
    try:
        num_frames, rows, frames, body_ids = _walk(content, ends.tolist())
    except (ValueError, IndexError):
        raise _NotPlainError from None
    frames = np.array(frames, dtype=np.int64)
    if not body_ids:
        return num_frames, frames, body_ids, np.zeros((0, NUM_JOINTS, 3))
    body_rows = np.array(rows)
    _check_blanks(blanks, kinds, breaks, body_rows)
    _check_joint_counts(text, ends[body_rows] + 1)
    joint_rows = (body_rows[:, None] + np.arange(2, _LINES)).ravel()
    # The ends of x, y and z are the first three blanks after the line before.
    end = blanks[breaks[joint_rows - 1][:, None] + np.arange(1, 4)]
    begin = np.empty_like(end)
    np.add(ends[joint_rows - 1], 1, out=begin[:, 0])
    np.add(end[:, :2], 1, out=begin[:, 1:])
    joints = _numbers(content, begin.ravel(), end.ravel())
    return num_frames, frames, body_ids, joints.reshape(-1, NUM_JOINTS, 3)


def _walk(content: bytes, stops: list[int]) -> tuple[int, list[int], list[int], list[int]]:
    """Go from frame to frame; return the number of frames, and for each body its line, frame and ID."""
    num_frames = _count(content[: stops[0]])
    rows, frames, body_ids = [], [], []
    # Tokens seen before, for nearly all are the same.
    counts: dict[bytes, int] = {}
    known: dict[bytes, int] = {}
    width = 0
    row = 1
    for frame in range(num_frames):
        line = content[stops[row - 1] + 1 : stops[row]]
        bodies = counts.get(line)
        if bodies is None:
            bodies = counts[line] = _count(line)
        row += 1
        for _ in range(bodies):
            start = stops[row - 1] + 1
            body_id = known.get(content[start : start + width])
            if body_id is None:
                cut = content.index(b' ', start, stops[row])
                width = cut + 1 - start
                body_id = known[content[start : cut + 1]] = _count(content[start:cut])
            body_ids.append(body_id)
            rows.append(row)
            frames.append(frame)
            row += _LINES
    if row != len(stops):
        raise _NotPlainError
    return num_frames, rows, frames, body_ids


def _count(token: bytes) -> int:
    """An integer written with digits alone, a carriage return after it perhaps."""
    token = token.removesuffix(b'\r')
    if not token.isdigit() or len(token) > 20:
        raise _NotPlainError
    return int(token)


def _check_blanks(
    blanks: np.ndarray, kinds: np.ndarray, breaks: np.ndarray, body_rows: np.ndarray
) -> None:
    """Raise unless blanks are single spaces between as many fields as a line must have, and one kind of line end.

    Args:
        blanks (np.ndarray): Positions of all bytes up to the space.
        kinds (np.ndarray): These bytes.
        breaks (np.ndarray): Which of them end a line.
        body_rows (np.ndarray): The lines of bodies.
    """
    lines = len(breaks)
    returns = np.count_nonzero(kinds == _RETURN)
    after = kinds[breaks - 1] == _RETURN
    if returns not in (0, lines) or np.count_nonzero(after) != returns:
        raise _NotPlainError
    if np.count_nonzero(kinds == _SPACE) != len(kinds) - returns - lines:
        raise _NotPlainError
    expected = np.zeros(lines, dtype=np.int64)
    expected[body_rows] = BODY_FIELDS - 1
    expected[(body_rows[:, None] + np.arange(2, _LINES)).ravel()] = JOINT_FIELDS - 1
    expected += 1 + (returns > 0)
    if breaks[0] + 1 != expected[0] or (breaks[1:] - breaks[:-1] != expected[1:]).any():
        raise _NotPlainError
    # An empty field puts two blanks side by side, and so does \r\n, but nothing else may.
    if np.count_nonzero(blanks[1:] - blanks[:-1] == 1) != returns:
        raise _NotPlainError


def _check_joint_counts(text: np.ndarray, begin: np.ndarray) -> None:
    """Raise unless each line that starts at ``begin`` reads 25."""
    exact = (text[begin] == ord('2')) & (text[begin + 1] == ord('5'))
    if not (exact & (text[begin + 2] <= _RETURN)).all():
        raise _NotPlainError


def _numbers(content: bytes, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Numbers of the tokens from ``begin`` to ``end``, float64, each as ``float()`` rounds it.

    Nearly all have one digit, a point and up to eight decimals, the others of an original file up to 14. All digits then make an
    integer that float64 holds exactly, so that its quotient by an exact power of ten is correctly rounded.
    """
    heads = np.ndarray((len(content) - 3,), dtype='<u4', buffer=content, strides=(1,))[begin]
    words = np.ndarray((len(content) - 7,), dtype='<u8', buffer=content, strides=(1,))
    negative = (heads & _BYTE) == _MINUS
    heads >>= negative.astype(np.uint32) << np.uint32(3)
    lead = (heads & _BYTE) - np.uint32(_ZERO)
    decimals = end - begin
    decimals -= negative
    decimals -= 2
    plain = (lead < 10) & (heads & _SECOND == _POINT << 8)
    plain &= (decimals > 0) & (decimals <= _MOST_DECIMALS)
    if not plain.all():
        decimals[~plain] = 1
    digits, valid = _eight_digits(words[end - 8], np.minimum(decimals, 8))
    plain &= valid
    long = np.flatnonzero(decimals > 8)
    if len(long):
        upper, valid = _eight_digits(words[end[long] - 16], decimals[long] - 8)
        digits[long] += upper * np.uint64(10**8)
        plain[long] &= valid
    power = _POWERS.take(decimals)
    values = lead * power
    values += digits
    values /= power
    np.negative(values, out=values, where=negative)
    if not plain.all():
        other = np.flatnonzero(~plain)
        tokens = zip(begin[other].tolist(), end[other].tolist(), strict=True)
        numbers = [parse_number(content[start:stop]) for start, stop in tokens]
        if None in numbers:
            raise _NotPlainError
        values[other] = numbers
    return values


def _eight_digits(words: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number that the last ``count`` of eight characters make, and whether they are digits.

    The digits are put together pairwise, in one word (D. Lemire, "Quickly parsing eight digits", 2018).
    """
    digits = words ^ _ZEROS
    digits &= _LAST.take(count)
    check = digits + _CARRY
    check |= digits
    check &= _TOP
    digits = digits * _TEN + (digits >> _8)
    high = digits & _PAIRS
    high *= _HIGH
    digits >>= _16
    digits &= _PAIRS
    digits *= _LOW
    digits += high
    digits >>= _32
    return digits, check == 0
