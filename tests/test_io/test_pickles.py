# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Annotation pickles load as data: what is plain arrives intact, everything else is refused before it runs."""

import copyreg
import io
import pickle
import re
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pickle_files import ATTACKS, HANDMADE, VALID, Call, op_text, samples, shell, write

from mmskanon.io import (
    AnnotationUnpickler,
    CorruptFileError,
    UnsafePickleError,
    load_annotations,
)

PLAIN_DTYPES = ['?', 'i1', '<i8', '>i4', 'u2', 'f2', '>f4', 'f8', 'c8', 'S5', '<U3', '>U2']


def assert_same(loaded, original):
    assert type(loaded) is type(original)
    if isinstance(original, np.ndarray):
        assert loaded.dtype == original.dtype
        assert loaded.flags.writeable
        np.testing.assert_array_equal(loaded, original)
    elif isinstance(original, dict):
        assert list(loaded) == list(original)
        for key in original:
            assert_same(loaded[key], original[key])
    elif isinstance(original, list | tuple):
        assert len(loaded) == len(original)
        for one, other in zip(loaded, original, strict=True):
            assert_same(one, other)
    else:
        assert loaded == original


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_annotations_arrive_intact_in_every_protocol(tmp_path, protocol):
    data = {'split': {'train': ['x'], 'val': []}, 'annotations': samples()}
    assert_same(load_annotations(write(tmp_path, data, protocol)), data)
    assert_same(load_annotations(write(tmp_path, samples(), protocol)), samples())


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_containers_arrive_intact(tmp_path, protocol):
    data = {
        'set': {1, 'a', (2, 'b')},
        'frozen': frozenset([1, 2]),
        'ordered': OrderedDict([('b', 1), ('a', [2, (3, {})])]),
        'bytes': b'\x00\xff',
        'bytearray': bytearray(b'abc'),
        'complex': 1 + 2j,
        'big': 10**40,
        'float': -0.5,
        ('tuple', 1): None,
        np.int64(5): 'scalar key',
        'dtype': np.dtype('>f4'),
        'text': 'żółw',
    }
    assert_same(load_annotations(write(tmp_path, data, protocol)), data)


@pytest.mark.parametrize('protocol', [2, 4, 5])
@pytest.mark.parametrize('dtype', PLAIN_DTYPES)
def test_arrays_of_every_plain_dtype(tmp_path, dtype, protocol):
    array = np.arange(12).reshape(3, 4).astype(dtype)
    shared = array[:, :2]
    data = [array, array.T, shared, shared, array[0, 0], array[:0], np.array(array[1, 1])]
    path = write(tmp_path, data, protocol)
    loaded = load_annotations(path)
    assert_same(loaded, pickle.loads(path.read_bytes()))
    np.testing.assert_array_equal(loaded[0], array)
    assert loaded[2] is loaded[3]


def test_names_of_numpy_1_and_2(tmp_path):
    data = pickle.dumps(samples(), protocol=2)
    old = data.replace(b'numpy._core.', b'numpy.core.')
    new = old.replace(b'numpy.core.', b'numpy._core.')
    assert old != new
    assert_same(load_annotations(write(tmp_path, old)), samples())
    assert_same(load_annotations(write(tmp_path, new)), samples())


def test_recursive_and_shared_containers(tmp_path):
    data = [1]
    data.append(data)
    loaded = load_annotations(write(tmp_path, data))
    assert loaded[1] is loaded


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text()
        | st.binary()
        | hnp.arrays(st.sampled_from(PLAIN_DTYPES), hnp.array_shapes(min_dims=0, min_side=0)),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
            | st.tuples(inner, inner)
        ),
        max_leaves=12,
    ),
    st.integers(0, pickle.HIGHEST_PROTOCOL),
)
def test_any_plain_data_is_the_same_as_through_pickle(data, protocol):
    stream = pickle.dumps([data], protocol=protocol)
    loaded, expected = AnnotationUnpickler(io.BytesIO(stream)).load(), pickle.loads(stream)
    assert pickle.dumps(loaded, protocol=4) == pickle.dumps(expected, protocol=4)


@pytest.mark.parametrize('protocol', [0, 2, 4, 5])
@pytest.mark.parametrize('name', ATTACKS)
def test_a_call_in_a_pickle_is_refused(tmp_path, name, protocol):
    sentinel = tmp_path / 'sentinel'
    keypoint = ATTACKS[name](sentinel)
    data = {'split': {}, 'annotations': [{'frame_dir': 'x', 'meta': {'deep': [(keypoint,)]}}]}
    path = write(tmp_path, data, protocol)
    module = name.replace('builtins', '(builtins|__builtin__)').replace('os', '(os|posix)')
    with pytest.raises(UnsafePickleError, match=module) as caught:
        load_annotations(path)
    assert str(path) in str(caught.value)
    assert 'nothing in the file was executed' in str(caught.value)
    assert re.match(module, caught.value.refused)
    assert not sentinel.exists()
    assert path.exists()


@pytest.mark.parametrize('name', HANDMADE)
def test_a_handmade_program_is_refused(tmp_path, name):
    sentinel = tmp_path / 'sentinel'
    path = write(tmp_path, b'\x80\x04' + HANDMADE[name](sentinel) + b'.')
    with pytest.raises(UnsafePickleError) as caught:
        load_annotations(path)
    assert caught.value.refused.startswith(name.removesuffix(' again')) or name in str(caught.value)
    assert not sentinel.exists()


def test_a_registered_extension_is_refused(tmp_path):
    sentinel = tmp_path / 'sentinel'
    copyreg.add_extension('os', 'system', 240)
    try:
        path = write(tmp_path, b'\x80\x02\x82\xf0' + op_text(shell(sentinel)) + b'\x85R.')
        with pytest.raises(UnsafePickleError):
            load_annotations(path)
    finally:
        copyreg.remove_extension('os', 'system', 240)
    assert not sentinel.exists()


def test_bytes_never_become_object_pointers(tmp_path):
    """A dtype whose flags deny that it holds objects must not get an array to read pointers from bytes."""
    state = (3, '|', None, None, None, -1, -1, 0)
    dtype = Call(np.dtype, 'O', False, True)
    dtype.reduced += (state,)
    with pytest.raises(UnsafePickleError, match='numpy.dtype'):
        load_annotations(write(tmp_path, [dtype]))


def test_a_dtype_takes_neither_flags_nor_sizes_from_its_state(tmp_path):
    dtype = Call(np.dtype, 'f4', False, True)
    dtype.reduced += ((3, '>', None, None, None, 99, 99, 63),)
    (loaded,) = load_annotations(write(tmp_path, [dtype]))
    assert loaded == np.dtype('>f4')
    assert loaded.itemsize == 4
    assert loaded.flags == np.dtype('f4').flags
    assert np.dtype('f4').isnative


@pytest.mark.parametrize(
    'state',
    [
        (1, (10,), np.dtype('f4'), False, b'abcd'),
        (1, (-1,), np.dtype('f4'), False, b'abcd'),
        (1, (1 << 62, 1 << 62), np.dtype('f4'), False, b'abcd'),
        (1, (0, 1 << 62, 1 << 62), np.dtype('f4'), False, b''),
        (1, 1, np.dtype('f4'), False, b'abcd'),
        (1, (1.0,), np.dtype('f4'), False, b'abcd'),
        (1, (1,), 'f4', False, b'abcd'),
        (1, (1,), np.dtype('f4'), False, [1.0]),
        (1, (1 << 40,), np.dtype('S0'), False, b''),
        (1, (1,) * 99, np.dtype('f4'), False, b'abcd'),
        (1, (1,), np.dtype('f4')),
        {},
        5,
    ],
)
def test_an_array_whose_bytes_do_not_fit_is_an_error(tmp_path, state):
    array = Call(*np.ones(1).__reduce__()[0:1], *np.ones(1).__reduce__()[1])
    array.reduced += (state,)
    with pytest.raises(CorruptFileError, match='truncated, damaged or not a pickle'):
        load_annotations(write(tmp_path, [array]))


@pytest.mark.parametrize(
    'data',
    [
        b'\x8e' + (1 << 62).to_bytes(8, 'little') + b'x',  # bytes of an impossible length
        b'\x96' + (1 << 40).to_bytes(8, 'little') + b'x',  # the same for a bytearray
        b'\x8b\xff\xff\xff\x7fx',  # and for a number
        b'\x95' + (1 << 60).to_bytes(8, 'little') + b'x',  # and for a frame
        b'r\xff\xff\xff\xff.',
        b'h\x05.',
        b'K\x01K\x02s.',
        b'\x80\xff.',
        b'.',
        b'(((',
    ],
)
def test_impossible_instructions_are_errors(tmp_path, data):
    with pytest.raises((CorruptFileError, UnsafePickleError)):
        load_annotations(write(tmp_path, data))


def test_missing_empty_and_other_files(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r'none\.pkl does not exist; expected an annotation'
    ):
        load_annotations(tmp_path / 'none.pkl')
    with pytest.raises(IsADirectoryError, match='is a folder'):
        load_annotations(tmp_path)
    with pytest.raises(CorruptFileError, match=r'ann\.pkl is empty'):
        load_annotations(write(tmp_path, b''))
    with pytest.raises(CorruptFileError, match='truncated, damaged or not a pickle'):
        load_annotations(write(tmp_path, b'frame_dir,label\na,1\n'))
    with pytest.raises(CorruptFileError, match='holds int data; expected a dict or a list'):
        load_annotations(write(tmp_path, 5))


@pytest.mark.parametrize(
    ('error', 'raised', 'match'),
    [
        (OSError(5, 'Input/output error'), OSError, 'Input/output'),
        (MemoryError(), CorruptFileError, 'does not fit into memory, or is damaged'),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
    ],
)
def test_other_errors_are_not_blamed_on_the_file_alone(tmp_path, monkeypatch, error, raised, match):
    def load(self):
        raise error

    monkeypatch.setattr(AnnotationUnpickler, 'load', load)
    with pytest.raises(raised, match=match):
        load_annotations(write(tmp_path, {}))


def load_bytes(data):
    with tempfile.TemporaryDirectory() as folder:
        return load_annotations(write(Path(folder), data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_raise_documented_errors_only(data):
    try:
        load_bytes(data)
    except (CorruptFileError, UnsafePickleError):
        pass


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(VALID) - 1), st.data())
def test_a_truncated_pickle_is_an_error(which, data):
    valid = VALID[which]
    end = data.draw(st.integers(0, len(valid) - 1))
    with pytest.raises(CorruptFileError):
        load_bytes(valid[:end])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(VALID) - 1), st.data())
def test_a_damaged_pickle_raises_documented_errors_only(which, data):
    valid = VALID[which]
    damaged = bytearray(valid)
    for place in data.draw(st.lists(st.integers(0, len(valid) - 1), min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        load_bytes(bytes(damaged))
    except (CorruptFileError, UnsafePickleError):
        pass
