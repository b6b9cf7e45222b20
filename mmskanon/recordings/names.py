# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""New names for the files of a collection, which say the action and as little else as possible."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from mmskanon.release.pseudonyms import Pseudonyms

from .base import RecordingFormat

_ACTION = frozenset({'action', 'label'})


def release_names(
    format: RecordingFormat, filenames: Sequence[str], keep: Collection[str], pseudonyms: Pseudonyms
) -> dict[str, str]:
    """Name the files of a collection anew.

    Where names follow the pattern of the data set, so do the new ones. The action stays. A kept subject becomes a rank from 1 on, in the
    order of the subjects' pseudonyms; another kept field stays as it is. All other fields together count the files of the same action and
    kept fields, in the order of the pseudonyms of their names. A file whose name follows no pattern is named by its pseudonym.

    Args:
        format (RecordingFormat): Format of the collection.
        filenames (Sequence[str]): Names of all its files, with folders perhaps, in any order.
        keep (Collection[str]): Fields that stay, of :attr:`RecordingFormat.fields`.
        pseudonyms (Pseudonyms): Makes the pseudonyms.

    Returns:
        dict[str, str]: For each of ``filenames`` its new name, without folder; no two are the same.

    Raises:
        ValueError: If names have no such field, or two files are the same recording.

    Example:
        >>> from mmskanon.recordings import FORMATS
        >>> names = ['a7_s3_t1_skeleton.mat', 'a7_s5_t2_skeleton.mat']
        >>> sorted(release_names(FORMATS['utd_mhad'], names, (), Pseudonyms()).values())
        ['a7_s1_t1_skeleton.mat', 'a7_s1_t2_skeleton.mat']
    """
    kept = [field for field in format.fields if field in set(keep) - _ACTION]
    unknown = sorted(set(keep) - _ACTION - set(kept))
    if unknown:
        has = f'have {", ".join(format.fields)}' if format.fields else 'have no fields'
        raise ValueError(
            f'the field {unknown[0]!r} cannot be kept: names of {format.name} recordings {has}.'
        )
    originals: dict[str, str] = {}
    for filename in dict.fromkeys(filenames):
        name = format.facts(filename)['frame_dir']
        if name in originals:
            raise ValueError(
                f'{filename} repeats {name}, found already as {originals[name]}; keep one of the two files.'
            )
        originals[name] = filename
    order = pseudonyms.of_all(originals)
    numbers = {name: format.numbers(filename) for name, filename in originals.items()}
    named = {name: found for name, found in numbers.items() if found is not None}
    subjects = pseudonyms.of_all({found['subject'] for found in named.values()}, 'subject')
    ranks = {int(s): rank for rank, s in enumerate(sorted(subjects, key=subjects.get), 1)}
    groups = defaultdict(list)
    for name in sorted(named, key=order.get):
        found = dict(named[name], subject=ranks[named[name]['subject']])
        groups[(found['action'], *(found[field] for field in kept))].append(name)
    limits = format.limits(list(named.values()))
    free = {field: most for field, most in limits.items() if field not in kept}
    made = {originals[name]: order[name] + format.suffix for name in originals if name not in named}
    for group, members in groups.items():
        # The originals had different numbers within the same limits.
        assert len(members) <= math.prod(free.values())
        fixed = dict(zip(('action', *kept), group, strict=True))
        for count, name in enumerate(members):
            made[originals[name]] = format.file_name({**fixed, **_decomposed(count, free)})
    return {filename: made[filename] for filename in filenames}


def _decomposed(count: int, limits: Mapping[str, int]) -> dict[str, int]:
    """A count from 0 as numbers from 1 up to their limits, of which the first goes fastest."""
    numbers = {}
    for field, most in limits.items():
        count, digit = divmod(count, most)
        numbers[field] = digit + 1
    return numbers
