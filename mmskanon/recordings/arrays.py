# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recordings as NumPy arrays, alone (``.npy``) or in an archive (``.npz``)."""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import dataclass

import numpy as np

from mmskanon.io.archives import read_member

from .base import Recording, RecordingFormat, check_frames

KEY, LABEL = 'keypoint', 'label'
_UNNAMED = 'arr_0'
_TYPES = ('float16', 'float32', 'float64')
_MOST_LABEL, _MOST_LABEL_BYTES = 9999, 4096
_ARRAY = '.npy'
# The beginning of zip's calendar: a file without a time.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_ADVICE = 'save it again with numpy.save or numpy.savez'


@dataclass(frozen=True)
class _Source:
    """How an array was stored: rank and type; for an archive also its name in it, whether it was compressed, and the action."""

    ndim: int
    dtype: np.dtype
    key: str = ''
    compressed: bool = False
    label: np.ndarray | None = None


class NpyFormat(RecordingFormat):
    """One array of shape (T, V, C) or (M, T, V, C), C = 2 or 3, float16, float32 or float64; rank and type stay.

    A written file is made of the new joints alone.
    """

    name = 'npy'
    suffix = '.npy'
    max_bytes = 512 * 2**20

    def stored_dtype(self, recording: Recording) -> np.dtype:
        """Return that of the original."""
        return recording.source.dtype

    def _decode(self, content: bytes, where: str) -> Recording:
        keypoint, ndim, dtype = _keypoint(_parse(content, where), where)
        return Recording(keypoint, _Source(ndim, dtype))

    def _encode(self, recording: Recording, keypoint: np.ndarray) -> bytes:
        return _written(_ranked(keypoint, recording))


class NpzFormat(RecordingFormat):
    """An archive of arrays, of which ``keypoint`` or the only one is the recording, as in a ``.npy`` file.

    Of the other arrays ``label`` stays if it is a single integer from 0 to 9999, the action. All others are dropped, as are
    comments, times and whatever else an archive can hold. A written archive is compressed if the original was, and calls the recording
    ``keypoint``, or ``arr_0`` if that was its name.
    """

    name = 'npz'
    suffix = '.npz'
    max_bytes = 512 * 2**20

    def stored_dtype(self, recording: Recording) -> np.dtype:
        """Return that of the original."""
        return recording.source.dtype

    def _decode(self, content: bytes, where: str) -> Recording:
        try:
            archive = zipfile.ZipFile(io.BytesIO(content))
        except Exception as error:  # zipfile fails on damaged archives in many ways
            raise ValueError(f'{where} is no .npz archive ({error}); {_ADVICE}.') from error
        with archive:
            members = {
                i.filename.removesuffix(_ARRAY): i
                for i in archive.infolist()
                if i.filename.endswith(_ARRAY)
            }
            key = KEY if KEY in members else next(iter(members), '')
            if not members or (key != KEY and len(members) > 1):
                found = ', '.join(map(repr, sorted(members)[:8])) or 'none'
                raise ValueError(
                    f"{where}: expected an array '{KEY}' or a single array, found {found}; name the recording '{KEY}'."
                )
            place = f'{where}!{members[key].filename}'
            array = _parse(read_member(archive, members[key], self.max_bytes, place), place)
            keypoint, ndim, dtype = _keypoint(array, place)
            label = _label(archive, members.get(LABEL) if key != LABEL else None, where)
        compressed = members[key].compress_type != zipfile.ZIP_STORED
        return Recording(keypoint, _Source(ndim, dtype, key, compressed, label))

    def _encode(self, recording: Recording, keypoint: np.ndarray) -> bytes:
        source = recording.source
        arrays = {source.key if source.key == _UNNAMED else KEY: _ranked(keypoint, recording)}
        if source.label is not None:
            arrays[LABEL] = source.label
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, 'w') as archive:
            for name, array in arrays.items():
                info = zipfile.ZipInfo(name + _ARRAY, _NO_TIME)
                info.create_system, info.external_attr = 0, 0o600 << 16
                info.compress_type = (
                    zipfile.ZIP_DEFLATED if source.compressed else zipfile.ZIP_STORED
                )
                archive.writestr(info, _written(array))
        return stream.getvalue()


def _label(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo | None, where: str
) -> np.ndarray | None:
    """The action, if it is there and nothing but an action; what is not is dropped like any other array."""
    if member is None:
        return None
    try:
        array = _parse(read_member(archive, member, _MOST_LABEL_BYTES, where), where)
    except ValueError:
        return None
    if array.dtype.kind not in 'iu' or array.shape not in ((), (1,)):
        return None
    return array.astype(np.int64) if 0 <= array.item() <= _MOST_LABEL else None


def _parse(content: bytes, where: str) -> np.ndarray:
    """The array of a ``.npy`` file, without a copy; Python objects are refused, and the shape has to fit the size of the file."""
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read(stream)
    except Exception as error:  # the header is a Python literal, which can be wrong in many ways
        text = str(error).partition('\n')[0][:80]
        raise ValueError(
            f'{where} is damaged or no array of NumPy ({type(error).__name__}: {text}); {_ADVICE}.'
        ) from error
    if dtype.hasobject:
        raise ValueError(
            f'{where} holds Python objects, which could run code when read; save an array of numbers.'
        )
    start = stream.tell()
    expected, found = math.prod(shape) * dtype.itemsize, len(content) - start
    if expected != found or min(shape, default=0) < 0:
        raise ValueError(
            f'{where}: an array of shape {shape} and type {dtype} needs {expected} bytes, found {found}; {_ADVICE}.'
        )
    if not expected:
        return np.zeros(shape, dtype)
    return np.frombuffer(content, dtype, offset=start).reshape(shape, order='F' if fortran else 'C')


def _keypoint(array: np.ndarray, where: str) -> tuple[np.ndarray, int, np.dtype]:
    """Joints of shape (M, T, V, C), and rank and type of the array that they were."""
    if array.dtype.name not in _TYPES:
        raise ValueError(
            f'{where}: expected joints of type {", ".join(_TYPES)}, found {array.dtype}; convert them to metres as floats.'
        )
    if array.ndim not in (3, 4) or array.shape[-1] not in (2, 3) or not array.size:
        raise ValueError(
            f'{where}: expected joints of shape (T, V, C) or (M, T, V, C) with 2 or 3 coordinates, found {array.shape}; '
            'bring the axes into this order.'
        )
    check_frames(array.shape[-3], where)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        raise ValueError(
            f'{where} holds {len(bad)} values that are NaN or infinite, the first at {tuple(map(int, bad[0]))}; '
            'write zeros for joints that were not seen.'
        )
    single = array.dtype.newbyteorder('=') if array.dtype.itemsize >= 4 else np.dtype(np.float32)
    keypoint = np.ascontiguousarray(array, dtype=single)
    return keypoint.reshape((-1, *array.shape[-3:])), array.ndim, array.dtype


def _ranked(keypoint: np.ndarray, recording: Recording) -> np.ndarray:
    """Joints of the rank of the original."""
    return keypoint[0] if recording.source.ndim == 3 else keypoint


def _written(array: np.ndarray) -> bytes:
    """A ``.npy`` file."""
    stream = io.BytesIO()
    np.lib.format.write_array(
        stream, np.ascontiguousarray(array).reshape(array.shape), (1, 0), False
    )
    return stream.getvalue()
