# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The check of a whole annotation file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mmskanon.skeletons.layouts import SkeletonLayout

from ..schema import attribute_value
from ..splits import TRAIN_WORD, train_counterpart
from .attributes import check_attributes, check_balance, check_takes, check_train_test
from .problems import Problem, annotations_of, called, quiet, warning
from .samples import check_samples
from .structure import LISTS, check_structure


def check_annotations(
    data: Any,
    file: str = '',
    layout: str | Mapping | SkeletonLayout | None = None,
    attributes: Iterable[str] = (),
    splits: Iterable[str] | None = None,
    num_person: int | None = None,
    clip_len: int | None = None,
    samples: Iterable[dict] | None = None,
) -> list[Problem]:
    """Check a whole annotation file.

    A file of any size is checked with ``data=file.outline(), samples=file`` of an :class:`~mmskanon.io.AnnotationFile`.

    Args:
        data (dict | list): Annotations, or a dict with ``annotations`` and ``split``, completed by
            :func:`~mmskanon.datasets.schema.complete_annotations`.
        file (str): Name of the file, for the messages. Defaults to ''.
        layout (str | dict | SkeletonLayout, optional): Layout that the joints must fit. Defaults to None, the number of
            joints that most samples have.
        attributes (Iterable[str]): Private attributes that each sample must have. Defaults to ().
        splits (Iterable[str], optional): Splits to compare with their training part: ``val`` and ``test`` (``xsub_val``)
            are compared with ``train`` (``xsub_train``). Defaults to None, all.
        num_person (int, optional): Persons that the pipeline keeps. Defaults to None, no limit.
        clip_len (int, optional): Frames of a clip. Defaults to None, no limit.
        samples (Iterable[dict], optional): The samples one by one, where ``data`` has their heads. Defaults to None, those of ``data``.

    Returns:
        list[Problem]: All problems; empty where there is none.

    Raises:
        KeyError: If ``splits`` names a split that is not there.
    """
    attributes = tuple(attributes)
    problems = check_structure(data, file)
    annotations = annotations_of(data)
    if not isinstance(annotations, list):
        return problems
    problems += check_samples(annotations, file, layout, num_person, clip_len, samples=samples)
    problems += check_attributes(annotations, attributes, file)
    problems += check_takes(annotations, file)
    labels = (quiet(attribute_value, s, 'label') for s in annotations if isinstance(s, dict))
    labels = Counter(k for k in labels if isinstance(k, int) and k >= 0)
    problems += check_balance(labels, 'label', file)
    members = data.get('split') if isinstance(data, Mapping) else None
    members = members if isinstance(members, Mapping) else {}
    by_name = {called(s, i): s for i, s in enumerate(annotations)}

    def part(split: str) -> list[dict]:
        names = members[split] if isinstance(members[split], LISTS) else ()
        names = [n for n in names if isinstance(n, str)]
        return [by_name[n] for n in dict.fromkeys(names) if n in by_name]

    for test in members if splits is None else splits:
        if test not in members:
            raise KeyError(f'{file}: there is no split {test!r}: choose from {list(members)}')
        train = train_counterpart(list(members), str(test))
        if train is None:
            if splits is not None and not str(test).endswith(TRAIN_WORD):
                place = (file, None, f'split/{test}')
                expected = "a training part of the same name, such as 'xsub_train' of 'xsub_val'"
                found = f'only {list(members)}'
                advice = 'rename the splits: it was compared with nothing'
                problems.append(warning('split-unpaired', *place, expected, found, advice))
            continue
        names = (f'split {train!r}', f'split {test!r}')
        of_both = check_train_test(part(train), part(test), attributes, file, names)
        problems += [p for p in of_both if p.kind != 'take-unknown']  # told of the whole file
        of_train = check_attributes(part(train), attributes, file, names[0])
        problems += [p for p in of_train if p.kind == 'attribute-one-class']
    return list(dict.fromkeys(problems))
