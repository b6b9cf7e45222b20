# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest

from mmskanon.datasets.check import Problem, raise_errors


def test_problems_are_values():
    problem = Problem('error', 'label', '', None, None, 'a', 'b', 'do c')
    assert str(problem) == 'expected a, found b; do c'
    assert problem in {problem}


def test_the_first_error_is_raised_and_the_others_are_counted():
    warning = Problem('warning', 'imbalance', 'f.pkl', None, None, 'a', 'b', 'do c')
    first, second = (
        Problem('error', 'label', 'f.pkl', name, 'label', 'a', 'b', 'do c') for name in 'xy'
    )
    raise_errors([warning])
    for problems, sentence in (
        ([warning, first], str(first)),
        ([first, warning, second], f'{first} (1 more; tools/data/check.py lists them)'),
    ):
        with pytest.raises(ValueError) as error:
            raise_errors(iter(problems))
        assert str(error.value) == sentence
