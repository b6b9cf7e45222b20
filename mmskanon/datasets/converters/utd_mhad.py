# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""UTD-MHAD skeleton recordings to the annotation schema.

UTD-MHAD (Chen, Jafari and Kehtarnavaz, "UTD-MHAD: A multimodal dataset for human action recognition utilizing a depth camera and
a wearable inertial sensor", ICIP 2015) ships one MATLAB file for each performance, ``a{action}_s{subject}_t{trial}_skeleton.mat``
with numbers from 1 on. Its variable ``d_skel`` holds 20 Kinect v1 joints in camera space, in metres, with shape (20, 3, T).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mmskanon.io.archives import close_archives

from .matlab import matlab_variables
from .utd_mhad_files import (
    MAX_BYTES,
    UTD_MHAD_ACTIONS,
    UTD_MHAD_SUBJECTS,
    UTD_MHAD_TRIALS,
    UTDRecording,
    list_recordings,
)

UTD_MHAD_SPLITS = {'train': (1, 2), 'test': (3, 4)}
UTD_MHAD_LAYOUT = 'kinect_v1'
_JOINTS = 20
UTD_MHAD_KEY = 'd_skel'


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
        variables = {variable.name: variable for variable in matlab_variables(content, MAX_BYTES)}
    except ValueError as error:
        raise ValueError(_damaged(where, error)) from error
    if UTD_MHAD_KEY not in variables:
        raise ValueError(
            f"{where} lacks the variable '{UTD_MHAD_KEY}', found {sorted(variables) or 'none'}; is it a skeleton file of UTD-MHAD?"
        )
    variable = variables[UTD_MHAD_KEY]
    if not variable.is_numeric:
        raise ValueError(
            f"{where}: '{UTD_MHAD_KEY}' must be an array of real numbers, found MATLAB class '{variable.kind}'; "
            'is it a skeleton file of UTD-MHAD?'
        )
    # MATLAB drops a trailing dimension of one: a single frame is stored as (20, 3).
    shape = (*variable.shape, 1) if len(variable.shape) == 2 else variable.shape
    if len(shape) != 3 or shape[:2] != (_JOINTS, 3) or shape[2] == 0:
        raise ValueError(
            f"{where}: '{UTD_MHAD_KEY}' must have shape ({_JOINTS}, 3, T) with at least one frame, found {variable.shape}; "
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
            f"{where}: '{UTD_MHAD_KEY}' holds {len(bad)} values that are NaN or infinite, the first at joint {joint}, frame {frame}; "
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
    try:
        for recording in recordings:
            keypoint = read_keypoint(recording.read_bytes(), recording.where)
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
    finally:
        close_archives()
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
