# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a restricted pickle may call, and the plain containers it may build."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import UnsafePickleError

_PLAIN_KEYS = frozenset((str, int, float, bool, bytes, complex, type(None)))
_KEY_DEPTH = 8


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


def by_name(*constructors: Constructor) -> dict[tuple[str, str], Constructor]:
    """Return constructors keyed as :attr:`RestrictedUnpickler.allowed` wants them.

    Args:
        *constructors (Constructor): The constructors.

    Returns:
        dict[tuple[str, str], Constructor]: Each under its module and name.
    """
    return {tuple(item.name.rsplit('.', 1)): item for item in constructors}


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
