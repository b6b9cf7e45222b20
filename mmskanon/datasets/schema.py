# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The annotation schema: MMAction2's skeleton pickle, with private attributes and facts of the take on each sample.

``docs/annotations.md`` shows the whole schema on one page.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

STOCK_KEYS = frozenset(
    {'frame_dir', 'filename', 'label', 'keypoint', 'keypoint_score', 'total_frames'}
)
"""frozenset[str]: Keys with a meaning of their own, which cannot be private attributes."""

NTU_FACTS = ('subject', 'camera', 'setup', 'replication')
"""tuple[str]: Facts that are read from an NTU RGB+D ``frame_dir``."""

_NTU_NAME = re.compile(r'S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})(?!\d)')


def parse_ntu_name(frame_dir: str) -> dict[str, int] | None:
    """Read the facts that NTU RGB+D 60 and 120 write into a file name.

    Args:
        frame_dir (str): Name of a sample, such as ``'S001C002P003R002A013'``; a folder before it does not matter.

    Returns:
        dict[str, int] | None: ``setup``, ``camera``, ``subject``, ``replication`` and ``action``, each counted from 1 as in
        the name; None where the name has no such part.

    Example:
        >>> parse_ntu_name('S001C002P003R002A013')
        {'setup': 1, 'camera': 2, 'subject': 3, 'replication': 2, 'action': 13}
    """
    match = _NTU_NAME.search(frame_dir) if isinstance(frame_dir, str) else None
    if match is None:
        return None
    return dict(
        zip(
            ('setup', 'camera', 'subject', 'replication', 'action'),
            map(int, match.groups()),
            strict=True,
        )
    )


def attribute_value(sample: dict, attribute: str) -> int | str | None:
    """Return an attribute or fact of a sample as a plain value.

    Args:
        sample (dict): One annotation.
        attribute (str): Key of the attribute.

    Returns:
        int | str | None: The value, NumPy integers and strings made plain; None where the sample has none.

    Raises:
        TypeError: If the value is neither an integer nor a string.
    """
    value = sample.get(attribute)
    if value is None or type(value) in (int, str):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return int(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(
        f'sample {sample.get("frame_dir")!r}: {attribute!r} must be an integer or a string, '
        f'found {type(value).__name__} {value!r}'
    )


def attribute_number(sample: dict, attribute: str) -> float | None:
    """Return an attribute of a sample as a number, for those who estimate it rather than tell its values apart.

    Args:
        sample (dict): One annotation.
        attribute (str): Key of the attribute.

    Returns:
        float | None: The number, also where it is written as text; None where the sample has none.

    Raises:
        ValueError: If the value is no finite number.

    Example:
        >>> attribute_number(dict(age='63.5'), 'age')
        63.5
    """
    value = sample.get(attribute)
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, (bool, np.bool_)) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(
            f'sample {sample.get("frame_dir")!r}: {attribute!r} must be a finite number, found {type(value).__name__} {value!r}'
        )
    return number


def _column(values: list[str]) -> list[int | str]:
    """Integers where all values of a column are integers, else strings."""
    if all(re.fullmatch(r'-?[0-9]+', v) for v in values):
        return [int(v) for v in values]
    return list(values)


def read_attribute_csv(path: str | Path) -> dict[str, dict[int | str, int | str]]:
    """Read private attributes of subjects from a CSV file.

    The header is ``subject,<attribute>[,<attribute>...]``; each further row is one subject. A column in which every value
    is an integer holds integers. An empty cell means that the value is not known.

    Args:
        path (str | Path): The CSV file, comma-separated, UTF-8.

    Returns:
        dict[str, dict]: For each attribute, the value of each subject.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If the header or a row is not as described, or a subject stands there twice.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'attribute file {path} is not there: give a CSV file with the header subject,<attribute>'
        )
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            lines = [(i, [c.strip() for c in row]) for i, row in enumerate(csv.reader(file), 1)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f'attribute file {path} cannot be read as UTF-8 CSV ({error}): save it as plain comma-separated text'
        ) from None
    lines = [(i, row) for i, row in lines if any(row)]
    header = lines[0][1] if lines else []
    if len(header) < 2 or header[0] != 'subject' or not all(header):
        raise ValueError(
            f'attribute file {path}: expected the header subject,<attribute>[,<attribute>...], found {",".join(header)!r}'
        )
    if len(set(header)) != len(header) or STOCK_KEYS.intersection(header):
        raise ValueError(
            f'attribute file {path}: column names must differ from each other and from {sorted(STOCK_KEYS)}, found {header}'
        )
    for number, row in lines[1:]:
        if len(row) != len(header) or not row[0]:
            raise ValueError(
                f'attribute file {path}, line {number}: expected a subject and {len(header) - 1} value(s), found {",".join(row)!r}'
            )
    subjects = _column([row[0] for _, row in lines[1:]])
    if len(set(subjects)) != len(subjects):
        twice = next(s for s in subjects if subjects.count(s) > 1)
        raise ValueError(f'attribute file {path}: subject {twice!r} stands in more than one row')
    table = {}
    for index, attribute in enumerate(header[1:], 1):
        known = [
            (s, row[index]) for s, (_, row) in zip(subjects, lines[1:], strict=True) if row[index]
        ]
        values = _column([v for _, v in known])
        table[attribute] = {s: v for (s, _), v in zip(known, values, strict=True)}
    return table


def _same_subject(subject: int | str) -> int | str:
    """One form for ``3``, ``'3'`` and ``'003'``."""
    if isinstance(subject, str) and re.fullmatch(r'[0-9]+', subject):
        return int(subject)
    return subject


def complete_annotations(
    annotations: Iterable[dict], attribute_files: str | Path | Sequence[str | Path] = ()
) -> None:
    """Fill in, in place, the facts in NTU RGB+D names and the attributes in CSV files.

    What a sample states itself is kept. Subjects of a CSV file match as numbers where they are digits: ``3``, ``'3'`` and
    ``'003'`` are one subject.

    Args:
        annotations (Iterable[dict]): The annotations.
        attribute_files (str | Path | Sequence): CSV files for :func:`read_attribute_csv`. Defaults to ().

    Raises:
        FileNotFoundError: If a CSV file is not there.
        ValueError: If a CSV file is faulty, or states another value than the sample.
    """
    if isinstance(attribute_files, (str, Path)):
        attribute_files = (attribute_files,)
    tables = []
    for path in attribute_files:
        for attribute, values in read_attribute_csv(path).items():
            tables.append((path, attribute, {_same_subject(s): v for s, v in values.items()}))
    for sample in annotations:
        if not isinstance(sample, dict):
            continue
        facts = parse_ntu_name(sample.get('frame_dir'))
        if facts is not None:
            for key in NTU_FACTS:
                if sample.get(key) is None:
                    sample[key] = facts[key]
        if not tables:
            continue
        subject = attribute_value(sample, 'subject')
        for path, attribute, values in tables:
            value = values.get(_same_subject(subject))
            if value is None:
                continue
            own = attribute_value(sample, attribute)
            if own is not None and own != value:
                raise ValueError(
                    f'sample {sample.get("frame_dir")!r} has {attribute} {own!r}, but {path} gives subject {subject!r} '
                    f'{attribute} {value!r}: correct one of them'
                )
            sample[attribute] = value


def label_map(annotations: Iterable[dict], attribute: str) -> list[int | str]:
    """List the values of an attribute; the position of a value is its class index.

    Args:
        annotations (Iterable[dict]): All annotations of a file, so that train and test agree. Samples without the
            attribute are passed over.
        attribute (str): Key of the attribute.

    Returns:
        list[int | str]: The values, integers in numeric order, strings in alphabetic order.

    Raises:
        TypeError: If a value is neither an integer nor a string.
        ValueError: If no sample has the attribute, or some values are integers and some strings.
    """
    values = set()
    for sample in annotations:
        values.add(attribute_value(sample, attribute))
    values.discard(None)
    if not values:
        raise ValueError(
            f'no sample has the attribute {attribute!r}: add the key to each sample, or give it by subject in a CSV file'
        )
    kinds = {type(v) for v in values}
    if len(kinds) > 1:
        number = min(v for v in values if isinstance(v, int))
        text = min(v for v in values if isinstance(v, str))
        raise ValueError(
            f'attribute {attribute!r} is an integer in some samples ({number!r}) and a string in others ({text!r}): '
            f'use one kind'
        )
    return sorted(values)


def take_key(sample: dict) -> Hashable | None:
    """Identify the performance that a sample shows, whichever camera recorded it.

    Two samples with equal keys show the same person doing the same thing at the same moment: who knows one has seen the
    other.

    Args:
        sample (dict): One annotation, completed by :func:`complete_annotations`.

    Returns:
        Hashable | None: (setup, subject, replication or trial, label); None where subject or replication and trial are
        not known.
    """
    subject = attribute_value(sample, 'subject')
    number = take_number(sample)
    if subject is None or number is None:
        return None
    return attribute_value(sample, 'setup'), subject, number, attribute_value(sample, 'label')


def take_of(sample: Mapping) -> Hashable | None:
    """Identify the performance that a sample shows, also where its name alone tells.

    Args:
        sample (Mapping): One annotation as the file has it; left as it is.

    Returns:
        Hashable | None: See :func:`take_key`.
    """
    facts = dict(sample)
    complete_annotations([facts])
    return take_key(facts)


def number_takes(samples: Iterable[dict]) -> list[int]:
    """Number the performances that samples show.

    Args:
        samples (Iterable[dict]): Annotations, completed by :func:`complete_annotations`.

    Returns:
        list[int]: Of each sample the number of its take, from 0 in the order of first appearance; a sample of which it is not
        known is a take of its own.
    """
    numbers: dict[Hashable, int] = {}
    keys = (take_key(sample) for sample in samples)
    return [numbers.setdefault(i if k is None else k, len(numbers)) for i, k in enumerate(keys)]


def take_number(sample: dict) -> int | str | None:
    """Return which repetition of the action a sample shows: its ``replication``, or else its ``trial``.

    Args:
        sample (dict): One annotation, completed by :func:`complete_annotations`.

    Returns:
        int | str | None: The number; None where it is not known.
    """
    number = attribute_value(sample, 'replication')
    return attribute_value(sample, 'trial') if number is None else number
