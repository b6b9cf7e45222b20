# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""MATLAB reader: SciPy is the independent reference for good files; damaged ones end in ValueError."""

import io
import random
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import loadmat, savemat

from mmskanon.datasets.converters.matlab import matlab_file, matlab_variables

LIMIT = 2**24
DTYPES = ['f8', 'f4', *(f'{sign}{size}' for sign in 'iu' for size in (1, 2, 4, 8))]


def written(compress: bool, **variables) -> bytes:
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=compress)
    return stream.getvalue()


def read(content: bytes) -> dict:
    return {variable.name: variable for variable in matlab_variables(content, LIMIT)}


def element(kind: int, data: bytes, order: str) -> bytes:
    return np.array([kind, len(data)], order + 'u4').tobytes() + data + bytes(-len(data) % 8)


def by_hand(order: str, numbers: np.ndarray, stored: int, kind: int) -> bytes:
    """A file with one variable 'x', byte for byte."""
    matrix = element(6, np.array([kind, 0], order + 'u4').tobytes(), order)
    matrix += element(5, np.array(numbers.shape, order + 'i4').tobytes(), order)
    # Small format: type and size share one word, four bytes of data follow.
    matrix += np.array([1 << 16 | 1], order + 'u4').tobytes() + b'x\0\0\0'
    matrix += element(stored, numbers.astype(numbers.dtype.newbyteorder(order)).tobytes('F'), order)
    mark = b'\x00\x01IM' if order == '<' else b'\x01\x00MI'
    return b'MATLAB 5.0 by hand'.ljust(124) + mark + element(14, matrix, order)


@settings(max_examples=60, deadline=None)
@given(
    array=st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(
            dtype, hnp.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=5)
        )
    ),
    compress=st.booleans(),
)
def test_equals_scipy(array, compress):
    content = written(
        compress, other=np.arange(3), x=array, text='hello', cell=np.array([1, 'a'], dtype=object)
    )
    ours, theirs = read(content), loadmat(io.BytesIO(content))
    np.testing.assert_array_equal(ours['x'].array(), theirs['x'])
    assert ours['x'].array().dtype == array.dtype
    np.testing.assert_array_equal(ours['other'].array(), theirs['other'])
    assert set(ours) == {'other', 'x', 'text', 'cell'}


def test_equals_scipy_on_real_files(utd_dir):
    for path in sorted(utd_dir.glob('a1*_s[18]_t1_skeleton.mat')):
        np.testing.assert_array_equal(
            read(path.read_bytes())['d_skel'].array(), loadmat(path)['d_skel']
        )


@pytest.mark.parametrize('order', ['<', '>'])
def test_both_byte_orders(order):
    numbers = np.arange(6.0).reshape(2, 3)
    content = by_hand(order, numbers, stored=9, kind=6)
    np.testing.assert_array_equal(read(content)['x'].array(), numbers)
    np.testing.assert_array_equal(loadmat(io.BytesIO(content))['x'], numbers)


def test_doubles_stored_as_small_integers():
    numbers = np.array([[-3, 4], [5, 127]], dtype='i1')
    array = read(by_hand('<', numbers, stored=1, kind=6))['x'].array()
    np.testing.assert_array_equal(array, numbers)
    assert array.dtype == np.float64


@pytest.mark.parametrize(
    ('value', 'kind'),
    [
        ('text', 'char'),
        ({'a': 1}, 'struct'),
        (np.array([1, 'a'], dtype=object), 'cell'),
        (1j, 'complex double'),
    ],
)
def test_other_classes_are_named_and_refused(value, kind):
    variable = read(written(True, x=value))['x']
    assert variable.kind == kind and not variable.is_numeric
    with pytest.raises(ValueError, match=f'of class {kind}'):
        variable.array()


@pytest.mark.parametrize('content', [b'', b'x' * 128, bytes(300)])
def test_not_matlab(content):
    with pytest.raises(ValueError, match='the header is not that of'):
        read(content)


def test_hdf5_version_is_named():
    content = b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM' + bytes(400)
    with pytest.raises(ValueError, match='format version 2, expected 1; save it again with -v7'):
        read(content)


def test_never_unpacks_more_than_the_limit():
    bomb = zlib.compress(bytes(2**26))
    content = written(False)[:128] + np.array([15, len(bomb)], '<u4').tobytes() + bomb
    with pytest.raises(ValueError, match=f'more than {LIMIT} bytes'):
        read(content)
    fair = written(True, a=np.zeros(1000), b=np.zeros(1000))
    assert len(list(matlab_variables(fair, 17_000))) == 2
    with pytest.raises(ValueError, match='more than'):
        list(matlab_variables(fair, 15_000))


@pytest.mark.parametrize('compress', [False, True])
def test_every_truncation_is_noticed(compress):
    content = written(compress, x=np.arange(40.0).reshape(5, 8))
    for end in range(129, len(content)):
        with pytest.raises(ValueError):
            read(content[:end])['x'].array()


@pytest.mark.parametrize('compress', [False, True])
def test_changed_bytes_never_do_worse_than_value_error(compress):
    content = written(compress, y=np.arange(3), x=np.arange(6.0).reshape(2, 3))
    chance = random.Random(0)
    survived = 0
    for _ in range(3000):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(124, len(content))] = chance.randrange(256)
        try:
            for variable in matlab_variables(bytes(changed), LIMIT):
                if variable.is_numeric:
                    array = variable.array()
                    assert array.shape == variable.shape
                    survived += 1
        except ValueError as error:
            assert str(error)
    assert survived


@settings(deadline=None)
@given(
    name=st.from_regex('[a-z][a-z0-9_]{0,30}', fullmatch=True),
    values=hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=4),
        elements=st.floats(allow_nan=False),
    ),
)
def test_what_is_written_is_read_by_scipy_and_by_ours(name, values):
    content = matlab_file(name, values)
    assert content == matlab_file(name, np.asfortranarray(values))
    np.testing.assert_array_equal(read(content)[name].array(), values)
    np.testing.assert_array_equal(loadmat(io.BytesIO(content))[name], values)
