# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The files that a run writes: an annotation file, a zip archive, or a folder."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mmskanon.io.annotation_stream import write_pieces
from mmskanon.recordings import RecordingFormat
from mmskanon.release import provenance_path

from .chunks import ANNOTATIONS, RAW
from .work import WorkFolder

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can tell; all files get it."""


def check_target(
    source: str | Path,
    target: str | Path,
    overwrite: bool,
    release: bool,
    needed: Iterable[str | Path | None] = (),
) -> str:
    """Make sure that the outputs may be written, before hours are spent on them.

    Args:
        source (str | Path): The original.
        target (str | Path): The output.
        overwrite (bool): Whether outputs that exist are replaced.
        release (bool): Whether a provenance is written too.
        needed (Iterable): Further files that are read, such as a checkpoint; None stands for no file. Defaults to ().

    Returns:
        str: What is written, :data:`ANNOTATIONS` or :data:`RAW`.

    Raises:
        FileExistsError: If an output exists and is not to be replaced.
        IsADirectoryError, NotADirectoryError: If there is a folder where a file is to be written, or a file where a folder is.
        ValueError: If the output is the original, or inside of it, or would take the place of a file that is read.
    """
    source, target = Path(source), Path(target)
    if target.name in ('', '..'):
        raise ValueError(
            f'{target} is no name for an output; give that of a file or folder to write'
        )
    here, there = source.resolve(), target.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise ValueError(
            f'{target} is the original itself, or one of them lies in the other; choose another place for the output'
        )
    for path in (Path(path).resolve() for path in needed if path):
        if there == path or there in path.parents:
            raise ValueError(
                f'{target} would take the place of {path}, which this run reads; choose another place for the output'
            )
    suffix = target.suffix.lower()
    if suffix == '.pkl' or suffix == '.zip':
        if target.is_dir():
            raise IsADirectoryError(f'{target} is a folder; expected the name of a file to write')
    elif target.is_file():
        raise NotADirectoryError(
            f'{target} is a file; expected the name of a folder for raw recordings, or a name that ends in .zip or .pkl'
        )
    for path in (target, provenance_path(target)) if release else (target,):
        if path.exists() and not overwrite:
            unfinished = WorkFolder(target).root
            rest = f'; {unfinished} is what a run that was killed at its end left: remove {path} to go on with it, or delete that folder'
            raise FileExistsError(
                f'{path} exists already and is not overwritten; remove it, choose another name or ask to overwrite'
                + (rest if unfinished.exists() else '')
            )
    return ANNOTATIONS if suffix == '.pkl' else RAW


def check_replaced(target: str | Path, format: RecordingFormat) -> None:
    """Make sure that a folder that is to be replaced holds nothing but recordings, as a run would have written them.

    Args:
        target (str | Path): The output. Where it is no folder, or a link to one, which stays, there is nothing to lose.
        format (RecordingFormat): Format of what takes its place.

    Raises:
        FileExistsError: If it holds anything else.
    """
    target = Path(target)
    if target.is_symlink() or not target.is_dir():
        return
    others = sorted(
        path.relative_to(target).as_posix()
        for path in target.rglob('*')
        if path.is_symlink() or not (path.is_dir() or format.matches(path.name))
    )
    if others:
        number = 'one file that is no' if len(others) == 1 else f'{len(others)} files that are no'
        raise FileExistsError(
            f'{target} is not overwritten, because it holds {number} {format.name} recording: {others[0]}'
            f'{"" if len(others) == 1 else ", for one"}; move what you need, and delete the folder, or choose another name'
        )


def write_annotation_file(
    path: Path, around: Mapping[str, Any] | list, records: Sequence[tuple[str, Path, int, int]]
) -> None:
    """Write records into one annotation file; memory holds one of them.

    Args:
        path (Path): The file.
        around (dict | list): See :func:`~mmskanon.io.annotation_stream.write_pieces`.
        records (Sequence): Rows of :meth:`Results.records`, in the order wanted.
    """

    def pieces() -> Iterator[bytes]:
        name, part = None, None
        try:
            for _, source, at, size in records:
                if source != name:
                    if part is not None:
                        part.close()
                    name, part = source, open(source, 'rb')  # noqa: SIM115  closed above or below
                part.seek(at)
                yield part.read(size)
        finally:
            if part is not None:
                part.close()

    with open(path, 'xb') as file:
        write_pieces(file, around, pieces())


def write_archive(path: Path, parts: Path, names: Sequence[str]) -> None:
    """Put files into a zip archive that tells neither when nor by whom it was made.

    Args:
        path (Path): The archive.
        parts (Path): Folder of the files.
        names (Sequence[str]): Their names there and in the archive, in order.
    """
    with zipfile.ZipFile(path, 'x', zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, (parts / name).read_bytes())


def prepare_folder(parts: Path, names: Sequence[str], anew: bool) -> None:
    """Make a folder of files ready to get its name.

    Args:
        parts (Path): The folder; other files in it are what killed processes left, and are deleted.
        names (Sequence[str]): The files that belong to it, sorted.
        anew (bool): Whether nothing may tell the order in which files were written, which is that of the original: files come anew into the
            folder, in the order of their names, and all get one time, that of :func:`write_archive`. What reads a folder, ``tar`` for
            one, often finds files in the order in which they came into it.
    """
    if anew:
        fresh = parts.with_name('sorted')
        shutil.rmtree(fresh, ignore_errors=True)  # of a process that was killed here
        for name in names:
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(parts / name, path)
        shutil.rmtree(parts)
        os.replace(fresh, parts)
        time = datetime(*_EPOCH, tzinfo=timezone.utc).timestamp()
        for path in (*sorted(parts.rglob('*')), parts):
            os.utime(path, (time, time))
    else:
        wanted = set(names)
        for path in sorted(parts.rglob('*'), reverse=True):
            if path.is_file() and path.relative_to(parts).as_posix() not in wanted:
                path.unlink()
            elif path.is_dir():
                with suppress(OSError):  # not empty
                    path.rmdir()
    if hasattr(os, 'sync'):
        os.sync()  # what is in the files may not come after their name


def move_folder(parts: Path, target: Path, overwrite: bool) -> None:
    """Give a folder of files its name.

    Args:
        parts (Path): The folder, on the same file system.
        target (Path): Its name.
        overwrite (bool): Whether a folder of that name, or a link to one, is replaced.

    Raises:
        FileExistsError: If there is one, and it is not to be replaced.
    """
    aside = target.with_name(f'.{target.name}.replaced')
    if target.exists():
        if not overwrite:
            raise FileExistsError(
                f'{target} exists already and is not overwritten; remove it, choose another name or ask to overwrite'
            )
        _delete(aside)  # of a process that was killed after it had replaced a folder
        os.replace(target, aside)
    try:
        os.replace(parts, target)
    except OSError:
        if aside.exists():
            os.replace(aside, target)
        raise
    _delete(aside)


def _delete(folder: Path) -> None:
    """Delete a folder, or a link to one."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)
