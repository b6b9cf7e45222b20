# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The files of UTD-MHAD: what the numbers in their names mean, and finding them in a folder or a zip archive."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from mmskanon.io.archives import open_archive, read_member
from mmskanon.io.files import base_name, files_below, is_named

#: What the performers do, in the order of the action numbers (the first entry is action 1, label 0).
UTD_MHAD_ACTIONS = (
    'swipe left',
    'swipe right',
    'wave',
    'clap',
    'throw',
    'cross arms',
    'basketball shot',
    'draw a cross',
    'draw a circle clockwise',
    'draw a circle counter-clockwise',
    'draw a triangle',
    'bowl',
    'box',
    'baseball swing',
    'tennis swing',
    'curl arms',
    'tennis serve',
    'push with both hands',
    'knock on a door',
    'catch',
    'pick up and throw',
    'jog',
    'walk',
    'sit to stand',
    'stand to sit',
    'lunge',
    'squat',
)
UTD_MHAD_SUBJECTS = 8
UTD_MHAD_TRIALS = 4
_SKELETON = re.compile(r'a(\d{1,4})_s(\d{1,4})_t(\d{1,4})_skeleton\.mat', re.IGNORECASE)
OTHER_SENSOR = re.compile(
    r'a\d{1,4}_s\d{1,4}_t\d{1,4}_(?:depth|inertial|color|rgb)\.mat', re.IGNORECASE
)
# The largest real file has 40 kB; what is larger than this is no recording of this data set.
MAX_BYTES = 32 * 2**20


@dataclass(frozen=True)
class UTDRecording:
    """One skeleton file of UTD-MHAD, not read yet.

    Args:
        action (int): Action number, 1 to 27.
        subject (int): Subject number, 1 to 8.
        trial (int): Trial number, 1 to 4.
        path (Path): The file itself, or the zip archive that contains it.
        member (str): Name inside the zip archive; empty for a plain file. Defaults to ''.
    """

    action: int
    subject: int
    trial: int
    path: Path
    member: str = ''

    @property
    def frame_dir(self) -> str:
        """Sample name in the annotation file, such as ``a1_s1_t1``."""
        return f'a{self.action}_s{self.subject}_t{self.trial}'

    @property
    def where(self) -> str:
        """How messages name the file."""
        return f'{self.path}!{self.member}' if self.member else str(self.path)

    def read_bytes(self) -> bytes:
        """Contents of the file. An archive stays open until :func:`mmskanon.io.archives.close_archives` is called.

        Returns:
            bytes: The raw MATLAB file.

        Raises:
            ValueError: If the file is improbably large, or damaged or encrypted inside its archive.
        """
        if self.member:
            archive = open_archive(self.path)
            return read_member(archive, archive.getinfo(self.member), MAX_BYTES, self.where)
        size = self.path.stat().st_size
        if size > MAX_BYTES:
            raise ValueError(
                f'{self.where} has {size} bytes, more than the {MAX_BYTES} allowed for one recording; '
                'is it a skeleton file of UTD-MHAD?'
            )
        return self.path.read_bytes()


def list_recordings(source: str | Path) -> tuple[list[UTDRecording], list[str]]:
    """Find the skeleton files below a folder or inside a zip archive.

    Args:
        source (str | Path): Folder (searched with its subfolders) or zip archive.

    Returns:
        tuple[list[UTDRecording], list[str]]: The recordings sorted by action, subject and trial, and the names of the files left
        aside because they belong to the data set's other sensors (depth, inertial, color).

    Raises:
        FileNotFoundError: If ``source`` is absent or holds no skeleton file.
        ValueError: If ``source`` is neither folder nor zip, a .mat file has a foreign name or a number out of range, or one
            performance appears twice.
    """
    source = Path(source)
    if not source.exists():
        raise FileNotFoundError(
            f'{source} does not exist; give the folder or the zip archive with the UTD-MHAD files a*_s*_t*_skeleton.mat.'
        )
    if source.is_dir():
        names = [(path.name, path, '') for path in sorted(map(Path, files_below(source)))]
    else:
        try:
            with zipfile.ZipFile(source) as archive:
                members = sorted(info.filename for info in archive.infolist() if not info.is_dir())
        except zipfile.BadZipFile as error:
            raise ValueError(
                f'{source} is neither a folder nor a readable zip archive ({error}); '
                'give the folder or the zip archive with the UTD-MHAD files.'
            ) from error
        names = [(base_name(name), source, name) for name in members]
    names = [entry for entry in names if is_named(entry[0], '.mat')]

    found: dict[tuple[int, int, int], UTDRecording] = {}
    other = []
    for name, path, member in names:
        where = f'{path}!{member}' if member else str(path)
        if OTHER_SENSOR.fullmatch(name):
            other.append(where)
            continue
        recording = UTDRecording(*parse_name(name, where), path, member)
        key = (recording.action, recording.subject, recording.trial)
        if key in found:
            raise ValueError(
                f'{where} repeats {recording.frame_dir}, already read from {found[key].where}; keep one of the two files.'
            )
        found[key] = recording
    if not found:
        raise FileNotFoundError(
            f'{source} holds no file named a*_s*_t*_skeleton.mat; '
            'give the folder or the zip archive with the UTD-MHAD skeleton files.'
        )
    return [found[key] for key in sorted(found)], other


def parse_name(name: str, where: str) -> tuple[int, int, int]:
    """Read what the name of a skeleton file says.

    Args:
        name (str): File name without folder, such as ``'a1_s1_t1_skeleton.mat'``.
        where (str): How messages name the file.

    Returns:
        tuple[int, int, int]: Action, subject and trial, each counted from 1.

    Raises:
        ValueError: If the name is of another form, or a number is out of range.
    """
    match = _SKELETON.fullmatch(name)
    if match is None:
        raise ValueError(
            f'{where} is not named like a UTD-MHAD recording: expected a<action>_s<subject>_t<trial>_skeleton.mat; '
            'rename the file or move it elsewhere.'
        )
    action, subject, trial = (int(number) for number in match.groups())
    limits = {
        'action': (action, len(UTD_MHAD_ACTIONS)),
        'subject': (subject, UTD_MHAD_SUBJECTS),
        'trial': (trial, UTD_MHAD_TRIALS),
    }
    for what, (number, most) in limits.items():
        if not 1 <= number <= most:
            raise ValueError(
                f'{where} names {what} {number}, expected 1 to {most}; rename the file or move it elsewhere.'
            )
    return action, subject, trial
