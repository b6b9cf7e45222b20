# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a check finds, as values; raising is the caller's choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..splits import sample_name


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an annotation file; ``str()`` of it is one sentence.

    Args:
        level (str): ``'error'`` (training or testing would fail or mislead) or ``'warning'``.
        kind (str): What is wrong, as a short fixed term that programs can compare.
        file (str): The annotation file, or ''.
        sample (str, optional): Name of the sample, where it concerns one.
        key (str, optional): Key of the sample or of the file.
        expected (str): What was expected.
        found (str): What was found.
        advice (str): What to do next.
    """

    level: str
    kind: str
    file: str
    sample: str | None
    key: str | None
    expected: str
    found: str
    advice: str

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        parts += [f'sample {self.sample!r}'] if self.sample is not None else []
        parts += [f'key {self.key!r}'] if self.key is not None else []
        place = ', '.join(parts)
        sentence = f'expected {self.expected}, found {self.found}; {self.advice}'
        return f'{place}: {sentence}' if place else sentence


error = partial(Problem, 'error')
warning = partial(Problem, 'warning')
CONVERT_AGAIN = 'convert the recordings again'


def raise_errors(problems: Iterable[Problem]) -> None:
    """Raise the first error in one sentence, with the number of further ones; warnings are passed over.

    Args:
        problems (Iterable[Problem]): What a check returned.

    Raises:
        ValueError: If one of the problems is an error.
    """
    errors = [problem for problem in problems if problem.level == 'error']
    if not errors:
        return
    rest = len(errors) - 1
    further = f' ({rest} more; tools/data/check.py lists them)' if rest else ''
    raise ValueError(f'{errors[0]}{further}')


def called(sample: Any, index: int) -> str:
    """How messages call a sample."""
    name = sample_name(sample) if isinstance(sample, Mapping) else None
    return name if isinstance(name, str) and name else f'#{index}'


def annotations_of(data: Any) -> Any:
    """The samples, with or without splits beside them."""
    return data.get('annotations') if isinstance(data, Mapping) else data


def quiet(function: Callable, *args: Any) -> Any:
    """A value or take, None also where it is of a type that :func:`~mmskanon.datasets.check.check_attributes` reports."""
    try:
        return function(*args)
    except TypeError:
        return None
