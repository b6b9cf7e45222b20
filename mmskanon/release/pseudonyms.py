# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Keyed pseudonyms: the same text gives the same one, and without the key nobody can tell which text it was.

A plain hash would not do: whoever guesses that a name is ``S001C001P001R001A001`` can hash it and compare.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable

from mmskanon.io.reading import check_file

DIGITS = 20
"""int: Hexadecimal digits of a pseudonym, 80 bits: among a million names, two share one with a chance of 4e-13."""

PSEUDONYM = re.compile(rf'[0-9a-f]{{{DIGITS}}}')
"""re.Pattern: What a pseudonym looks like. It has no letter beyond f, so it can never look like a name of NTU RGB+D, ETRI or UTD-MHAD."""

MIN_KEY_BYTES = 16


def read_key(path: str | os.PathLike) -> bytes:
    """Read the key of pseudonyms: all bytes of a file, as they are.

    Args:
        path (str | os.PathLike): The file.

    Returns:
        bytes: The key.

    Raises:
        FileNotFoundError, IsADirectoryError, ValueError: If there is no such file, or it is too short to be a key.
    """
    key = check_file(path, 'a key file').read_bytes()
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(
            f'key file {path} holds {len(key)} bytes, expected at least {MIN_KEY_BYTES}; '
            'make one with python -c "import secrets; print(secrets.token_hex())" > KEY_FILE'
        )
    return key


class Pseudonyms:
    """Pseudonyms by HMAC-SHA256, cut to :data:`DIGITS` hexadecimal digits.

    Args:
        key (bytes, optional): The key. Who has it and a list of names can undo every pseudonym. Defaults to None, fresh random bytes that
            are stored nowhere, so that nobody can.

    Example:
        >>> Pseudonyms(b'sixteen or more bytes').of('a1_s1_t1')
        '6e53239b3e1e32b7eaec'
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(32) if key is None else key

    def of(self, text: object, kind: str = 'name') -> str:
        """Return the pseudonym of a text.

        Args:
            text (object): A name, or a number, which counts as the text that it prints as.
            kind (str): What it is; a subject and a sample of equal text get different pseudonyms. Defaults to ``'name'``.

        Returns:
            str: The first digits of HMAC-SHA256 over ``kind:text`` in UTF-8.
        """
        message = f'{kind}:{text}'.encode('utf-8', 'surrogatepass')
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:DIGITS]

    def of_all(self, texts: Iterable[object], kind: str = 'name') -> dict[str, str]:
        """Return the pseudonyms of many texts, all different.

        Args:
            texts (Iterable[object]): The texts; repetitions do not matter.
            kind (str): See :meth:`of`. Defaults to ``'name'``.

        Returns:
            dict[str, str]: For each text its pseudonym.

        Raises:
            ValueError: If two texts share one.
        """
        table = {str(text): self.of(text, kind) for text in texts}
        if len(set(table.values())) != len(table):
            raise ValueError(
                f'two {kind}s have the same pseudonym, which happens by chance once in a trillion files; take another key'
            )
        return table
