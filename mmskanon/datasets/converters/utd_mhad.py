# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""UTD-MHAD skeleton recordings to the annotation schema.

UTD-MHAD (Chen, Jafari and Kehtarnavaz, "UTD-MHAD: A multimodal dataset for human action recognition utilizing a depth camera and
a wearable inertial sensor", ICIP 2015) ships one MATLAB file for each performance, ``a{action}_s{subject}_t{trial}_skeleton.mat``
with numbers from 1 on. Its variable ``d_skel`` holds 20 Kinect v1 joints in camera space, in metres, with shape (20, 3, T).
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .matlab import matlab_variables

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
UTD_MHAD_SPLITS = {'train': (1, 2), 'test': (3, 4)}
UTD_MHAD_LAYOUT = 'kinect_v1'

_JOINTS = 20
_KEY = 'd_skel'
_SKELETON = re.compile(r'a(\d{1,4})_s(\d{1,4})_t(\d{1,4})_skeleton\.mat')
_OTHER_SENSOR = re.compile(r'a\d{1,4}_s\d{1,4}_t\d{1,4}_(?:depth|inertial|color|rgb)\.mat')
# The largest real file has 40 kB; what is larger than this is no recording of this data set.
_MAX_BYTES = 32 * 2**20


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

    def read_bytes(self, archive: zipfile.ZipFile | None = None) -> bytes:
        """Contents of the file.

        Args:
            archive (zipfile.ZipFile, optional): The archive, if it is open already. Defaults to None.

        Returns:
            bytes: The raw MATLAB file.

        Raises:
            ValueError: If the file is improbably large, or damaged or encrypted inside its archive.
        """
        if not self.member:
            self._refuse_huge(self.path.stat().st_size)
            return self.path.read_bytes()
        if archive is None:
            with zipfile.ZipFile(self.path) as opened:
                return self.read_bytes(opened)
        self._refuse_huge(archive.getinfo(self.member).file_size)
        try:
            return archive.read(self.member)
        except Exception as error:  # each compression method fails with classes of its own
            raise ValueError(
                f'{self.where} cannot be unpacked ({error}); download the archive again or unpack it by hand.'
            ) from error

    def _refuse_huge(self, size: int) -> None:
        if size > _MAX_BYTES:
            raise ValueError(
                f'{self.where} has {size} bytes, more than the {_MAX_BYTES} allowed for one recording; '
                'is it a skeleton file of UTD-MHAD?'
            )


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
        names = [(path.name, path, '') for path in sorted(source.rglob('*.mat'))]
    else:
        try:
            with zipfile.ZipFile(source) as archive:
                members = sorted(info.filename for info in archive.infolist() if not info.is_dir())
        except zipfile.BadZipFile as error:
            raise ValueError(
                f'{source} is neither a folder nor a readable zip archive ({error}); '
                'give the folder or the zip archive with the UTD-MHAD files.'
            ) from error
        names = [
            (name.rpartition('/')[2], source, name)
            for name in members
            if name.lower().endswith('.mat')
        ]
    # macOS writes a '._' twin with its own metadata beside every file.
    names = [entry for entry in names if not entry[0].startswith('._')]

    found: dict[tuple[int, int, int], UTDRecording] = {}
    other = []
    for name, path, member in names:
        where = f'{path}!{member}' if member else str(path)
        if _OTHER_SENSOR.fullmatch(name):
            other.append(where)
            continue
        recording = _parse_name(name, path, member, where)
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


def _parse_name(name: str, path: Path, member: str, where: str) -> UTDRecording:
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
    return UTDRecording(action, subject, trial, path, member)


def read_keypoint(content: bytes, where: str) -> np.ndarray:
    """Joints of one UTD-MHAD skeleton file.

    Args:
        content (bytes): The raw MATLAB file.
        where (str): How messages name the file.

    Returns:
        np.ndarray: float32 joints in camera space in metres, shape (M, T, V, C) = (1, T, 20, 3).

    Raises:
        ValueError: If the file is damaged, lacks ``d_skel``, or ``d_skel`` is no finite numeric array of shape (20, 3, T).
    """
    try:
        variables = {variable.name: variable for variable in matlab_variables(content, _MAX_BYTES)}
    except ValueError as error:
        raise ValueError(_damaged(where, error)) from error
    if _KEY not in variables:
        raise ValueError(
            f"{where} lacks the variable '{_KEY}', found {sorted(variables) or 'none'}; is it a skeleton file of UTD-MHAD?"
        )
    variable = variables[_KEY]
    if not variable.is_numeric:
        raise ValueError(
            f"{where}: '{_KEY}' must be an array of real numbers, found MATLAB class '{variable.kind}'; "
            'is it a skeleton file of UTD-MHAD?'
        )
    # MATLAB drops a trailing dimension of one: a single frame is stored as (20, 3).
    shape = (*variable.shape, 1) if len(variable.shape) == 2 else variable.shape
    if len(shape) != 3 or shape[:2] != (_JOINTS, 3) or shape[2] == 0:
        raise ValueError(
            f"{where}: '{_KEY}' must have shape ({_JOINTS}, 3, T) with at least one frame, found {variable.shape}; "
            'is it a skeleton file of UTD-MHAD?'
        )
    try:
        skeleton = variable.array().reshape(shape)
    except ValueError as error:
        raise ValueError(_damaged(where, error)) from error
    with np.errstate(over='ignore', invalid='ignore'):
        skeleton = skeleton.astype(np.float32)
    bad = np.argwhere(~np.isfinite(skeleton))
    if len(bad):
        joint, _, frame = bad[0]
        raise ValueError(
            f"{where}: '{_KEY}' holds {len(bad)} values that are NaN or infinite, the first at joint {joint}, frame {frame}; "
            'remove or repair the recording.'
        )
    return np.ascontiguousarray(skeleton.transpose(2, 0, 1)[None])


def _damaged(where: str, error: object) -> str:
    return (
        f'{where} is damaged or not a MATLAB file of version 5 to 7 ({error}); download it again.'
    )


def read_utd_mhad(
    source: str | Path,
    progress: Callable[[list[UTDRecording]], Iterable[UTDRecording]] | None = None,
) -> dict[str, Any]:
    """Read UTD-MHAD from a folder or a zip archive.

    Labels are ``action - 1``. The split ``train`` holds trials 1 and 2, ``test`` trials 3 and 4, so that no performance is on both
    sides. The files do not say who the subjects are beyond their number, so no further attribute is written.

    Args:
        source (str | Path): Folder (searched with its subfolders) or zip archive.
        progress (Callable, optional): Wraps the list of recordings while it is being read, for example ``tqdm.tqdm``.
            Defaults to None.

    Returns:
        dict: ``split`` and ``annotations``. Each annotation has frame_dir, label, subject, trial, total_frames and keypoint: float32
        of shape (M, T, V, C) = (1, T, 20, 3), Kinect v1 joints in camera space, in metres.

    Raises:
        FileNotFoundError: If ``source`` is absent or holds no skeleton file.
        ValueError: If a file cannot be used; the sentence names it.
    """
    recordings, other = list_recordings(source)
    if other:
        warnings.warn(
            f'{source}: {len(other)} files of other sensors were left aside, the first is {other[0]}.',
            stacklevel=2,
        )
    return convert_recordings(recordings if progress is None else progress(recordings))


def convert_recordings(recordings: Iterable[UTDRecording]) -> dict[str, Any]:
    """Read the given recordings into one annotation dictionary.

    Args:
        recordings (Iterable[UTDRecording]): What :func:`list_recordings` found.

    Returns:
        dict: As :func:`read_utd_mhad` returns it.

    Raises:
        ValueError: If a file cannot be used; the sentence names it.
    """
    split: dict[str, list[str]] = {name: [] for name in UTD_MHAD_SPLITS}
    annotations = []
    archives: dict[Path, zipfile.ZipFile] = {}
    with ExitStack() as opened:
        for recording in recordings:
            if recording.member and recording.path not in archives:
                archives[recording.path] = opened.enter_context(zipfile.ZipFile(recording.path))
            content = recording.read_bytes(archives.get(recording.path))
            keypoint = read_keypoint(content, recording.where)
            annotations.append(
                dict(
                    frame_dir=recording.frame_dir,
                    label=recording.action - 1,
                    subject=recording.subject,
                    trial=recording.trial,
                    total_frames=keypoint.shape[1],
                    keypoint=keypoint,
                )
            )
            for name, trials in UTD_MHAD_SPLITS.items():
                if recording.trial in trials:
                    split[name].append(recording.frame_dir)
    return dict(split=split, annotations=annotations)


def missing_trials(data: dict[str, Any]) -> list[str]:
    """Performances that the full grid of actions, subjects and trials would have but the data lack.

    Args:
        data (dict): Annotations from :func:`read_utd_mhad`.

    Returns:
        list[str]: Sample names; the published data set itself lacks three.
    """
    present = {sample['frame_dir'] for sample in data['annotations']}
    grid = (
        f'a{action}_s{subject}_t{trial}'
        for action in range(1, len(UTD_MHAD_ACTIONS) + 1)
        for subject in range(1, UTD_MHAD_SUBJECTS + 1)
        for trial in range(1, UTD_MHAD_TRIALS + 1)
    )
    return [name for name in grid if name not in present]
