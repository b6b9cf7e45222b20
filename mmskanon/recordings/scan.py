# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The search of a written recording for whatever names somebody."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import replace

from mmskanon.io.archives import read_member
from mmskanon.release.scan import Finding, scan_bytes
from mmskanon.release.sought import Sought

from .etri import COLUMNS

_TEXT = re.compile(rb'[\t\n\r\x20-\x7e]*')
_NUMERIC = b'0123456789+-.,;eE \t\r\n'
# From eight digits on, as everywhere in raw bytes; what stands beside a point are decimals, which occur by chance.
_INTEGER = re.compile(rb'(?<![\d.])(\d{8,})(?:\.0*)?(?![\d.])')
_MOST_BYTES = 2**30
_ADVICE = 'do not publish the file'


def scan_recording(
    content: bytes, place: str, sought: Sought, public: Collection[str] = ()
) -> list[Finding]:
    """Search a file of any format that :mod:`mmskanon.recordings` writes.

    In text, numbers are found as whole integers of at least eight digits, such as body IDs: shorter ones and decimals occur among
    coordinates by chance. Everything else is found as in any text, that is as words from three characters on and anywhere from eight on. In
    binary files texts are found from eight characters on. Archives are unpacked.

    Args:
        content (bytes): The file.
        place (str): How findings name it.
        sought (Sought): What must not occur; :meth:`~.base.RecordingFormat.traces` of the original belong to it.
        public (Collection[str]): Texts that may occur nevertheless. Defaults to ().

    Returns:
        list[Finding]: What was found, each text once.

    Raises:
        ValueError: If an archive is damaged.
    """
    hidden = {text.casefold() for text in public}
    first: dict[str, Finding] = {}
    for finding in _search(content, place, sought):
        if finding.text.casefold() not in hidden:
            first.setdefault(finding.text.casefold(), finding)
    return list(first.values())


def _search(
    content: bytes, place: str, sought: Sought, is_member: bool = False
) -> Iterator[Finding]:
    if _TEXT.fullmatch(content):
        yield from _in_text(content, place, sought)
        return
    if content:
        for finding in scan_bytes(content, sought):
            yield replace(finding, place=f'{place}, {finding.place}', advice=_ADVICE)
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return
    if is_member:  # no format has one, and unpacking might never end
        yield Finding('something that is not searched', 'an archive in an archive', place, _ADVICE)
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except Exception as error:  # zipfile fails on damaged archives in many ways
        raise ValueError(
            f'{place} is a damaged archive ({error}) and cannot be searched; write it again.'
        ) from error
    with archive:
        for member in archive.infolist():
            inside = f'{place}!{member.filename}'
            for text in (member.filename.removesuffix('.npy'), _readable(member.comment)):
                yield from _found(sought.find(text), inside)
            unpacked = read_member(archive, member, _MOST_BYTES, inside)
            yield from _search(unpacked, inside, sought, is_member=True)
        yield from _found(sought.find(_readable(archive.comment)), place)


def _in_text(content: bytes, place: str, sought: Sought) -> Iterator[Finding]:
    for match in _INTEGER.finditer(content):
        number = match[1].decode()
        if number in sought.kinds:
            yield Finding(sought.kinds[number], number, f'{place}, byte {match.start()}', _ADVICE)
    for number, line in enumerate(content.splitlines(), 1):
        if line.translate(None, _NUMERIC):
            # The known columns of a table are the same in every file.
            words = [word for word in line.decode('ascii').split(',') if word not in COLUMNS]
            yield from _found(sought.find(','.join(words)), f'{place}, line {number}')


def _found(hits: list[tuple[str, str]], place: str) -> Iterator[Finding]:
    yield from (Finding(kind, text, place, _ADVICE) for kind, text in hits)


def _readable(text: bytes) -> str:
    return text.decode('utf-8', 'replace')
