# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What stands in for the large values of a pickle that stay in its file: where their bytes are, and what they are.

:class:`DeferringUnpickler` puts these in place of texts, bytes and arrays; :func:`rebuild` copies what it made and puts the values back.
"""

from __future__ import annotations

import math
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from .pickles import check_length, make_from_buffer, own_dtype, set_array_state

DEFERRED_FROM = 512
"""int: Bytes from which on a value stays in the file; its place alone takes about half of that."""

UTF8, ESCAPED = ('utf-8', 'surrogatepass'), ('raw-unicode-escape', 'strict')
"""How pickles spell text, and how errors are treated."""

_LEAVES = frozenset((str, int, float, bool, type(None), bytes, complex))


class Payload:
    """Bytes or text in a file.

    Args:
        offset (int): Where it begins in the file.
        size (int): How many bytes of the file it takes.
        kind (type): bytes, bytearray or str.
        codec (tuple[str, str], optional): How the file spells it as text; bytes are then the text in Latin-1. Defaults to None, as it is.
        length (int, optional): Number of bytes of the value. Defaults to None, unknown: text that is not in Latin-1.
    """

    __slots__ = ('codec', 'kind', 'length', 'offset', 'size')

    def __init__(
        self,
        offset: int,
        size: int,
        kind: type,
        codec: tuple[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        self.offset, self.size, self.kind, self.codec, self.length = (
            offset,
            size,
            kind,
            codec,
            length,
        )

    def read(self, file: BinaryIO) -> bytes | bytearray | str:
        """Return the value.

        Args:
            file (BinaryIO): The file.

        Raises:
            EOFError: If the file ends before it.
        """
        data = read_at(file, self.offset, self.size)
        if self.codec is None:
            return data if self.kind is bytes else self.kind(data)
        text = str(data, *self.codec)
        return text if self.kind is str else text.encode('latin-1')

    def as_bytes(self) -> Payload:
        """The same place, read as the bytes that pickle protocols below 3 store as text."""
        return Payload(self.offset, self.size, bytes, self.codec, self.length)


class DeferredArray:
    """An array whose bytes may be in a file. It is filled as an array is: made empty, then given its state."""

    __slots__ = ('data', 'dtype', 'make', 'order', 'shape')

    def __init__(self) -> None:
        self.make = None

    def set_state(self, state: tuple) -> None:
        """Take shape, dtype and bytes, after all checks that an array in memory has.

        Args:
            state (tuple): As for ``numpy.ndarray.__setstate__``; its bytes may be a :class:`Payload`.
        """
        _, shape, dtype, fortran, data = state
        if type(data) is Payload:
            if not isinstance(dtype, np.dtype) or not self._is_open():
                raise ValueError('the state of a NumPy array does not fit')
            check_length(data.length if data.kind is not str else None, dtype, shape)
        else:
            set_array_state(np.empty(0, np.int8) if self._is_open() else np.empty(1), state)
        self.dtype, self.shape, self.order, self.data = own_dtype(dtype), shape, bool(fortran), data
        self.make = _from_state

    @classmethod
    def from_buffer(cls, data: Any, dtype: np.dtype, shape: tuple, order: str) -> DeferredArray:
        """Make an array from its bytes, as pickle protocol 5 stores it.

        Args:
            data (bytes | bytearray | Payload): The bytes.
            dtype (np.dtype): Its dtype.
            shape (tuple): Its shape.
            order (str): ``'C'`` or ``'F'``.
        """
        if type(data) is Payload:
            if not isinstance(dtype, np.dtype) or order not in ('C', 'F'):
                raise ValueError('the buffer of a NumPy array does not fit')
            check_length(data.length if data.kind is not str else None, dtype, shape)
        else:
            make_from_buffer(data, dtype, shape, order)
        array = cls()
        array.dtype, array.shape, array.order, array.data = own_dtype(dtype), shape, order, data
        array.make = make_from_buffer
        return array

    def head(self) -> ArrayHead | None:
        """Shape and dtype, if its bytes are numbers that are still in the file."""
        if self.make is None or type(self.data) is not Payload or self.dtype.kind in 'SU':
            return None
        # NumPy turns numbers to the byte order of the machine when it sets a state.
        native = self.make is _from_state
        return ArrayHead(self.shape, self.dtype.newbyteorder('=') if native else self.dtype)

    def array(self, data: bytes | bytearray | None) -> np.ndarray:
        """Return the array.

        Args:
            data (bytes | bytearray, optional): Its bytes; None for an array that got none.
        """
        if self.make is None:
            return np.empty(0, np.int8)
        return self.make(data, self.dtype, self.shape, self.order)

    def _is_open(self) -> bool:
        """Whether a state can be set, which an array that has numbers or a buffer does not allow."""
        return self.make is None or (self.make is _from_state and not math.prod(self.shape))


def _from_state(data: bytes, dtype: np.dtype, shape: tuple, fortran: bool) -> np.ndarray:
    array = np.empty(0, np.int8)
    array.__setstate__((1, shape, dtype, fortran, bytes(data)))
    return array


@dataclass(frozen=True)
class ArrayHead:
    """What is known of an array of numbers without reading it.

    Args:
        shape (tuple[int, ...]): Its shape.
        dtype (np.dtype): Its dtype.
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        """int: Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """int: Number of elements."""
        return math.prod(self.shape)


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """Read bytes from a place in a file. Where the system can, the position of the file is not used, so that processes may share it.

    Args:
        file (BinaryIO): The file.
        offset (int): Where to begin.
        size (int): How many bytes.

    Returns:
        bytes: The bytes.

    Raises:
        EOFError: If the file ends before them.
    """
    if hasattr(os, 'pread'):
        data = os.pread(file.fileno(), size, offset)
        while 0 < len(data) < size and (
            more := os.pread(file.fileno(), size - len(data), offset + len(data))
        ):
            data += more
    else:
        file.seek(offset)
        data = file.read(size)
    if len(data) != size:
        raise EOFError('the file ends before a value in it')
    return data


def rebuild(thing: Any, value_of: Callable[[Any, dict], Any], done: dict[int, Any]) -> Any:
    """Copy plain containers and put values in place of what stands for them.

    Args:
        thing (Any): What :class:`DeferringUnpickler` made.
        value_of (Callable): From a :class:`Payload` or :class:`DeferredArray`, and ``done``, to what takes its place.
        done (dict[int, Any]): What was made so far by the id of its original: what occurs twice is one thing in the copy, too.

    Returns:
        Any: The copy; only what cannot be changed is shared with the original.

    Raises:
        RecursionError: If containers are nested hundreds of times.
    """
    kind = type(thing)
    if kind in _LEAVES:
        return thing
    made = done.get(id(thing))
    if made is not None:
        return made
    if kind is dict or kind is OrderedDict:
        made = done[id(thing)] = kind()
        for key, value in thing.items():
            made[key] = value if type(value) in _LEAVES else rebuild(value, value_of, done)
        return made
    if kind is list:
        made = done[id(thing)] = []
        for value in thing:
            made.append(value if type(value) in _LEAVES else rebuild(value, value_of, done))
        return made
    if kind is tuple:
        made = tuple([rebuild(value, value_of, done) for value in thing])
        made = done.get(id(thing), made)  # of a tuple that holds itself, the copy made on the way
    elif kind is Payload or kind is DeferredArray:
        made = value_of(thing, done)
    elif kind is set or kind is bytearray:
        made = kind(thing)
    else:  # scalars, frozen sets, dtypes
        return thing
    done[id(thing)] = made
    return made
