# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""An annotation pickle written record by record, by whoever has a record, and put together without reading any.

A pickle is a sequence of instructions. Those that make one record and append it to a list mean the same wherever they stand, so a
file of such instructions can be copied into the middle of a pickle as it is. Protocol 3 is used because from 4 on a pickle is cut into
frames with their lengths, and refers to earlier objects by their count.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Iterable
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
    with atomic_path(target, overwrite) as temporary, open(temporary, 'xb') as file:
        file.write(pickle.PROTO + bytes([_PROTOCOL]) + pickle.EMPTY_DICT + pickle.MARK)
        file.write(_instructions('split') + _instructions(split))
        file.write(_instructions('annotations') + pickle.EMPTY_LIST)
        for part in parts:
            with open(part, 'rb') as source:
                shutil.copyfileobj(source, file)
        file.write(pickle.SETITEMS + pickle.STOP)


def write_records(
    file: BinaryIO,
    records: Iterable[Any],
    split: dict[str, list[str]] | None = None,
    bare: bool = False,
) -> None:
    """Write an annotation file from records in memory. ``pickle.dump`` would hold every array twice until its end.

    Args:
        file (BinaryIO): An open file.
        records (Iterable[Any]): The records.
        split (dict[str, list[str]], optional): Sample names of each split. Defaults to None, no splits.
        bare (bool): Whether the file is the list of records alone. Defaults to False.
    """
    file.write(pickle.PROTO + bytes([_PROTOCOL]))
    if not bare:
        file.write(pickle.EMPTY_DICT + pickle.MARK)
        if split is not None:
            file.write(_instructions('split') + _instructions(split))
        file.write(_instructions('annotations'))
    file.write(pickle.EMPTY_LIST)
    for record in records:
        file.write(encode_record(record))
    file.write((b'' if bare else pickle.SETITEMS) + pickle.STOP)


def _instructions(obj: Any) -> bytes:
    """The instructions that put an object on the stack: a pickle without its first two bytes and its last one."""
    return pickle.dumps(obj, protocol=_PROTOCOL)[2:-1]
