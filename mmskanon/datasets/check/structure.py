# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The outer form of an annotation file: samples, their names, and the splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..splits import sample_name
from .problems import CONVERT_AGAIN, Problem, annotations_of, called, error, warning

LISTS = (list, tuple, set, frozenset, np.ndarray)


def check_structure(data: Any, file: str = '') -> list[Problem]:
    """Check the outer form: annotations, the names of the samples, and the splits that refer to them.

    Args:
        data (dict | list): Annotations, or a dict with ``annotations`` and ``split``.
        file (str): Name of the file, for the messages. Defaults to ''.

    Returns:
        list[Problem]: All problems, in the order of the file.
    """
    annotations = annotations_of(data)
    if not isinstance(annotations, list):
        expected, found = "a dict with a list 'annotations', or a list", type(annotations).__name__
        return [error('form', file, None, 'annotations', expected, found, CONVERT_AGAIN)]
    problems = []
    if not annotations:
        expected = 'at least one sample'
        problems.append(
            error('no-sample', file, None, 'annotations', expected, 'none', CONVERT_AGAIN)
        )
    names = Counter()
    for index, sample in enumerate(annotations):
        label = called(sample, index)
        if not isinstance(sample, dict):
            found = type(sample).__name__
            problems.append(error('sample-type', file, label, None, 'a dict', found, CONVERT_AGAIN))
            continue
        name = sample_name(sample)
        if not isinstance(name, str) or not name:
            found, advice = repr(name), 'give each sample a name of its own'
            problem = error('frame-dir-missing', file, label, 'frame_dir', 'a name', found, advice)
            problems.append(problem)
            continue
        names[name] += 1
    for name, count in names.items():
        if count > 1:
            expected, found = 'a name of its own', f'{count} samples of this name'
            advice = 'rename or remove all but one'
            problem = error('frame-dir-duplicate', file, name, 'frame_dir', expected, found, advice)
            problems.append(problem)
    if isinstance(data, Mapping) and data.get('split') is not None:
        problems.extend(_check_splits(data['split'], names, file))
    return problems


def _check_splits(splits: Any, names: Mapping, file: str) -> Iterator[Problem]:
    if not isinstance(splits, Mapping):
        expected, found = 'a dict of lists of sample names', type(splits).__name__
        yield error('split-form', file, None, 'split', expected, found, CONVERT_AGAIN)
        return
    for split, members in splits.items():
        key = f'split/{split}'
        if not isinstance(members, LISTS):
            expected, found = 'a list of sample names', type(members).__name__
            yield error('split-form', file, None, key, expected, found, CONVERT_AGAIN)
            continue
        if len(members) == 0:
            expected, advice = 'at least one sample name', 'fill the split or remove it'
            yield error('split-empty', file, None, key, expected, 'none', advice)
        seen = set()
        for member in members:
            if not isinstance(member, str):
                expected, found = 'sample names', f'{type(member).__name__} {member!r}'
                yield error('split-form', file, None, key, expected, found, CONVERT_AGAIN)
            elif member in seen:
                expected, advice = 'each name once', 'remove the repetition'
                yield warning(
                    'split-duplicate', file, member, key, expected, 'it more than once', advice
                )
            elif member not in names:
                expected, found = "the 'frame_dir' of a sample", 'no such sample'
                advice = 'add the sample, or remove its name from the split'
                yield error('split-unknown-sample', file, member, key, expected, found, advice)
            if isinstance(member, str):
                seen.add(member)
