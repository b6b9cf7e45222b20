# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The files of ETRI-Activity3D: what their names mean, who the subjects are, and finding them in folders and zip archives."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmskanon.io.archives import open_archive, read_member
from mmskanon.io.files import base_name, files_below

ETRI_SUBJECTS, ETRI_ACTIONS, ETRI_CAMERAS, ETRI_TRIALS = 100, 55, 8, 999
PEOPLE = 'gender_age.txt'
#: From this age on somebody belongs to the older group. The data set has people of 64 to 88 years and people in their twenties.
OLD_AGE = 60
_NAME = re.compile(r'A(\d{3})_?P(\d{3})_?G(\d{3})_?C(\d{3})\.csv', re.IGNORECASE)
# A minute at 30 frames a second has 5 MB.
MAX_BYTES = 128 * 2**20


@dataclass(frozen=True)
class Person:
    """A subject.

    Args:
        gender (str): ``'f'`` or ``'m'``.
        age (int): Years.
    """

    gender: str
    age: int

    @property
    def age_group(self) -> str:
        """``'60+'``, or ``'under 60'``."""
        return f'{OLD_AGE}+' if self.age >= OLD_AGE else f'under {OLD_AGE}'


@dataclass(frozen=True)
class ETRIRecording:
    """One skeleton file, not read yet.

    Args:
        action (int): Action number, 1 to 55.
        subject (int): Subject number, 1 to 100.
        trial (int): The G of the name: which time, and so at which place, the subject does the action, from 1.
        camera (int): Camera number, 1 to 8; cameras film a trial at the same time.
        path (str): The file itself, or the zip archive that contains it.
        member (str): Name inside the zip archive; empty for a plain file. Defaults to ''.
    """

    action: int
    subject: int
    trial: int
    camera: int
    path: str
    member: str = ''

    @property
    def name(self) -> str:
        """Sample name, such as ``A001_P001_G001_C001``."""
        return f'A{self.action:03d}_P{self.subject:03d}_G{self.trial:03d}_C{self.camera:03d}'

    @property
    def where(self) -> str:
        """How messages name the file."""
        return where_of(self.path, self.member)


def where_of(path: str, member: str) -> str:
    """How messages name a file, or a member of an archive."""
    return f'{path}!{member}' if member else path


def read_bytes(path: str, member: str = '') -> bytes:
    """Contents of a file, or of a member of a zip archive, which stays open until :func:`mmskanon.io.archives.close_archives` is called.

    Args:
        path (str): The file or archive.
        member (str): Name inside the archive; empty for a plain file. Defaults to ''.

    Returns:
        bytes: The raw file.

    Raises:
        ValueError: If the file is improbably large, cannot be read, or is damaged or encrypted inside its archive.
    """
    try:
        if not member:
            _check_size(os.path.getsize(path), path)
            return Path(path).read_bytes()
        archive = open_archive(path)
        info = archive.getinfo(member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        reason = getattr(error, 'strerror', None) or error
        raise ValueError(
            f'{where_of(path, member)} cannot be read ({reason}); check the file and its permissions.'
        ) from error
    return read_member(archive, info, MAX_BYTES, where_of(path, member))


def _check_size(size: int, path: str) -> None:
    """Raise ValueError if a file is too large for a recording."""
    if size > MAX_BYTES:
        raise ValueError(
            f'{path} has {size} bytes, more than the {MAX_BYTES} allowed for one file; '
            'is it a skeleton file of ETRI-Activity3D?'
        )


def list_etri_files(
    sources: Sequence[str | Path],
) -> tuple[list[ETRIRecording], list[tuple[str, str]], list[tuple[str, str]]]:
    """Find the skeleton files in folders (with their subfolders) and zip archives.

    Args:
        sources (Sequence[str | Path]): Folders and zip archives.

    Returns:
        tuple: The recordings, by name; each other ``.csv`` file, with a sentence that says what is wrong with its name; and path
        and member of each ``gender_age.txt``.

    Raises:
        FileNotFoundError: If a source is not there, or there is no skeleton file.
        ValueError: If a source is neither folder nor zip archive, or a recording is there twice.
    """
    found: dict[str, ETRIRecording] = {}
    bad, people = [], []
    for source in sources:
        for path, member in _files(Path(source)):
            name = base_name(member or path)
            if name.startswith('._'):  # the twin that macOS writes beside a file
                continue
            if name == PEOPLE:
                people.append((path, member))
            if not name.lower().endswith('.csv'):
                continue
            where = where_of(path, member)
            try:
                recording = ETRIRecording(*parse_name(name, where), path, member)
            except ValueError as error:
                bad.append((where, str(error)))
                continue
            if recording.name in found:
                raise ValueError(
                    f'{where} repeats {recording.name}, found already as {found[recording.name].where}; keep one of the two files.'
                )
            found[recording.name] = recording
    if not found:
        raise FileNotFoundError(
            f'{", ".join(map(str, sources))} holds no file named A*_P*_G*_C*.csv; '
            'give the folders or zip archives with the skeleton files of ETRI-Activity3D.'
        )
    return [found[name] for name in sorted(found)], sorted(bad), sorted(people)


def _files(source: Path) -> Iterator[tuple[str, str]]:
    """Path and member of every file in a folder or a zip archive."""
    if not source.exists():
        raise FileNotFoundError(
            f'{source} does not exist; give a folder or a zip archive with the skeleton files of ETRI-Activity3D.'
        )
    if source.is_dir():
        yield from ((path, '') for path in files_below(source))
        return
    try:
        with zipfile.ZipFile(source) as archive:
            members = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(
            f'{source} is neither a folder nor a readable zip archive ({error}); '
            'give a folder or a zip archive with the skeleton files of ETRI-Activity3D.'
        ) from error
    yield from ((str(source), member) for member in members)


def parse_name(name: str, where: str) -> tuple[int, int, int, int]:
    """Read what the name of a skeleton file says.

    Args:
        name (str): File name without folder, such as ``'A001_P001_G001_C001.csv'``.
        where (str): How messages name the file.

    Returns:
        tuple[int, int, int, int]: Action, subject, trial and camera, each counted from 1.

    Raises:
        ValueError: If the name is of another form, or a number is out of range.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(
            f'{where} is not named like a recording of ETRI-Activity3D: expected a name such as A001_P001_G001_C001.csv; '
            'rename the file or move it elsewhere.'
        )
    action, subject, trial, camera = map(int, match.groups())
    limits = dict(
        action=(action, ETRI_ACTIONS),
        subject=(subject, ETRI_SUBJECTS),
        group=(trial, ETRI_TRIALS),
        camera=(camera, ETRI_CAMERAS),
    )
    for what, (number, most) in limits.items():
        if not 1 <= number <= most:
            raise ValueError(
                f'{where} names {what} {number}, expected 1 to {most}; rename the file or move it elsewhere.'
            )
    return action, subject, trial, camera


def parse_people(content: bytes, where: str) -> list[Person]:
    """Read ``gender_age.txt``: columns separated by tabs, a header with Gender and Age, and a row for each subject in order.

    Args:
        content (bytes): The raw file.
        where (str): How messages name the file.

    Returns:
        list[Person]: The subjects, number 1 first.

    Raises:
        ValueError: If a column is missing, or a value is neither m nor f, or no age in years; the sentence names the line.
    """
    lines = content.decode('utf-8-sig', 'replace').splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    header = [name.strip() for name in lines[0].split('\t')] if lines else []
    for column in ('Gender', 'Age'):
        if column not in header:
            raise ValueError(
                f'{where} lacks the column {column!r}: expected a header with Gender and Age, separated by tabs, found {header}; '
                "give the owners' file."
            )
    people = []
    for number, line in enumerate(lines[1:], 2):
        row = dict(zip(header, (field.strip() for field in line.split('\t')), strict=False))
        gender, age = row.get('Gender', '').lower(), row.get('Age', '')
        if gender not in ('f', 'm'):
            raise ValueError(
                f'{where}, line {number}: expected the gender m or f of subject {number - 1}, found {row.get("Gender", "")!r}; '
                "correct it, or give the owners' file."
            )
        if not re.fullmatch(r'[0-9]{1,3}', age) or not 1 <= int(age) <= 120:
            raise ValueError(
                f'{where}, line {number}: expected the age of subject {number - 1} in years, found {age!r}; '
                "correct it, or give the owners' file."
            )
        people.append(Person(gender, int(age)))
    return people
