# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Numeric arrays out of MATLAB files of version 5 to 7, also of damaged or hostile ones, and into such files.

SciPy's reader is compiled code that trusts the type numbers and sizes in the file: single changed bytes make it crash the interpreter.
This reader knows only what recordings need (real numeric arrays, compressed or not), checks every size before it is used and
never unpacks more than a given number of bytes. The format is described in MathWorks, "MAT-File Format".
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_STORED = {
    1: 'i1',
    2: 'u1',
    3: 'i2',
    4: 'u2',
    5: 'i4',
    6: 'u4',
    7: 'f4',
    9: 'f8',
    12: 'i8',
    13: 'u8',
}
_CLASSES = {
    1: 'cell',
    2: 'struct',
    3: 'object',
    4: 'char',
    5: 'sparse',
    6: 'double',
    7: 'single',
    8: 'int8',
    9: 'uint8',
    10: 'int16',
    11: 'uint16',
    12: 'int32',
    13: 'uint32',
    14: 'int64',
    15: 'uint64',
    16: 'function',
    17: 'opaque',
}
_DTYPES = {'double': 'f8', 'single': 'f4'} | {
    name: name for name in _CLASSES.values() if name.lstrip('u').startswith('int')
}
_COMPLEX = 0x0800


@dataclass(frozen=True)
class MatlabVariable:
    """One variable of a MATLAB file.

    Args:
        name (str): Its name.
        kind (str): MATLAB class, such as ``double`` or ``cell``; ``complex double`` for complex numbers.
        shape (tuple[int, ...]): Dimensions; empty for classes that have none.
        body (memoryview): What follows the name inside the variable.
        order (str): Byte order, ``<`` or ``>``.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    body: memoryview
    order: str

    @property
    def is_numeric(self) -> bool:
        """Whether :meth:`array` can read it."""
        return self.kind in _DTYPES

    def array(self) -> np.ndarray:
        """The numbers.

        Returns:
            np.ndarray: Of the variable's shape and class.

        Raises:
            ValueError: If the variable is not a real numeric array or its data do not fit its shape.
        """
        if not self.is_numeric:
            raise ValueError(
                f"variable '{self.name}' is of class {self.kind}, expected a real numeric array"
            )
        stored, data, _ = _element(self.body, 0, self.order)
        if stored not in _STORED:
            raise ValueError(f"variable '{self.name}' has data of unknown type {stored}")
        dtype = np.dtype(self.order + _STORED[stored])
        if len(data) != math.prod(self.shape) * dtype.itemsize:
            raise ValueError(
                f"variable '{self.name}' has {len(data)} bytes of data, its shape {self.shape} needs "
                f'{math.prod(self.shape) * dtype.itemsize}'
            )
        values = np.frombuffer(data, dtype).reshape(self.shape, order='F')
        with np.errstate(invalid='ignore', over='ignore'):
            return values.astype(_DTYPES[self.kind])


def matlab_variables(content: bytes, limit: int) -> Iterator[MatlabVariable]:
    """Go through the variables of a MATLAB file.

    Args:
        content (bytes): The whole file.
        limit (int): Most bytes that all compressed variables together may unpack to.

    Yields:
        MatlabVariable: One after the other; their data are not interpreted yet.

    Raises:
        ValueError: If the file is damaged or no MATLAB file of version 5 to 7; the message does not name the file.
    """
    if len(content) < _HEADER or content[126:128] not in (b'IM', b'MI'):
        raise ValueError('the header is not that of a MATLAB file of version 5 to 7')
    order = '<' if content[126:128] == b'IM' else '>'
    version = content[125] if order == '<' else content[124]
    if version != 1:
        raise ValueError(
            f'the file has format version {version}, expected 1; save it again with -v7'
        )
    view, position = memoryview(content), _HEADER
    while position < len(view):
        kind, data, position = _element(view, position, order, padded=False)
        if kind == _COMPRESSED:
            unpacked = _unpack(data, limit)
            limit -= len(unpacked)
            kind, data, _ = _element(memoryview(unpacked), 0, order)
        if kind != _MATRIX:
            raise ValueError(f'found an element of type {kind} where a variable should stand')
        if len(data):
            yield _variable(data, order)


def matlab_file(name: str, values: np.ndarray) -> bytes:
    """Make a MATLAB file of version 5 that holds one array.

    The header has neither date nor platform, and nothing is compressed, so that the same array always makes the same bytes.

    Args:
        name (str): Name of the variable, ASCII.
        values (np.ndarray): Real numbers of at least two dimensions, which are written in double precision.

    Returns:
        bytes: The file.
    """
    body = _written(6, np.array([6, 0], '<u4').tobytes())
    body += _written(5, np.array(values.shape, '<i4').tobytes())
    body += _written(1, name.encode('ascii'))
    body += _written(9, values.astype('<f8').tobytes(order='F'))
    return b'MATLAB 5.0 MAT-file'.ljust(116) + bytes(8) + b'\x00\x01IM' + _written(_MATRIX, body)


def _written(kind: int, data: bytes) -> bytes:
    """A data element: type, size, and the data, filled up to a multiple of eight bytes."""
    return np.array([kind, len(data)], '<u4').tobytes() + data + bytes(-len(data) % 8)


def _unpack(data: memoryview, limit: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise ValueError(f'the compression is damaged: {error}') from error
    if len(unpacked) > limit:
        raise ValueError(f'the variables unpack to more than {limit} bytes')
    if not stream.eof:
        raise ValueError('a compressed variable ends too early')
    return unpacked


def _element(
    view: memoryview, position: int, order: str, padded: bool = True
) -> tuple[int, memoryview, int]:
    """Type, data and end of the data element at a position."""
    if position + 8 > len(view):
        raise ValueError('the file ends inside a data element')
    kind, size = (int(word) for word in np.frombuffer(view[position : position + 8], order + 'u4'))
    if kind >> 16:  # small format: up to four bytes of data share the tag
        kind, size = kind & 0xFFFF, kind >> 16
        if size > 4:
            raise ValueError(f'a small data element claims {size} bytes')
        return kind, view[position + 4 : position + 4 + size], position + 8
    start = position + 8
    if start + size > len(view):
        raise ValueError(f'a data element claims {size} bytes, {len(view) - start} are left')
    end = start + size
    # The variables themselves are multiples of eight bytes long or, compressed, stand without padding.
    return kind, view[start:end], min(end + (-size % 8 if padded else 0), len(view))


def _variable(data: memoryview, order: str) -> MatlabVariable:
    _, flags, position = _element(data, 0, order)
    if len(flags) != 8:
        raise ValueError(f'the flags of a variable have {len(flags)} bytes, expected 8')
    word = int(np.frombuffer(flags[:4], order + 'u4')[0])
    kind = _CLASSES.get(word & 0xFF, f'number {word & 0xFF}')
    if kind == 'opaque':  # has no dimensions; nothing here can read it anyway
        return MatlabVariable('', kind, (), data[position:], order)
    _, dimensions, position = _element(data, position, order)
    if len(dimensions) % 4 or not 8 <= len(dimensions) <= 4 * 32:
        raise ValueError(f'the dimensions of a variable have {len(dimensions)} bytes')
    shape = tuple(int(size) for size in np.frombuffer(dimensions, order + 'i4'))
    if min(shape) < 0:
        raise ValueError(f'a variable has the impossible shape {shape}')
    _, name, position = _element(data, position, order)
    kind = f'complex {kind}' if word & _COMPLEX else kind
    return MatlabVariable(
        bytes(name).decode('ascii', 'replace'), kind, shape, data[position:], order
    )
