# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""An annotation pickle written record by record, by whoever has a record, and put together without reading any.

A pickle is a sequence of instructions. Those that make one record and append it to a list mean the same wherever they stand, so a
file of such instructions can be copied into the middle of a pickle as it is. Protocol 3 is used because from 4 on a pickle is cut into
frames with their lengths, and refers to earlier objects by their count.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from mmskanon.io.atomic import atomic_path

_PROTOCOL = 3


def encode_record(record: Any) -> bytes:
    """Make the instructions that append a record to the list on top of the stack.

    Args:
        record (Any): Plain containers and NumPy arrays.

    Returns:
        bytes: The instructions.
    """
    return _instructions(record) + pickle.APPEND


def write_annotations(
    target: str | os.PathLike,
    split: dict[str, list[str]],
    parts: Iterable[Path],
    overwrite: bool = False,
) -> None:
    """Write the annotation file ``{'split': split, 'annotations': [...]}``, wholly or not at all.

    Args:
        target (str | os.PathLike): The file to be written.
        split (dict[str, list[str]]): Sample names of each split.
        parts (Iterable[Path]): Files with what :func:`encode_record` made, in the order of the records.
        overwrite (bool): Whether an existing target may be replaced. Defaults to False.

    Raises:
        FileExistsError: If the target exists and ``overwrite`` is False.
        OSError: If the disk is full or the folder cannot be written.
    """

    def pieces() -> Iterator[bytes]:
        for part in parts:
            with open(part, 'rb') as source:
                while piece := source.read(1 << 18):
                    yield piece

    with atomic_path(target, overwrite) as temporary, open(temporary, 'xb') as file:
        write_pieces(file, dict(split=split, annotations=[]), pieces())


def write_pieces(file: BinaryIO, around: Mapping[str, Any] | list, pieces: Iterable[bytes]) -> None:
    """Write an annotation file from records that are encoded already.

    Args:
        file (BinaryIO): An open file.
        around (dict | list): The file without its samples: a dict, in which the value of ``annotations`` does not count, or a list, which
            stands for a file that is the list of samples alone.
        pieces (Iterable[bytes]): What :func:`encode_record` made, cut anywhere, in the order of the records.
    """
    file.write(pickle.PROTO + bytes([_PROTOCOL]))
    if not isinstance(around, Mapping):
        file.write(pickle.EMPTY_LIST)
        file.writelines(pieces)
    else:
        file.write(pickle.EMPTY_DICT + pickle.MARK)
        for key, value in around.items():
            file.write(_instructions(key))
            if key == 'annotations':
                file.write(pickle.EMPTY_LIST)
                file.writelines(pieces)
            else:
                file.write(_instructions(value))
        file.write(pickle.SETITEMS)
    file.write(pickle.STOP)


def _instructions(obj: Any) -> bytes:
    """The instructions that put an object on the stack: a pickle without its first two bytes and its last one."""
    return pickle.dumps(obj, protocol=_PROTOCOL)[2:-1]
