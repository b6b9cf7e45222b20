# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Where a collection comes from: an annotation file, or raw recordings in a folder or a zip archive."""

from __future__ import annotations

import hashlib
import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmskanon.datasets.check import check_annotations, raise_errors
from mmskanon.datasets.schema import complete_annotations
from mmskanon.datasets.splits import sample_name
from mmskanon.io.annotation_records import AnnotationFile
from mmskanon.io.archives import read_member
from mmskanon.io.files import files_below
from mmskanon.recordings import FORMATS, Recording, RecordingFormat, detect_format
from mmskanon.skeletons.layouts import SkeletonLayout


@dataclass(frozen=True)
class Raw:
    """A raw recording as it was read.

    Args:
        name (str): File name below the source, with ``/`` between folders.
        recording (Recording): Its content.
    """

    name: str
    recording: Recording


class Source(ABC):
    """An ordered collection of recordings that are read a few at a time.

    Attributes:
        path (Path): The file or folder.
        names (list[str]): Name of each recording, all different.
    """

    path: Path
    names: list[str]

    def __len__(self) -> int:
        """int: Number of recordings."""
        return len(self.names)

    @abstractmethod
    def read(self, indices: Sequence[int]) -> Iterator[Any]:
        """Read some recordings, in order."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Text that differs where the collection does, without reading all of it."""


class RecordingSource(Source):
    """Raw recordings of one format below a folder or inside a zip archive, sorted by name.

    Args:
        path (str | Path): Folder or zip archive.
        kind (str, optional): Name of the format. Defaults to None, told by the files.

    Attributes:
        format (RecordingFormat): Their format.
        others (list[str]): Files that are no recordings, among them all that are hidden or in a hidden folder.

    Raises:
        FileNotFoundError: If there is no such folder or archive, or a link in it leads to nothing.
        ValueError: If it is no archive (an ``.npz`` is a recording), holds no recordings or those of several formats, two links lead to one
            folder, or a name in an archive leads out of it.
    """

    def __init__(self, path: str | Path, kind: str | None = None) -> None:
        self.path = Path(path).expanduser()
        self._archive: zipfile.ZipFile | None = None
        if not self.path.exists():
            raise FileNotFoundError(
                f'{self.path} does not exist; give an annotation file, or a folder or zip archive of recordings'
            )
        self._is_folder = self.path.is_dir()
        if not self._is_folder and any(f.matches(self.path.name) for f in FORMATS.values()):
            raise ValueError(f'{self.path} is a single recording; give the folder that holds it')
        if self._is_folder:
            stamps = dict(_files_below(self.path))
        else:
            stamps = {
                info.filename: f'{info.file_size} {info.CRC}'
                for info in self._open().infolist()
                if not info.is_dir()
            }
            _check_members(stamps, self.path)
        # Systems and editors leave hidden files and folders beside what they show.
        hidden = {name for name in stamps if f'/{name}'.count('/.')}
        stamps = {name: stamp for name, stamp in stamps.items() if name not in hidden}
        self.format: RecordingFormat = detect_format(sorted(stamps), kind)
        self.names = sorted(n for n in stamps if self.format.matches(n))
        self.others = sorted({*stamps, *hidden}.difference(self.names))
        lines = ''.join(f'{name} {stamps[name]}\n' for name in self.names)
        self._digest = hashlib.sha256(f'{self.format.name}\n{lines}'.encode()).hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        """An open archive stays where it was opened."""
        return {**self.__dict__, '_archive': None}

    def where(self, name: str) -> str:
        """How messages name a recording."""
        return f'{self.path}!{name}' if not self._is_folder else str(self.path / name)

    def read(self, indices: Sequence[int]) -> Iterator[Raw]:
        """Read some recordings.

        Raises:
            FileNotFoundError, ValueError: If one is not there, faulty or not in the format; the sentence names it.
        """
        for index in indices:
            name = self.names[index]
            yield Raw(name, self.format.read(self.content(index), self.where(name)))

    def content(self, index: int) -> bytes:
        """Read the bytes of a recording.

        Raises:
            FileNotFoundError, ValueError: If it is not there any more, too large or damaged in its archive.
        """
        return self._content(self.names[index])

    def facts(self, index: int) -> dict[str, Any]:
        """What the name of a recording tells: see :meth:`RecordingFormat.facts`."""
        return self.format.facts(self.names[index])

    def outline(self) -> list[dict[str, Any]]:
        """What the names tell of each recording, as annotations without joints."""
        facts = (self.facts(index) for index in range(len(self)))
        return [{k: v for k, v in fact.items() if v is not None} for fact in facts]

    def fingerprint(self) -> str:
        """Digest over names, sizes and times of change (or checksums, in an archive)."""
        return self._digest

    def _content(self, name: str) -> bytes:
        where = self.where(name)
        if self._is_folder:
            file = self.path / name
            try:
                self._check_size(file.stat().st_size, where)
                return file.read_bytes()
            except FileNotFoundError:
                raise FileNotFoundError(f'{where} is not there any more; begin anew') from None
        archive = self._open()
        return read_member(archive, archive.getinfo(name), self.format.max_bytes, where)

    def _check_size(self, size: int, where: str) -> None:
        most = self.format.max_bytes
        if size > most:
            raise ValueError(
                f'{where} has {size} bytes, more than the {most} allowed for one recording; leave it out, or split it'
            )

    def _open(self) -> zipfile.ZipFile:
        if self._archive is None:
            try:
                self._archive = zipfile.ZipFile(self.path)
            except zipfile.BadZipFile as error:
                raise ValueError(
                    f'{self.path} is neither a folder nor a readable zip archive ({error}); '
                    'give an annotation file (.pkl), or a folder or zip archive of recordings'
                ) from error
        return self._archive


class AnnotationSource(Source):
    """The samples of an annotation file, which stay in the file until they are read.

    Args:
        path (str | Path): The file (.pkl).
        complete (bool): Whether samples get the facts that their names tell (:func:`~mmskanon.datasets.schema.complete_annotations`).
            Defaults to False.

    Attributes:
        outline (dict | list): The file with heads in place of its samples (:meth:`AnnotationFile.outline`), completed if asked
            for.

    Raises:
        FileNotFoundError, ValueError: If it is missing or faulty.
    """

    def __init__(self, path: str | Path, complete: bool = False) -> None:
        self._file, self._complete = AnnotationFile(path), complete
        self.path = self._file.path
        self.outline = self._file.outline()
        self.names = []

    def check(self, layout: SkeletonLayout, num_person: int) -> None:
        """Make sure that the samples fit an anonymizer, and learn their names.

        Args:
            layout (SkeletonLayout): Its layout.
            num_person (int): Its number of persons.

        Raises:
            ValueError: If anything does not fit; the sentences name the samples.
        """
        problems = check_annotations(
            self.outline,
            str(self.path),
            layout=layout,
            num_person=num_person,
            samples=self._file,
        )
        raise_errors(problems)
        if self._complete:
            complete_annotations(self.heads)
        self.names = [sample_name(head) for head in self.heads]

    @property
    def heads(self) -> list[dict]:
        """list[dict]: The samples without their large arrays."""
        return self.outline['annotations'] if isinstance(self.outline, dict) else self.outline

    def read(self, indices: Sequence[int]) -> Iterator[dict]:
        """Read some samples, completed as the outline is."""
        for index in indices:
            yield self._file.filled(index, self.heads[index])

    def around(self) -> dict | list:
        """The file without its samples: a dict with an empty list of ``annotations``, keys in their order, or an empty list."""
        if not isinstance(self.outline, dict):
            return []
        whole = {**self._file.extra, 'split': self._file.split, 'annotations': []}
        return {key: whole[key] for key in self.outline}

    def fingerprint(self) -> str:
        """Size and time of change."""
        stat = self.path.stat()
        return f'{stat.st_size} {stat.st_mtime_ns}'


def _files_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Names of all files below a folder, links followed, with size and time of change."""
    for path in map(Path, files_below(folder)):
        if path.is_symlink() and not path.exists():
            raise FileNotFoundError(
                f'{path} is a link to what does not exist ({os.readlink(path)}); bring that back, or remove the link'
            )
        if path.is_file():
            stat = path.stat()
            yield path.relative_to(folder).as_posix(), f'{stat.st_size} {stat.st_mtime_ns}'


def _check_members(names: Iterable[str], archive: Path) -> None:
    """Raise ValueError unless names of members are those of files in the folder in which the archive is unpacked."""
    for name in names:
        plain = name.replace('\\', '/')
        if plain.startswith('/') or not {'', '.', '..'}.isdisjoint(plain.split('/')):
            raise ValueError(
                f'{archive} holds {name!r}, expected names of files in the folder in which it is unpacked; pack it again'
            )
