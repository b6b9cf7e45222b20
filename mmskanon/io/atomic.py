# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Files that appear complete or not at all.

An output is written under a temporary name in the folder of its target, flushed to the disk and
then renamed. Whoever looks at the target sees the old file, the whole new file, or no file; an
error or an interruption on the way leaves nothing behind.
"""

import errno
import os
import pickle
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PICKLE_PROTOCOL = 4
"""Protocol of written pickles, which every supported Python reads."""

NO_SPACE = {errno.ENOSPC, getattr(errno, 'EDQUOT', errno.ENOSPC)}
"""set[int]: Error numbers of a full disk."""


@contextmanager
def atomic_path(
    target: str | os.PathLike, overwrite: bool = False, scratch: Path | None = None
) -> Iterator[Path]:
    """Yield a temporary path whose file becomes ``target`` if the block ends without an exception.

    The temporary name keeps the suffix of the target, so that writers which choose a format by
    suffix work. Folders that are missing on the way to the target are made, and removed again if
    the block fails.

    Args:
        target (str | os.PathLike): The file to be written. A symbolic link is followed.
        overwrite (bool): Whether an existing target may be replaced. Defaults to False.
        scratch (Path, optional): Folder for the temporary, if it is on the file system of the target, so that nothing stays beside the
            target where the process is killed. Defaults to None, that of the target.

    Yields:
        Path: Where to write. Nothing exists there yet.

    Raises:
        FileExistsError: If the target exists and ``overwrite`` is False, be it at the start or at
            the end of the block.
        IsADirectoryError: If the target is a folder.
        OSError: If the disk is full; anything else that the block raises is passed on unchanged.

    Examples:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_path(folder / 'note.txt') as path:
        ...     _ = path.write_text('whole')
        >>> [entry.name for entry in folder.iterdir()]
        ['note.txt']
    """
    shown, target = target, Path(os.path.realpath(target))
    _refuse_existing(target, shown, overwrite)
    made = _make_folders(target.parent)
    near = scratch is not None and os.stat(scratch).st_dev == os.stat(target.parent).st_dev
    name = f'.{target.stem}.{secrets.token_hex(6)}.part{target.suffix}'
    temporary = (scratch if near else target.parent) / name
    try:
        yield temporary
        _flush(temporary)
        _refuse_existing(target, shown, overwrite)
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            raise OSError(
                error.errno,
                f'the disk is full: {shown} was not written and nothing was left behind; '
                'free some space or choose another folder',
            ) from error
        raise
    _flush_folder(target.parent)


def atomic_write_bytes(data: bytes, target: str | os.PathLike, overwrite: bool = False) -> None:
    """Write bytes to ``target``, wholly or not at all.

    Args:
        data (bytes): The content.
        target (str | os.PathLike): The file to be written.
        overwrite (bool): Whether an existing target may be replaced. Defaults to False.

    Raises:
        FileExistsError: If the target exists and ``overwrite`` is False.
        OSError: If the disk is full or the folder cannot be written.
    """
    with atomic_path(target, overwrite) as temporary, open(temporary, 'xb') as file:
        file.write(data)


def atomic_pickle(obj: Any, target: str | os.PathLike, overwrite: bool = False) -> None:
    """Pickle an object to ``target``, wholly or not at all.

    Args:
        obj (Any): What to pickle. :func:`mmskanon.io.load_annotations` reads back NumPy arrays and
            plain containers only.
        target (str | os.PathLike): The file to be written.
        overwrite (bool): Whether an existing target may be replaced. Defaults to False.

    Raises:
        FileExistsError: If the target exists and ``overwrite`` is False.
        OSError: If the disk is full or the folder cannot be written.
    """
    with atomic_path(target, overwrite) as temporary, open(temporary, 'xb') as file:
        pickle.dump(obj, file, protocol=PICKLE_PROTOCOL)


def _refuse_existing(target: Path, shown: str | os.PathLike, overwrite: bool) -> None:
    """Raise if the target must not be written."""
    if target.is_dir():
        raise IsADirectoryError(f'{shown} is a folder; expected the name of a file to write')
    if not overwrite and target.exists():
        raise FileExistsError(
            f'{shown} exists already and is not overwritten; remove it, choose another name '
            'or ask to overwrite'
        )


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder with its parents and return those that were missing, deepest first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _flush(path: Path) -> None:
    """Force the content of a file to the disk, so that the rename cannot come before it."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    """Force a rename to the disk where the system can; the file is in place either way."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
