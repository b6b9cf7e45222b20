# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmskanon.datasets.check import check_numbers


def samples(*ages):
    return [dict(frame_dir=f's{i}', age=age) for i, age in enumerate(ages)]


def test_numbers_of_any_kind_are_sound():
    assert check_numbers(samples(24, 63.5, np.int64(70), np.float32(80), '41.5'), ['age']) == []


@pytest.mark.parametrize('value', ['old', float('nan'), float('inf'), True, [24], ''])
def test_what_is_no_number_is_named(value):
    (problem,) = check_numbers(samples(24, 63.5, value), ['age'], 'a.pkl')
    assert (problem.level, problem.kind, problem.sample) == ('error', 'attribute-type', 's2')
    assert f"key 'age': expected a finite number, found {value!r}; correct it" in str(problem)


def test_missing_and_constant_numbers():
    (problem,) = check_numbers(samples(24, None, 63), ['age'], 'a.pkl')
    assert (problem.kind, problem.sample) == ('attribute-missing', 's1')
    (problem,) = check_numbers(samples(24, 24.0, '24'), ['age'], part="split 'train'")
    assert problem.kind == 'attribute-one-class' and "only 24 in split 'train'" in str(problem)


def test_each_attribute_is_checked():
    mixed = [dict(frame_dir='a', age=1, height=1.8), dict(frame_dir='b', age=2, height='tall')]
    assert [p.key for p in check_numbers(mixed, ['age', 'height', 'mass'])] == [
        'height',
        'height',
        'mass',
        'mass',
    ]
