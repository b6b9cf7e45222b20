# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""All texts in nested data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def texts_of(data: Any, place: str = '', keys: bool = True) -> Iterator[tuple[str, str]]:
    """Find every text in nested containers and NumPy arrays, and where it stands.

    Args:
        data (Any): Containers, arrays and scalars. A container that holds itself is entered once.
        place (str): Where ``data`` stands, as put before each place. Defaults to ''.
        keys (bool): Whether the keys of dicts count. Defaults to True.

    Yields:
        tuple[str, str]: Place and text, in the order of the data. Bytes are read as UTF-8.

    Example:
        >>> list(texts_of({'annotations': [{'note': 'tired', 'label': 3}]}, keys=False))
        [("['annotations'][0]['note']", 'tired')]
    """
    stack, entered = [(place, data)], set()
    while stack:
        where, item = stack.pop()
        if isinstance(item, str):
            yield where, str(item)
        elif isinstance(item, (bytes, bytearray)):
            yield where, bytes(item).decode('utf-8', 'replace')
        elif isinstance(item, np.ndarray):
            if item.dtype.kind in 'US':
                stack.append((where, item.tolist()))
        elif isinstance(item, (Mapping, list, tuple, set, frozenset)):
            if id(item) in entered:
                continue
            entered.add(id(item))
            stack.extend(reversed(list(_inside(item, where, keys))))


def _inside(item: Any, where: str, keys: bool) -> Iterator[tuple[str, Any]]:
    """What a container holds, and where."""
    if not isinstance(item, Mapping):
        yield from ((f'{where}[{index}]', value) for index, value in enumerate(item))
        return
    for key, value in item.items():
        if keys:
            yield f'a key of {where or "the file"}', key
        yield f'{where}[{key!r}]', value
