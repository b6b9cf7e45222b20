# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Zip archives as they should be, and as they should not."""

import io
import zipfile
from collections.abc import Mapping


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of some members, from name to content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w', method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def lying(content: bytes, claimed: int = 1000) -> bytes:
    """An archive whose only member claims to unpack to another number of bytes than it does."""
    (member,) = zipfile.ZipFile(io.BytesIO(content)).infolist()
    size = member.file_size.to_bytes(4, 'little')
    assert content.count(size) == 2
    return content.replace(size, claimed.to_bytes(4, 'little'))
