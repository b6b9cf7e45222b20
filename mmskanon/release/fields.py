# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Which keys of an annotation file are published, and as what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmskanon.io.deferred import ArrayHead

from .pseudonyms import Pseudonyms
from .sought import names_of

NAMES = ('frame_dir', 'filename')
"""tuple[str]: Keys that hold the name of a sample."""

_SHAPES = ('img_shape', 'original_shape')

HARMLESS = frozenset({*NAMES, *_SHAPES, 'label', 'keypoint', 'keypoint_score', 'total_frames'})
"""frozenset[str]: Keys of samples that are published unasked; everything else has to be named."""

KEPT, DROPPED, PSEUDONYM, ANONYMIZED = 'kept', 'dropped', 'pseudonym', 'anonymized'
"""What became of a key."""


class FieldPolicy:
    """Decides about each key of a file, applies it, and counts.

    Args:
        data (dict | list): The original file, completed by :func:`~mmskanon.datasets.schema.complete_annotations`.
        keep (Sequence[str]): Further keys of samples that are published. The subject becomes a pseudonym, all others stay as they are.
        pseudonyms (Pseudonyms): Makes the pseudonyms.

    Attributes:
        names (dict[str, str]): For each original name its pseudonym.
        fates (Counter): For each key and what became of it the number of samples.

    Raises:
        ValueError: If no sample has a key of ``keep``, or two names share a pseudonym.
    """

    def __init__(self, data: dict | list, keep: Sequence[str], pseudonyms: Pseudonyms) -> None:
        annotations = data['annotations'] if isinstance(data, Mapping) else data
        splits = data.get('split') if isinstance(data, Mapping) else None
        found = {key for sample in annotations for key in sample}
        for key in keep:
            if key not in found:
                raise ValueError(
                    f'--keep {key}: no sample has this key; the samples have {sorted(map(str, found))}'
                )
        self.keep = frozenset(keep)
        self.names = pseudonyms.of_all(names_of(annotations, splits))
        subjects = (s['subject'] for s in annotations if s.get('subject') is not None)
        self.subjects = pseudonyms.of_all(subjects, 'subject')
        self.fates: Counter[tuple[str, str]] = Counter()

    def release(self, sample: Mapping) -> dict[str, Any]:
        """Return what is published of a sample, in the order of its keys.

        Args:
            sample (Mapping): The sample.

        Returns:
            dict: New; arrays are those of the sample.
        """
        made = {}
        for key, value in sample.items():
            fate, value = self._decide(key, value)
            self.fates[str(key), fate] += 1
            if fate != DROPPED:
                made[key] = value
        return made

    def release_file(self, data: dict | list, annotations: list[dict]) -> dict | list:
        """Return what is published of the file around its samples.

        Args:
            data (dict | list): The original file.
            annotations (list[dict]): Its samples, as they are published.

        Returns:
            dict | list: In the form of the original: a list, or a dict with ``annotations`` and, if there were any, ``split``, whose
            parts are lists.
        """
        if not isinstance(data, Mapping):
            return annotations
        made = {}
        for key, value in data.items():
            if key == 'annotations':
                made[key] = annotations
            elif key == 'split' and value is not None:
                made[key] = {
                    part: [self.names[str(name)] for name in members]
                    for part, members in value.items()
                }
                self.fates['in split', PSEUDONYM] += sum(map(len, made[key].values()))
            else:
                self.fates[f'{key} (of the file)', DROPPED] += 1
        return made

    def _decide(self, key: Any, value: Any) -> tuple[str, Any]:
        if key in NAMES:
            return PSEUDONYM, self.names[str(value)]
        if key == 'subject' and key in self.keep:
            return PSEUDONYM, None if value is None else self.subjects[str(value)]
        if key == 'keypoint':
            return ANONYMIZED, value
        if key in self.keep:
            return KEPT, self._renamed(value)
        if key in HARMLESS and _is_harmless(key, value):
            return KEPT, value
        return DROPPED, None

    def _renamed(self, value: Any) -> Any:
        """A value with every text in it that is the name of a sample replaced."""
        if isinstance(value, str):
            return self.names.get(value, value)
        if isinstance(value, Mapping):
            return {self._renamed(k): self._renamed(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(self._renamed, value))
        return value


def rows_of(fates: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    """Return the table of what became of each key: key, fate, number; what is published first.

    Args:
        fates (Mapping): :attr:`FieldPolicy.fates`.

    Returns:
        list[tuple[str, str, int]]: The rows.
    """
    order = (PSEUDONYM, ANONYMIZED, KEPT, DROPPED)
    rows = [(key, fate, number) for (key, fate), number in fates.items()]
    return sorted(rows, key=lambda row: order.index(row[1]))


def print_fates(fates: Mapping[tuple[str, str], int]) -> None:
    """Print what became of each key as a table.

    Args:
        fates (Mapping): :attr:`FieldPolicy.fates`.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table('key', 'becomes', title='what is published', title_justify='left')
    table.add_column('times', justify='right')
    for key, fate, number in rows_of(fates):
        table.add_row(escape(key), fate, str(number))
    Console().print(table)


def _is_harmless(key: str, value: Any) -> bool:
    """Whether a harmless key holds what it should: numbers, and of a shape no more than three."""
    if key in _SHAPES:
        return np.size(value) <= 3 and _kind(value) in 'iu'
    return key != 'keypoint_score' or _kind(value) in 'fiu'


def _kind(value: Any) -> str:
    """The kind of the numbers of an array, of its head, or of what becomes one."""
    return (value if isinstance(value, ArrayHead) else np.asarray(value)).dtype.kind
