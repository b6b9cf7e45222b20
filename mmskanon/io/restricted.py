# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A pickle machine that cannot import or call anything on its own.

A pickle is a program for a small machine that can import anything and call it.
:class:`RestrictedUnpickler` runs that machine with the dangerous instructions replaced: a global is
looked up in a fixed table instead of being imported, only a :class:`Constructor` of that table can
be called and checks its arguments first, and state is set on a few known types by functions of
ours. Everything else ends in :class:`UnsafePickleError` before anything foreign has run.
"""

import errno
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

_PLAIN_KEYS = frozenset((str, int, float, bool, bytes, complex, type(None)))
_KEY_DEPTH = 8


class CorruptFileError(ValueError):
    """A file is truncated, damaged or of another kind than expected."""


class UnsafePickleError(ValueError):
    """A pickle asks for something that is not plain data.

    Attributes:
        refused (str): What was asked for, as ``module.name`` for a global.
    """

    refused = ''

    @classmethod
    def of(cls, refused: str, source: str = 'the pickle', advice: str = '') -> 'UnsafePickleError':
        """Make the error.

        Args:
            refused (str): What was asked for.
            source (str): The file, or what else was read. Defaults to 'the pickle'.
            advice (str): What the user can do instead, a full sentence. Defaults to ''.

        Returns:
            UnsafePickleError: The error, to be raised.
        """
        message = (
            f"{source} asks for '{refused}', which is not among the plain data types that are "
            'loaded; it was refused and nothing in the file was executed.'
        )
        error = cls(f'{message} {advice}'.rstrip())
        error.refused = refused
        return error


class Constructor:
    """The one kind of thing that a restricted pickle may call.

    Args:
        name (str): ``module.name`` as it stands in the pickle, for messages.
        call (Callable | None): Builds the value from the arguments of the pickle, which it must
            check. None for a name that can be mentioned but not called. Defaults to None.
        new (Callable[[], Any] | None): Makes an empty instance whose state follows. Defaults to
            None.
    """

    __slots__ = ('call', 'name', 'new')

    def __init__(
        self,
        name: str,
        call: Callable | None = None,
        new: Callable[[], Any] | None = None,
    ) -> None:
        self.name = name
        self.call = call
        self.new = new

    def __repr__(self) -> str:
        return f'<{self.name} in a restricted pickle>'


class RestrictedUnpickler(pickle._Unpickler):
    """Unpickler that builds plain containers and what a subclass allows, and nothing else.

    It derives from the unpickler that the standard library has in Python, because the one in C
    cannot be told what to do on an instruction. A file of 57,000 skeleton sequences takes about two
    seconds instead of a third of one.

    Subclasses extend :attr:`allowed` and :attr:`states`. Anything may be raised on a damaged
    pickle, as with :class:`pickle.Unpickler`; :func:`read_plain` sorts that out.

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
            raise UnsafePickleError.of(f'a call of {describe(function)}')
        self.stack[-1] = function.call(*args)

    def load_newobj(self) -> None:
        """Make an empty instance of a class that has a constructor for that."""
        args = self.stack.pop()
        cls = self.stack[-1]
        if type(cls) is not Constructor or cls.new is None or type(args) is not tuple or args:
            raise UnsafePickleError.of(f'an instance of {describe(cls)}')
        self.stack[-1] = cls.new()

    def load_build(self) -> None:
        """Set the state of an instance through the function of its type."""
        state = self.stack.pop()
        instance = self.stack[-1]
        for base in type(instance).__mro__:
            if base in self.states:
                self.states[base](instance, state)
                return
        raise UnsafePickleError.of(f'a state for {describe(instance)}')

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
            raise UnsafePickleError.of(f'items for {describe(target)}')
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


def by_name(*constructors: Constructor) -> dict[tuple[str, str], Constructor]:
    """Return constructors keyed as :attr:`RestrictedUnpickler.allowed` wants them.

    Args:
        *constructors (Constructor): The constructors.

    Returns:
        dict[tuple[str, str], Constructor]: Each under its module and name.
    """
    return {tuple(item.name.rsplit('.', 1)): item for item in constructors}


def check_file(path: str | os.PathLike, expected: str) -> Path:
    """Return a path after making sure that a file with content is there.

    Args:
        path (str | os.PathLike): The path; ``~`` stands for the home folder.
        expected (str): What the file should be, with its article, for messages.

    Returns:
        Path: The path, with the home folder filled in.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        CorruptFileError: If it is empty.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise IsADirectoryError(f'{path} is a folder; expected {expected}')
    if not path.exists():
        raise FileNotFoundError(f'{path} does not exist; expected {expected}')
    if path.stat().st_size == 0:
        raise CorruptFileError(f'{path} is empty; expected {expected}')
    return path


def read_plain(read: Callable[[], Any], source: str, kind: str, advice: str = '') -> Any:
    """Run a reader of restricted pickles and turn its failures into errors for the user.

    Args:
        read (Callable[[], Any]): Reads and returns the content.
        source (str): The file, for messages.
        kind (str): What it should be, with its article, for messages.
        advice (str): Appended to the message on refused content. Defaults to ''.

    Returns:
        Any: What ``read`` returned.

    Raises:
        UnsafePickleError: If the content asks for anything but plain data.
        CorruptFileError: If the content cannot be read as such a file.
        OSError: If the disk fails.
    """
    try:
        return read()
    except UnsafePickleError as error:
        raise UnsafePickleError.of(error.refused, source, advice) from None
    except MemoryError as error:
        raise CorruptFileError(
            f'{source} does not fit into memory, or is damaged and states an impossible length'
        ) from error
    except Exception as error:  # a damaged pickle can fail in any instruction
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # that is a seek to nowhere
            raise
        reason = f'{type(error).__name__}: {error}'.splitlines()[0]
        raise CorruptFileError(
            f'{source} is truncated, damaged or not {kind} ({reason}); copy or make it again'
        ) from error


def check_key(key: Any, depth: int = _KEY_DEPTH) -> None:
    """Refuse a dict key or set item whose hash could run code or exhaust the stack.

    Args:
        key (Any): The key.
        depth (int): How deep tuples may be nested. Defaults to 8.

    Raises:
        UnsafePickleError: If it is anything but a built-in or NumPy scalar or a tuple of those.
    """
    if type(key) in _PLAIN_KEYS or isinstance(key, np.generic):
        return
    if type(key) is not tuple or not depth:
        raise UnsafePickleError.of(f'a key made of {describe(key)}')
    for item in key:
        check_key(item, depth - 1)


def make_dict(items: Any = (), *, kind: type = dict) -> dict:
    """Make a dict of plain keys.

    Args:
        items (Any): A dict, or pairs of key and value. Defaults to ().
        kind (type): The class to make, ``dict`` or a subclass. Defaults to dict.

    Returns:
        dict: The new dict.
    """
    pairs = list(items.items() if isinstance(items, dict) else items)
    for key, _ in pairs:
        check_key(key)
    return kind(dict(pairs))


def make_set(items: Any = ()) -> set:
    """Make a set of plain items.

    Args:
        items (Any): A list or tuple of items. Defaults to ().

    Returns:
        set: The new set.
    """
    if not isinstance(items, list | tuple | set):
        raise TypeError('a set is made from a list')
    for item in items:
        check_key(item)
    return set(items)


def describe(thing: Any) -> str:
    """Name a thing on the stack of the machine without running any of its code.

    Args:
        thing (Any): Anything.

    Returns:
        str: The name of a constructor, the beginning of a text, or the name of any other thing's
            type.
    """
    if type(thing) is Constructor:
        return thing.name
    if type(thing) is str:
        return repr(thing[:40])
    return f'{type(thing).__module__}.{type(thing).__qualname__}'
