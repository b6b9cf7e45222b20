# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Private attributes that are numbers: whether they are there and can be estimated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..schema import attribute_number
from .problems import Problem, called, error


def check_numbers(
    annotations: Sequence[dict], attributes: Iterable[str], file: str = '', part: str = ''
) -> list[Problem]:
    """Check that each sample has a finite number for each attribute, and that they are not all the same.

    Args:
        annotations (Sequence[dict]): The samples.
        attributes (Iterable[str]): Keys of the attributes.
        file (str): Name of the file, for the messages. Defaults to ''.
        part (str): What the samples are, for the messages, such as ``"split 'train'"``. Defaults to ''.

    Returns:
        list[Problem]: All problems, attribute by attribute.
    """
    problems = []
    where = f' in {part}' if part else ''
    for attribute in attributes:
        values = set()
        for index, sample in enumerate(annotations):
            if not isinstance(sample, dict):
                continue
            place = (file, called(sample, index), attribute)
            if sample.get(attribute) is None:
                expected = f'the {attribute} of the person'
                advice = (
                    f'add the key, or give {attribute} by subject in a CSV file (attribute_files)'
                )
                problems.append(error('attribute-missing', *place, expected, 'none', advice))
                continue
            try:
                values.add(attribute_number(sample, attribute))
            except ValueError:
                found = repr(sample[attribute])
                advice = f'correct it, or take {attribute!r} out of regression_attributes'
                problems.append(error('attribute-type', *place, 'a finite number', found, advice))
        if len(values) == 1:
            place = (file, None, attribute)
            found = f'only {next(iter(values)):g}{where}'
            advice = f'choose samples with several values, or take {attribute!r} out of regression_attributes'
            problems.append(
                error('attribute-one-class', *place, 'at least two values', found, advice)
            )
    return problems
