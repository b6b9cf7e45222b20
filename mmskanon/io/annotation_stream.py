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
import tempfile
from collections.abc import Iterable, Mapping
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
    around: Mapping | None = None,
) -> None:
    """Write an annotation file from records as they come. ``pickle.dump`` would hold every array until its end.

    Args:
        file (BinaryIO): An open file.
        records (Iterable[Any]): The records, which need not be in memory together.
        split (dict[str, list[str]], optional): Sample names of each split. Defaults to None, no splits.
        bare (bool): Whether the file is the list of records alone. Defaults to False.
        around (Mapping, optional): All that the file holds, in its order, with the records in place of what ``'annotations'`` has there.
            Defaults to None, splits and records.
    """
    write_encoded(file, map(encode_record, records), split, bare, around)


def write_encoded(
    file: BinaryIO,
    encoded: Iterable[bytes],
    split: dict[str, list[str]] | None = None,
    bare: bool = False,
    around: Mapping | None = None,
) -> None:
    """Write an annotation file from what :func:`encode_record` made.

    Args:
        file (BinaryIO): An open file.
        encoded (Iterable[bytes]): The instructions of each record.
        split (dict[str, list[str]], optional): See :func:`write_records`. Defaults to None.
        bare (bool): See :func:`write_records`. Defaults to False.
        around (Mapping, optional): See :func:`write_records`. Defaults to None.
    """
    file.write(pickle.PROTO + bytes([_PROTOCOL]))
    if bare:
        _write_list(file, encoded)
    else:
        if around is None:
            around = {} if split is None else dict(split=split)
        file.write(pickle.EMPTY_DICT + pickle.MARK)
        for key, value in {**around, 'annotations': None}.items():
            file.write(_instructions(key))
            if key == 'annotations':
                _write_list(file, encoded)
            else:
                file.write(_instructions(value))
        file.write(pickle.SETITEMS)
    file.write(pickle.STOP)


class Spool:
    """Records in a temporary file that has no name, to be written in an order that is not known yet.

    Args:
        folder (str | os.PathLike): A folder on the disk that has room for them.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed on leaving
        self._ends = [0]

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        """int: Number of records."""
        return len(self._ends) - 1

    def append(self, record: Any) -> None:
        """Store a record.

        Args:
            record (Any): Plain containers and NumPy arrays.
        """
        self._file.seek(self._ends[-1])
        self._ends.append(self._ends[-1] + self._file.write(encode_record(record)))

    def __getitem__(self, index: int) -> bytes:
        """Return the instructions of a record.

        Args:
            index (int): Its position, from 0 on.

        Returns:
            bytes: What :func:`encode_record` made of it.
        """
        start, end = self._ends[index : index + 2]
        self._file.seek(start)
        return self._file.read(end - start)


def _write_list(file: BinaryIO, encoded: Iterable[bytes]) -> None:
    file.write(pickle.EMPTY_LIST)
    for instructions in encoded:
        file.write(instructions)


def _instructions(obj: Any) -> bytes:
    """The instructions that put an object on the stack: a pickle without its first two bytes and its last one."""
    return pickle.dumps(obj, protocol=_PROTOCOL)[2:-1]
