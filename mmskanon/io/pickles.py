# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Annotation pickles, read as data and never as programs.

NumPy needs care beyond the names in a pickle. ``dtype.__setstate__`` accepts flags that make NumPy
read raw bytes as object pointers, so a dtype is rebuilt from its name and byte order alone, arrays
of objects and of records are refused, and an array takes its bytes only if their number is that of
its shape.
"""

import math
import os
import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .constructors import Constructor, by_name, describe, make_dict, make_set
from .errors import CorruptFileError, UnsafePickleError
from .reading import check_file, read_plain
from .restricted import RestrictedUnpickler

ADVICE = 'Store numbers, strings, NumPy arrays of them, lists, tuples and dicts only.'
"""str: What to do about an annotation pickle that is refused."""

_LATIN = ('latin1', 'latin-1')
_MAX_AXES = 32
_DTYPE_NAME = re.compile(r'[<>|=]?[?biufcSU]\d{0,9}')


def load_annotations(path: str | os.PathLike) -> dict | list:
    """Read an annotation pickle that may come from anywhere.

    Admitted are NumPy arrays, scalars and dtypes of numbers, booleans and strings, the built-in
    containers and scalars, and ``OrderedDict``.

    Args:
        path (str | os.PathLike): The pickle.

    Returns:
        dict | list: Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        UnsafePickleError: If the pickle asks for anything but plain data. Nothing of it has been
            executed.
        CorruptFileError: If the file is truncated, not a pickle, or a pickle of something else than
            a dict or a list.
    """
    path = check_annotation_file(path)
    with open(path, 'rb') as file:
        data = read_plain(
            lambda: AnnotationUnpickler(file).load(),
            source=str(path),
            kind='a pickle',
            advice=ADVICE,
        )
    check_form(data, path)
    return data


def check_annotation_file(path: str | os.PathLike) -> Path:
    """Return the path of an annotation pickle after making sure that a file with content is there."""
    return check_file(path, 'an annotation pickle')


def check_form(data: Any, path: Path) -> None:
    """Raise unless an annotation pickle holds a dict or a list."""
    if not isinstance(data, dict | list):
        raise CorruptFileError(
            f'{path} holds {type(data).__name__} data; expected a dict or a list of annotations'
        )


def make_ordered(items: Any = ()) -> OrderedDict:
    """Return an ordered dict of plain keys."""
    return make_dict(items, kind=OrderedDict)


def encode_latin(text: str, encoding: str) -> bytes:
    """Return bytes that pickle protocols below 3 store as text."""
    if type(text) is not str or type(encoding) is not str or encoding not in _LATIN:
        raise UnsafePickleError.of(f'_codecs.encode with {describe(encoding)}')
    return text.encode('latin-1')


def _bytes() -> bytes:
    """Return no bytes, as pickle protocols below 3 store them."""
    return b''


def _bytearray(data: bytes | str = b'', encoding: str = 'latin-1') -> bytearray:
    """Return a bytearray from bytes, or from text as pickle protocols below 3 store it."""
    if type(data) is str:
        data = encode_latin(data, encoding)
    if type(data) is not bytes:
        raise TypeError('a bytearray is made from bytes')
    return bytearray(data)


def _complex(real: float, imag: float) -> complex:
    """Return a complex number from two real ones."""
    return complex(float(real), float(imag))


def _dtype(name: str, align: bool = False, copy: bool = True) -> np.dtype:
    """Return a fresh dtype of numbers, booleans or strings, one that nobody else holds."""
    if type(name) is not str or not _DTYPE_NAME.fullmatch(name):
        raise UnsafePickleError.of(f'numpy.dtype of {describe(name)}')
    return np.dtype(name, align=False, copy=True)


def _set_dtype_state(dtype: np.dtype, state: tuple) -> None:
    """Set the byte order, the only part of the state that the name does not tell."""
    _, order, *rest = state
    if order not in ('<', '>', '|', '=') or any(part is not None for part in rest[:3]):
        raise UnsafePickleError.of('numpy.dtype with fields or a shape of its own')
    own = dtype.__reduce__()[2]
    dtype.__setstate__((own[0], order, *own[2:]))


def make_array(kind: Constructor, shape: tuple, typecode: bytes | str) -> np.ndarray:
    """Return an empty array whose state follows."""
    if kind is not _NDARRAY:
        raise UnsafePickleError.of(f'a NumPy array of class {describe(kind)}')
    return np.empty(0, dtype=np.int8)


def set_array_state(array: np.ndarray, state: tuple) -> None:
    """Fill an empty array after checking that its bytes fit its shape."""
    version, shape, dtype, fortran, data = state
    if isinstance(dtype, np.dtype) and array.size == 0 and array.base is None:
        check_buffer(data, dtype, shape)
        array.__setstate__((1, shape, own_dtype(dtype), bool(fortran), bytes(data)))
        return
    raise ValueError('the state of a NumPy array does not fit')


def make_from_buffer(
    data: bytes | bytearray, dtype: np.dtype, shape: tuple, order: str
) -> np.ndarray:
    """Return an array from its bytes, as pickle protocol 5 stores it."""
    if not isinstance(dtype, np.dtype) or order not in ('C', 'F'):
        raise ValueError('the buffer of a NumPy array does not fit')
    check_buffer(data, dtype, shape)
    return np.ndarray(shape, own_dtype(dtype), buffer=bytearray(data), order=order)


def own_dtype(dtype: np.dtype) -> np.dtype:
    """Return an equal dtype that nothing later in the pickle can change under the array."""
    return np.dtype(dtype.str)


def check_buffer(data: bytes | bytearray, dtype: np.dtype, shape: tuple) -> None:
    """Raise unless the bytes are exactly those of an array of this dtype and shape."""
    check_length(len(data) if type(data) in (bytes, bytearray) else None, dtype, shape)


def check_length(length: int | None, dtype: np.dtype, shape: tuple) -> None:
    """Raise unless this is the number of bytes of an array of this dtype and shape; None for what is no bytes."""
    if type(shape) is not tuple or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError('the shape of a NumPy array is not a tuple of sizes')
    if shape and not dtype.itemsize:
        raise ValueError('an array of empty strings has no size')
    if len(shape) > _MAX_AXES or math.prod(n or 1 for n in shape) * dtype.itemsize > sys.maxsize:
        raise ValueError('the shape of a NumPy array is too large')
    if length is None or length != math.prod(shape) * dtype.itemsize:
        raise ValueError('the bytes of a NumPy array do not fit its shape')


def _scalar(dtype: np.dtype, data: bytes = b'') -> np.generic:
    """Return a NumPy scalar from its bytes."""
    if not isinstance(dtype, np.dtype):
        raise ValueError('a NumPy scalar needs a dtype')
    check_buffer(data, dtype, ())
    return np.ndarray((), dtype, buffer=data)[()] if data else dtype.type()


_NDARRAY = Constructor('numpy.ndarray')

PLAIN_GLOBALS: Mapping[tuple[str, str], Any] = by_name(
    _NDARRAY,
    Constructor('numpy.dtype', _dtype),
    *(
        Constructor(f'numpy.{core}.{name}', call)
        for core in ('core', '_core')
        for name, call in (
            ('multiarray._reconstruct', make_array),
            ('multiarray.scalar', _scalar),
            ('numeric._frombuffer', make_from_buffer),
        )
    ),
    Constructor('collections.OrderedDict', make_ordered),
    Constructor('_codecs.encode', encode_latin),
    *(
        Constructor(f'{module}.{name}', call)
        for module in ('builtins', '__builtin__')
        for name, call in (
            ('set', make_set),
            ('frozenset', lambda items=(): frozenset(make_set(items))),
            ('bytes', _bytes),
            ('bytearray', _bytearray),
            ('complex', _complex),
        )
    ),
)
"""The names that plain data needs, as Python 2 and 3 and NumPy 1 and 2 write them."""

PLAIN_STATES: Mapping[type, Callable[[Any, Any], None]] = {
    np.dtype: _set_dtype_state,
    np.ndarray: set_array_state,
}
"""How the state of plain data is set."""


class AnnotationUnpickler(RestrictedUnpickler):
    """Unpickler of annotation files: plain containers and NumPy data, nothing else."""

    allowed = PLAIN_GLOBALS
    states = PLAIN_STATES
