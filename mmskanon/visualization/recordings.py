# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Read what the tools draw: annotation files, and single recordings in the files that their owners give out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmskanon.datasets.converters.etri.csv_file import parse_csv
from mmskanon.datasets.converters.etri.recordings import read_bytes
from mmskanon.datasets.converters.ntu import read_skeleton, skeleton_to_keypoint
from mmskanon.datasets.converters.utd_mhad import read_keypoint
from mmskanon.io.pickles import load_annotations

from .pairing import annotation_list

RAW_SUFFIXES = ('.skeleton', '.mat', '.csv', '.npy')
_MAX_BYTES = 64 * 2**20


def load_samples(path: str | Path) -> list[dict]:
    """Return the samples of an annotation file, or the one sample that a recording is.

    Args:
        path (str | Path): A file ending in one of :data:`RAW_SUFFIXES`; anything else is an annotation file.

    Returns:
        list[dict]: Samples with ``keypoint`` (M, T, V, C).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read as what its name says.
    """
    if Path(path).suffix.lower() in RAW_SUFFIXES:
        return [load_recording(path)]
    return annotation_list(load_annotations(str(path)), str(path))


def load_recording(path: str | Path) -> dict:
    """Read one recording.

    ``.skeleton`` is a file of NTU RGB+D, whatever its name, of which the two persons with the most motion are taken; ``.mat`` one of
    UTD-MHAD, ``.csv`` one of ETRI-Activity3D, and ``.npy`` a NumPy array of shape (M, T, V, C), or (T, V, C) for one person.

    Args:
        path (str | Path): The file.

    Returns:
        dict: ``frame_dir``, which is the name of the file without its ending, and ``keypoint`` (M, T, V, C).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is none of these, or damaged, or shows nobody.
    """
    path, where = Path(path), str(path)
    if not path.is_file():
        raise FileNotFoundError(f'{where} does not exist or is no file')
    readers = dict(zip(RAW_SUFFIXES, (_ntu, _utd_mhad, _etri, _numpy), strict=True))
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(
            f'{where} is no recording: the name must end in one of {", ".join(RAW_SUFFIXES)}'
        )
    keypoint = reader(where)
    if not keypoint.any():
        raise ValueError(f'{where} shows nobody in any frame')
    return dict(frame_dir=path.stem.removesuffix('_skeleton'), keypoint=keypoint)


def _ntu(where: str) -> np.ndarray:
    return skeleton_to_keypoint(read_skeleton(where)).keypoint


def _utd_mhad(where: str) -> np.ndarray:
    return read_keypoint(_content(where), where)


def _etri(where: str) -> np.ndarray:
    rows = parse_csv(read_bytes(where), where)
    if len(rows.bodies) > 1:
        raise ValueError(
            f'{where} holds several bodies ({", ".join(rows.bodies)}), which its rows do not tell apart reliably; '
            'leave the recording out'
        )
    return rows.joints[None]


def _numpy(where: str) -> np.ndarray:
    try:
        array = np.load(where, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f'{where} is no NumPy array of numbers ({error}); save it with numpy.save'
        ) from error
    array = array[None] if array.ndim == 3 else array
    if array.ndim != 4 or array.dtype.kind not in 'fiu':
        raise ValueError(
            f'{where} must hold numbers of shape (M, T, V, C) or (T, V, C), found {array.dtype} of shape {array.shape}'
        )
    return array


def _content(where: str) -> bytes:
    size = Path(where).stat().st_size
    if size > _MAX_BYTES:
        raise ValueError(
            f'{where} has {size} bytes, more than the {_MAX_BYTES} allowed for one recording'
        )
    return Path(where).read_bytes()
