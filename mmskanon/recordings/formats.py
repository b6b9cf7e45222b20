# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""All formats of raw recordings, and which of them a collection has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from .arrays import NpyFormat, NpzFormat
from .base import RecordingFormat, base_name
from .etri import ETRIFormat
from .ntu import NTUFormat
from .utd_mhad import UTDMHADFormat

FORMATS: dict[str, RecordingFormat] = {
    format.name: format
    for format in (NTUFormat(), ETRIFormat(), UTDMHADFormat(), NpyFormat(), NpzFormat())
}
"""dict[str, RecordingFormat]: All formats by name."""


def detect_format(filenames: Sequence[str], name: str | None = None) -> RecordingFormat:
    """Find the format of a collection.

    Args:
        filenames (Sequence[str]): Names of all its files. Files of no format, such as a table of subjects, do not matter.
        name (str, optional): The format, if it is known; others may then be there as well. Defaults to None.

    Returns:
        RecordingFormat: The only format that has a file.

    Raises:
        ValueError: If ``name`` is unknown, or files of no format, of several or not of ``name`` were found.
    """
    if name is not None and name not in FORMATS:
        raise ValueError(f'unknown format {name!r}; choose from {", ".join(FORMATS)}.')
    counts = Counter(f.name for f in FORMATS.values() for file in filenames if f.matches(file))
    if name is not None and counts[name]:
        return FORMATS[name]
    if name is None and len(counts) == 1:
        return FORMATS[next(iter(counts))]
    if name is None and counts:
        found = ', '.join(f'{n} of {key} (*{FORMATS[key].suffix})' for key, n in counts.items())
        raise ValueError(
            f'expected recordings of one format, found {found}; put them into separate collections, or name the format to take.'
        )
    suffixes = Counter(PurePosixPath(base_name(file)).suffix or 'no suffix' for file in filenames)
    found = ', '.join(f'{n} with {suffix}' for suffix, n in suffixes.most_common(8)) or 'no file'
    wanted = [FORMATS[name]] if name is not None else FORMATS.values()
    expected = ', '.join(f'*{format.suffix} ({format.name})' for format in wanted)
    raise ValueError(f'expected recordings named {expected}, found {found}; give their folder.')
