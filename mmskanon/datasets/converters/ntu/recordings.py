# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Find the recordings of NTU RGB+D in folders and zip archives, and read the owners' lists of missing skeletons."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmskanon.io.archives import open_archive, read_member
from mmskanon.io.files import base_name, files_below, is_named

from .names import SUFFIX, sample_facts
from .sample import MAX_BYTES, check_size

_LISTED = re.compile(r'(S\d{3}C\d{3}P\d{3}R\d{3}A\d{3})(?:\.skeleton)?')


@dataclass(frozen=True)
class Recording:
    """One ``.skeleton`` file, not read yet.

    Args:
        name (str): Sample name, such as ``'S001C002P003R002A013'``.
        path (str): The file itself, or the zip archive that contains it.
        member (str): Name inside the zip archive; empty for a plain file.
        stamp (str): Changes when the file does: its size, with its time of change or its checksum.
    """

    name: str
    path: str
    member: str
    stamp: str

    @property
    def where(self) -> str:
        """How messages name the file."""
        return f'{self.path}!{self.member}' if self.member else self.path

    def read_bytes(self) -> bytes:
        """Contents of the file. An archive stays open until :func:`mmskanon.io.archives.close_archives` is called.

        Returns:
            bytes: The text.

        Raises:
            ValueError: If the file is improbably large, cannot be read, or is damaged or encrypted inside its archive.
        """
        try:
            if not self.member:
                check_size(os.path.getsize(self.path), self.where)
                return Path(self.path).read_bytes()
            archive = open_archive(self.path)
            member = archive.getinfo(self.member)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            reason = getattr(error, 'strerror', None) or error
            raise ValueError(
                f'{self.where} cannot be read ({reason}); check the file and its permissions.'
            ) from error
        return read_member(archive, member, MAX_BYTES, self.where)


def list_recordings(
    sources: str | Path | Sequence[str | Path],
) -> tuple[list[Recording], list[tuple[str, str]]]:
    """Find the recordings in folders (with their subfolders) and zip archives.

    Args:
        sources (str | Path | Sequence): Folders and zip archives.

    Returns:
        tuple[list[Recording], list[tuple[str, str]]]: The recordings, by name, and each ``.skeleton`` file whose name is not that of a
        recording, with a sentence that says so.

    Raises:
        FileNotFoundError: If a source is not there, or holds no ``.skeleton`` file.
        ValueError: If a source is neither folder nor zip archive, or a recording is there twice.
    """
    found: dict[str, Recording] = {}
    bad = []
    for source in [sources] if isinstance(sources, (str, Path)) else sources:
        files = list(_files(Path(source)))
        if not files:
            raise FileNotFoundError(
                f'{source} holds no {SUFFIX} file; give a folder or a zip archive with those of NTU RGB+D.'
            )
        for recording in files:
            try:
                sample_facts(recording.name, recording.where)
            except ValueError as error:
                bad.append((recording.where, str(error)))
                continue
            if recording.name in found:
                raise ValueError(
                    f'{recording.where} repeats {recording.name}, found already as {found[recording.name].where}; '
                    'keep one of the two files.'
                )
            found[recording.name] = recording
    return [found[name] for name in sorted(found)], sorted(bad)


def _files(source: Path) -> Iterable[Recording]:
    """Everything named ``*.skeleton``, in capitals perhaps, in a folder or a zip archive."""
    if not source.exists():
        raise FileNotFoundError(
            f'{source} does not exist; give a folder or a zip archive with {SUFFIX} files.'
        )
    if source.is_dir():
        for path in files_below(source):
            name = os.path.basename(path)
            if is_named(name, SUFFIX):
                yield Recording(name[: -len(SUFFIX)], path, '', _stamp(path))
        return
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(
            f'{source} is neither a folder nor a readable zip archive ({error}); '
            f'give a folder or a zip archive with {SUFFIX} files.'
        ) from error
    for info in members:
        name = base_name(info.filename)
        if is_named(name, SUFFIX):
            stamp = f'{info.file_size}:{info.CRC:08x}'
            yield Recording(name[: -len(SUFFIX)], str(source), info.filename, stamp)


def _stamp(path: str) -> str:
    """Size and time of change; of a link that leads to nothing, which is told when it is read, none."""
    try:
        state = os.stat(path)
    except OSError:
        return ''
    return f'{state.st_size}:{state.st_mtime_ns}'


def read_missing(paths: Sequence[str | Path]) -> set[str]:
    """Read the owners' lists of recordings whose skeletons are missing or incomplete.

    They are the text files ``NTU_RGBD_samples_with_missing_skeletons.txt`` (302 names) and
    ``NTU_RGBD120_samples_with_missing_skeletons.txt`` (535: the same and 233 more) of the data set's repository. A line is a name; an
    introduction before the first name and blank lines are passed over.

    Args:
        paths (Sequence[str | Path]): The text files.

    Returns:
        set[str]: Sample names.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file names no recording, or a line after the first name is none.
    """
    listed: set[str] = set()
    for path in map(Path, paths):
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is not there; give the owners' list of recordings with missing skeletons."
            )
        names: set[str] = set()
        text = path.read_text(encoding='utf-8-sig', errors='replace')
        for number, line in enumerate(text.splitlines(), 1):
            match = _LISTED.fullmatch(line.strip())
            if match:
                names.add(match[1])
            elif names and line.strip():
                raise ValueError(
                    f'{path}, line {number}: expected the name of a recording such as S001C002P005R002A008, '
                    f'found {line.strip()[:40]!r}; remove the line.'
                )
        if not names:
            raise ValueError(
                f'{path} names no recording; expected a line such as S001C002P005R002A008 for each with missing skeletons.'
            )
        listed |= names
    return listed
