# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The machine of annotation pickles, with large values left in the file."""

from __future__ import annotations

import os
import pickle
from struct import unpack
from typing import Any, BinaryIO

from .constructors import Constructor, check_key, describe, make_dict, make_set
from .deferred import DEFERRED_FROM, ESCAPED, UTF8, DeferredArray, Payload, rebuild
from .errors import UnsafePickleError
from .pickles import AnnotationUnpickler, encode_latin, make_array, make_from_buffer, make_ordered

_KEY_DEPTH = 8


class DeferringUnpickler(AnnotationUnpickler):
    """:class:`AnnotationUnpickler` that makes :class:`DeferredArray` of arrays and :class:`Payload` of large bytes and texts.

    What it accepts and what it refuses is the same. Where an instruction looks into a value, such as a key of a dict, the value is read.

    Args:
        file (BinaryIO): An open file that can be positioned and has a file descriptor.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._file = file
        self._words: dict[str, str] = {}  # keys, each held once
        self._values: dict[Payload, Any] = {}  # of the few that the machine looked into

    def load(self) -> Any:
        """Run the machine to its end.

        Returns:
            Any: What the pickle holds, with stand-ins.
        """
        self._unframer = _FramedFile(self._file)
        self.read, self.readline = self._unframer.read, self._unframer.readline
        self.metastack, self.stack, self.proto = [], [], 0
        self.append = self.stack.append
        read, dispatch = self.read, self.dispatch
        try:
            while True:
                instruction = read(1)
                if not instruction:
                    raise EOFError
                dispatch[instruction[0]](self)
        except pickle._Stop as stop:
            return stop.value

    def describe(self, thing: Any) -> str:
        """How messages call a thing on the stack: as the value that it stands for."""
        return describe(self._top(thing))

    def load_frame(self) -> None:
        """Begin a frame, which has to be in the file as a whole."""
        (size,) = unpack('<Q', self.read(8))
        self._unframer.load_frame(size)

    def load_binbytes(self) -> None:
        """Put bytes on the stack."""
        self._push(unpack('<I', self.read(4))[0], bytes)

    def load_binbytes8(self) -> None:
        """Put bytes on the stack."""
        self._push(unpack('<Q', self.read(8))[0], bytes)

    def load_bytearray8(self) -> None:
        """Put a bytearray on the stack."""
        self._push(unpack('<Q', self.read(8))[0], bytearray)

    def load_binunicode(self) -> None:
        """Put a text on the stack."""
        self._push_text(self.read(unpack('<I', self.read(4))[0]), UTF8)

    def load_binunicode8(self) -> None:
        """Put a text on the stack."""
        self._push_text(self.read(unpack('<Q', self.read(8))[0]), UTF8)

    def load_unicode(self) -> None:
        """Put a text on the stack that stands on a line."""
        self._push_text(self.readline()[:-1], ESCAPED, 1)

    def load_stack_global(self) -> None:
        """Look up a global whose name is on the stack."""
        self.stack[-2:] = map(self._top, self.stack[-2:])
        super().load_stack_global()

    def load_reduce(self) -> None:
        """Call a constructor with positional arguments."""
        args = self.stack.pop()
        function = self.stack[-1]
        if type(function) is not Constructor or function.call is None or type(args) is not tuple:
            raise UnsafePickleError.of(f'a call of {self.describe(function)}')
        if function.call in self._calls:
            self.stack[-1] = self._calls[function.call](self, *args)
        else:
            self.stack[-1] = function.call(*rebuild(args, self._value_of, {}))

    def load_build(self) -> None:
        """Set the state of an array, or else of a dtype."""
        if type(self.stack[-2]) is DeferredArray:
            state = self.stack.pop()
            self.stack[-1].set_state(state)
        else:
            self.stack[-1] = rebuild(self.stack[-1], self._value_of, {})
            super().load_build()

    def load_setitem(self) -> None:
        """Set one item of a dict."""
        self.stack[-2] = self._key(self.stack[-2])
        super().load_setitem()

    def load_setitems(self) -> None:
        """Set items of a dict."""
        items = self.pop_mark()
        target = self._expect(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is str:
                key = self._words.setdefault(key, key)
            else:
                key = self._key(key)
                check_key(key)
            target[key] = value

    def load_dict(self) -> None:
        """Make a dict from items on the stack."""
        items = self.pop_mark()
        keys = map(self._key, items[::2])
        self.append(make_dict(zip(keys, items[1::2], strict=True)))

    def load_additems(self) -> None:
        """Add to a set."""
        values = list(map(self._key, self.pop_mark()))
        self._expect(set).update(make_set(values))

    def load_frozenset(self) -> None:
        """Make a frozen set."""
        items = list(map(self._key, self.pop_mark()))
        self.append(frozenset(make_set(items)))

    def _make_array(self, *args: Any) -> DeferredArray:
        make_array(*map(self._top, args))
        return DeferredArray()

    def _make_from_buffer(self, data: Any, dtype: Any, shape: Any, order: Any) -> DeferredArray:
        return DeferredArray.from_buffer(data, dtype, shape, self._top(order))

    def _encode_latin(self, text: Any, encoding: Any) -> bytes | Payload:
        if type(text) is not Payload or text.kind is not str or text.length is None:
            return encode_latin(self._top(text), self._top(encoding))
        encode_latin('', self._top(encoding))
        return text.as_bytes()

    def _make_ordered(self, items: Any = ()) -> dict:
        items = self._top(items)
        pairs = items.items() if isinstance(items, dict) else map(self._top, items)
        return make_ordered([(self._key(key), value) for key, value in pairs])

    _calls = {
        make_array: _make_array,
        make_from_buffer: _make_from_buffer,
        encode_latin: _encode_latin,
        make_ordered: _make_ordered,
    }
    """Constructors that leave their arguments in the file; all others get values."""

    def _push(self, size: int, kind: type) -> None:
        """Put bytes on the stack, large ones as their place."""
        if size < DEFERRED_FROM:
            data = self.read(size)
            self.append(data if kind is bytes else kind(data))
        else:
            self.append(Payload(self._unframer.skip(size), size, kind, None, size))

    def _push_text(self, data: bytes, codec: tuple[str, str], line_end: int = 0) -> None:
        """Put a text that was read on the stack, a large one as its place."""
        text = str(data, *codec)
        if len(data) < DEFERRED_FROM:
            self.append(text)
            return
        try:
            length = len(text.encode('latin-1'))
        except UnicodeEncodeError:
            length = None
        offset = self._file.tell() - line_end - len(data)
        self.append(Payload(offset, len(data), str, codec, length))

    def _value_of(self, thing: Payload | DeferredArray, done: dict[int, Any]) -> Any:
        if type(thing) is Payload:
            if thing not in self._values:
                self._values[thing] = thing.read(self._file)
            return self._values[thing]
        return thing.array(
            None if thing.make is None else rebuild(thing.data, self._value_of, done)
        )

    def _top(self, thing: Any) -> Any:
        """A value in place of what stands for it; what a container holds is left as it is."""
        if type(thing) is Payload or type(thing) is DeferredArray:
            return self._value_of(thing, {})
        return thing

    def _key(self, key: Any, depth: int = _KEY_DEPTH) -> Any:
        """The value of a key, as deep as keys may be nested."""
        if type(key) is str:
            return self._words.setdefault(key, key)
        if type(key) is tuple and depth:
            return tuple([self._key(item, depth - 1) for item in key])
        return self._top(key)

    dispatch = {
        **AnnotationUnpickler.dispatch,
        pickle.FRAME[0]: load_frame,
        pickle.BINBYTES[0]: load_binbytes,
        pickle.BINBYTES8[0]: load_binbytes8,
        pickle.BYTEARRAY8[0]: load_bytearray8,
        pickle.BINUNICODE[0]: load_binunicode,
        pickle.BINUNICODE8[0]: load_binunicode8,
        pickle.UNICODE[0]: load_unicode,
        pickle.STACK_GLOBAL[0]: load_stack_global,
        pickle.REDUCE[0]: load_reduce,
        pickle.BUILD[0]: load_build,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.DICT[0]: load_dict,
        pickle.ADDITEMS[0]: load_additems,
        pickle.FROZENSET[0]: load_frozenset,
    }


class _FramedFile:
    """Reads a pickle straight from its file. Frames are checked, but not read ahead, so that every position is one in the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._size = file, os.fstat(file.fileno()).st_size
        self._read, self._readline = file.read, file.readline
        self._left: int | None = None  # bytes of the frame; None outside

    def read(self, size: int) -> bytes:
        """Read bytes, fewer at the end of the file."""
        left = self._left
        if left is not None:  # the frequent case first, without a call
            if size <= left:
                self._left = left - size
            else:
                self._take(size)
        return self._read(size)

    def readline(self) -> bytes:
        """Read a line, which must not reach beyond its frame."""
        if not self._left:
            self._left = None
            return self._readline()
        line = self._readline(self._left)
        if not line.endswith(b'\n'):
            raise pickle.UnpicklingError('pickle exhausted before end of frame')
        self._left -= len(line)
        return line

    def skip(self, size: int) -> int:
        """Pass over bytes and return where they begin."""
        if self._left is not None:
            self._take(size)
        offset = self._file.tell()
        if size > self._size - offset:
            raise EOFError('a value ends before its stated length')
        self._file.seek(offset + size)
        return offset

    def load_frame(self, size: int) -> None:
        """Begin a frame."""
        if self._left:
            raise pickle.UnpicklingError('beginning of a new frame before end of current frame')
        if size > self._size - self._file.tell():
            raise EOFError('a frame ends before its stated length')
        self._left = size

    def _take(self, size: int) -> None:
        """Count bytes of a frame."""
        if size <= self._left:
            self._left -= size
        elif self._left:
            raise pickle.UnpicklingError('pickle exhausted before end of frame')
        else:
            self._left = None
