# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A pickle machine that cannot import or call anything on its own.

A pickle is a program for a small machine that can import anything and call it.
:class:`RestrictedUnpickler` runs that machine with the dangerous instructions replaced: a global is
looked up in a fixed table instead of being imported, only a :class:`Constructor` of that table can
be called and checks its arguments first, and state is set on a few known types by functions of
ours. Everything else ends in :class:`UnsafePickleError` before anything foreign has run.
"""

import pickle
from collections.abc import Callable, Mapping
from struct import unpack
from typing import Any

from .constructors import Constructor, check_key, describe, make_dict, make_set
from .errors import UnsafePickleError


class RestrictedUnpickler(pickle._Unpickler):
    """Unpickler that builds plain containers and what a subclass allows, and nothing else.

    It derives from the unpickler that the standard library has in Python, because the one in C
    cannot be told what to do on an instruction. A file of 57,000 skeleton sequences takes about two
    seconds instead of a third of one.

    Subclasses extend :attr:`allowed` and :attr:`states`. Anything may be raised on a damaged
    pickle, as with :class:`pickle.Unpickler`; :func:`mmskanon.io.reading.read_plain` sorts that out.

    Args:
        file (BinaryIO): An open binary file.
        **kwargs: As for :class:`pickle.Unpickler`.

    Raises:
        UnsafePickleError: If the pickle asks for anything else.

    Examples:
        >>> import io
        >>> RestrictedUnpickler(io.BytesIO(pickle.dumps({'label': 3}))).load()
        {'label': 3}
    """

    allowed: Mapping[tuple[str, str], Any] = {}
    """What a global ``(module, name)`` means: a :class:`Constructor`, or a constant."""

    states: Mapping[type, Callable[[Any, Any], None]] = {}
    """How state is set on an instance of a type (or of a subtype), after checking it."""

    describe = staticmethod(describe)
    """How messages call a thing on the stack."""

    def find_class(self, module: str, name: str) -> Any:
        """Look a global up in :attr:`allowed`; nothing is imported."""
        try:
            return self.allowed[module, name]
        except KeyError:
            raise UnsafePickleError.of(f'{module}.{name}') from None

    def load_reduce(self) -> None:
        """Call a constructor with positional arguments."""
        args = self.stack.pop()
        function = self.stack[-1]
        if type(function) is not Constructor or function.call is None or type(args) is not tuple:
            raise UnsafePickleError.of(f'a call of {self.describe(function)}')
        self.stack[-1] = function.call(*args)

    def load_newobj(self) -> None:
        """Make an empty instance of a class that has a constructor for that."""
        args = self.stack.pop()
        cls = self.stack[-1]
        if type(cls) is not Constructor or cls.new is None or type(args) is not tuple or args:
            raise UnsafePickleError.of(f'an instance of {self.describe(cls)}')
        self.stack[-1] = cls.new()

    def load_build(self) -> None:
        """Set the state of an instance through the function of its type."""
        state = self.stack.pop()
        instance = self.stack[-1]
        for base in type(instance).__mro__:
            if base in self.states:
                self.states[base](instance, state)
                return
        raise UnsafePickleError.of(f'a state for {self.describe(instance)}')

    def load_append(self) -> None:
        """Append to a list, and to nothing else that has an ``append``."""
        value = self.stack.pop()
        self._expect(list).append(value)

    def load_appends(self) -> None:
        """Extend a list, and nothing else that has an ``extend``."""
        values = self.pop_mark()
        self._expect(list).extend(values)

    def load_setitem(self) -> None:
        """Set one item of a dict."""
        value = self.stack.pop()
        key = self.stack.pop()
        check_key(key)
        self._expect(dict)[key] = value

    def load_setitems(self) -> None:
        """Set items of a dict."""
        items = self.pop_mark()
        target = self._expect(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:
                check_key(key)
            target[key] = value

    def load_dict(self) -> None:
        """Make a dict from items on the stack."""
        items = self.pop_mark()  # which also changes where ``append`` goes
        self.append(make_dict(zip(items[::2], items[1::2], strict=True)))

    def load_additems(self) -> None:
        """Add to a set."""
        values = self.pop_mark()
        self._expect(set).update(make_set(values))

    def load_frozenset(self) -> None:
        """Make a frozen set."""
        items = self.pop_mark()
        self.append(frozenset(make_set(items)))

    def load_bytearray8(self) -> None:
        """Read a bytearray without trusting the length that the pickle states."""
        length = int.from_bytes(self.read(8), 'little')
        data = self.read(length)
        if len(data) != length:
            raise EOFError('a bytearray ends before its stated length')
        self.append(bytearray(data))

    def load_frame(self) -> None:
        """Begin a frame, which has to be in the file as a whole."""
        (size,) = unpack('<Q', self.read(8))
        self._unframer.load_frame(size)
        if self._unframer.current_frame.getbuffer().nbytes != size:
            raise EOFError('a frame ends before its stated length')

    def load_global(self) -> None:
        """Look up a global whose name stands on two lines."""
        module, name = self._read_line(), self._read_line()
        self.append(self.find_class(module, name))

    def load_inst(self) -> None:
        """Refuse an instance of a class as pickle protocol 0 writes it."""
        raise UnsafePickleError.of(f'{self._read_line()}.{self._read_line()}')

    def load_refused(self) -> None:
        """Refuse an instruction that plain data never needs."""
        raise UnsafePickleError.of('an instruction for class instances or external objects')

    def _read_line(self) -> str:
        """Return the rest of a line; a name that is cut off must not be taken for another."""
        line = self.readline()
        if not line.endswith(b'\n'):
            raise EOFError('a name ends before its line')
        return line[:-1].decode('utf-8')

    def _expect(self, kind: type) -> Any:
        """Return the top of the stack if it is of a kind, and refuse to change it otherwise."""
        target = self.stack[-1]
        if not isinstance(target, kind):
            raise UnsafePickleError.of(f'items for {self.describe(target)}')
        return target

    dispatch = {
        **pickle._Unpickler.dispatch,
        pickle.REDUCE[0]: load_reduce,
        pickle.NEWOBJ[0]: load_newobj,
        pickle.BUILD[0]: load_build,
        pickle.APPEND[0]: load_append,
        pickle.APPENDS[0]: load_appends,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
        pickle.DICT[0]: load_dict,
        pickle.ADDITEMS[0]: load_additems,
        pickle.FROZENSET[0]: load_frozenset,
        pickle.BYTEARRAY8[0]: load_bytearray8,
        pickle.FRAME[0]: load_frame,
        pickle.GLOBAL[0]: load_global,
        pickle.INST[0]: load_inst,
        **dict.fromkeys(
            (
                pickle.OBJ[0],
                pickle.NEWOBJ_EX[0],
                pickle.EXT1[0],
                pickle.EXT2[0],
                pickle.EXT4[0],
                pickle.PERSID[0],
                pickle.BINPERSID[0],
                pickle.NEXT_BUFFER[0],
                pickle.READONLY_BUFFER[0],
            ),
            load_refused,
        ),
    }
