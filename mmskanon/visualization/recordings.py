# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Read what the tools draw: annotation files, and single recordings in the files that their owners give out."""

from __future__ import annotations

from pathlib import Path

from mmskanon.io.pickles import load_annotations
from mmskanon.recordings import FORMATS

from .pairing import annotation_list

_BY_SUFFIX = {found.suffix: found for found in FORMATS.values()}
RAW_SUFFIXES = tuple(_BY_SUFFIX)
"""tuple[str]: How names of recordings end."""


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
    """Read one recording, told by the ending of its name, whatever the rest of it is (:mod:`mmskanon.recordings`).

    Args:
        path (str | Path): The file.

    Returns:
        dict: ``frame_dir``, which is the name of the file without its ending, and ``keypoint`` (M, T, V, C).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no recording, or damaged, or shows nobody.
    """
    path, where = Path(path), str(path)
    if not path.is_file():
        raise FileNotFoundError(f'{where} does not exist or is no file')
    found = _BY_SUFFIX.get(path.suffix.lower())
    if found is None:
        raise ValueError(
            f'{where} is no recording: the name must end in one of {", ".join(RAW_SUFFIXES)}'
        )
    with open(path, 'rb') as file:  # no more than is allowed, whatever the size is
        content = file.read(found.max_bytes + 1)
    keypoint = found.read(content, where).keypoint
    return dict(frame_dir=path.stem.removesuffix('_skeleton'), keypoint=keypoint)
