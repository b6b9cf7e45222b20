# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Failures of files, turned into errors for the user."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import CorruptFileError, UnsafePickleError


def check_file(path: str | os.PathLike, expected: str) -> Path:
    """Return a path after making sure that a file with content is there.

    Args:
        path (str | os.PathLike): The path; ``~`` stands for the home folder.
        expected (str): What the file should be, with its article, for messages.

    Returns:
        Path: The path, with the home folder filled in.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        CorruptFileError: If it is empty.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise IsADirectoryError(f'{path} is a folder; expected {expected}')
    if not path.exists():
        raise FileNotFoundError(f'{path} does not exist; expected {expected}')
    if path.stat().st_size == 0:
        raise CorruptFileError(f'{path} is empty; expected {expected}')
    return path


def sha256_of(path: str | os.PathLike) -> str:
    """Return the SHA-256 checksum of a file, in hexadecimal.

    Args:
        path (str | os.PathLike): The file.

    Raises:
        OSError: If it cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_plain(read: Callable[[], Any], source: str, kind: str, advice: str = '') -> Any:
    """Run a reader of restricted pickles and turn its failures into errors for the user.

    Args:
        read (Callable[[], Any]): Reads and returns the content.
        source (str): The file, for messages.
        kind (str): What it should be, with its article, for messages.
        advice (str): Appended to the message on refused content. Defaults to ''.

    Returns:
        Any: What ``read`` returned.

    Raises:
        UnsafePickleError: If the content asks for anything but plain data.
        CorruptFileError: If the content cannot be read as such a file.
        OSError: If the disk fails.
    """
    try:
        return read()
    except UnsafePickleError as error:
        raise UnsafePickleError.of(error.refused, source, advice) from None
    except MemoryError as error:
        raise CorruptFileError(
            f'{source} does not fit into memory, or is damaged and states an impossible length'
        ) from error
    except Exception as error:  # a damaged pickle can fail in any instruction
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # that is a seek to nowhere
            raise
        reason = f'{type(error).__name__}: {error}'.splitlines()[0]
        raise CorruptFileError(
            f'{source} is truncated, damaged or not {kind} ({reason}); copy or make it again'
        ) from error
