# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Zip archives: kept open between reads, and unpacked without trusting what members say about their size."""

from __future__ import annotations

import os
import zipfile
from functools import lru_cache
from pathlib import Path


def open_archive(path: str | Path) -> zipfile.ZipFile:
    """Open an archive, which this process then keeps open: the directory of a large one takes a second to read.

    Args:
        path (str | Path): The archive.

    Returns:
        zipfile.ZipFile: The archive, until :func:`close_archives` is called; a forked process gets a handle of its own.

    Raises:
        OSError: If it cannot be opened.
        zipfile.BadZipFile: If it is no archive.
    """
    return _opened(str(path), os.getpid())


@lru_cache(maxsize=4)
def _opened(path: str, process: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def close_archives() -> None:
    """Close what :func:`open_archive` left open."""
    _opened.cache_clear()


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int, where: str) -> bytes:
    """Unpack a member of an archive.

    ``ZipFile.read`` inflates all that a member holds, whatever size it claims; here nothing beyond that size is unpacked.

    Args:
        archive (zipfile.ZipFile): The archive.
        member (zipfile.ZipInfo): The member, stored or deflated; the other methods cannot be unpacked piece by piece.
        limit (int): The most bytes that it may unpack to.
        where (str): How messages name it.

    Returns:
        bytes: The content.

    Raises:
        ValueError: If it is too large, damaged, encrypted or compressed in another way.
    """
    if member.file_size > limit:
        raise ValueError(
            f'{where} unpacks to {member.file_size} bytes, more than the {limit} allowed for one recording; is it a recording?'
        )
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(
            f'{where} is compressed by method {member.compress_type}, expected none or deflate; pack it again with an ordinary zip program.'
        )
    try:
        with archive.open(member) as file:
            content = file.read(member.file_size + 1)
    except Exception as error:  # zipfile and zlib fail on damaged data with classes of their own
        raise ValueError(
            f'{where} cannot be unpacked ({error}); get the archive again or unpack it by hand.'
        ) from error
    if len(content) != member.file_size:
        raise ValueError(
            f'{where} unpacks to {len(content)} bytes, expected {member.file_size}; get the archive again.'
        )
    return content
