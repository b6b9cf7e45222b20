# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The search of released raw recordings by somebody who has the original."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath

from mmskanon.recordings import NobodyError, Recording, scan_recording
from mmskanon.release import (
    HARMLESS,
    UNCHANGED,
    Finding,
    Sought,
    digest_of_joints,
    first_of_each,
    provenance_path,
    scan_provenance_file,
    seek,
)

from .sources import RecordingSource


def find_raw_traces(
    released: str | Path,
    original: str | Path,
    keep: Collection[str] = (),
    unread: list[str] | None = None,
) -> list[Finding]:
    """Search a folder or zip archive of released recordings for whatever names somebody in the original.

    Every file is searched for the original's names, for what they tell, and for numbers of bodies, and compared with every file of the
    original and its joints; so are names of folders, and of files
    that do not follow the pattern of the data set. A name that does may be that of another recording in the original, so it tells nothing.

    Args:
        released (str | Path): Folder or zip archive.
        original (str | Path): Folder or zip archive.
        keep (Collection[str]): What of the names was published on purpose. Defaults to ().
        unread (list[str], optional): Gets a sentence for each recording of the original that cannot be read, for whose bodies and joints
            nothing is searched. Defaults to None, the first one is an error.

    Returns:
        list[Finding]: What was found.

    Raises:
        FileNotFoundError, ValueError: If one of them is missing or faulty, or they hold recordings of different formats.
    """
    after, before = RecordingSource(released), RecordingSource(original)
    if after.format.name != before.format.name:
        raise ValueError(
            f'{after.path} holds {after.format.name} recordings and {before.path} {before.format.name}; give the original of this release'
        )
    sought = seek(before.outline(), HARMLESS.union(keep))
    traces: dict[str, str] = {}
    known: dict[str | None, str] = {}
    for name, content, recording in read_originals(before, unread):
        known[sha256(content).hexdigest()] = name
        if recording is not None:
            traces.update(before.format.traces(recording))
            known[digest_of_joints(recording.keypoint)] = name
    numbers = Sought(traces)
    findings = list(_foreign_files(after))
    for index in range(len(after)):
        content, place = after.content(index), after.where(after.names[index])
        digests = [sha256(content).hexdigest()]
        with suppress(ValueError):  # may be anything
            digests.append(digest_of_joints(after.format.read(content, place).keypoint))
        same = next((known[digest] for digest in digests if digest in known), None)
        if same is not None:
            findings.append(Finding(UNCHANGED, same, place, 'anonymize it'))
        for wanted in (sought, numbers):
            findings += scan_recording(content, place, wanted)
        *texts, _ = (path := PurePosixPath(after.names[index])).parts
        if after.format.numbers(path.name) is None:
            texts.append(path.stem)
        hits = (hit for text in texts for hit in sought.find(text))
        findings += (Finding(kind, hit, place, 'name the file anew') for kind, hit in hits)
    beside = provenance_path(released)
    if beside.exists():
        findings += scan_provenance_file(beside, sought)
    return first_of_each(findings)


def read_originals(
    source: RecordingSource, unread: list[str] | None
) -> Iterator[tuple[str, bytes, Recording | None]]:
    """Read an original.

    Args:
        source (RecordingSource): The original.
        unread (list[str], optional): See :func:`find_raw_traces`.

    Yields:
        tuple[str, bytes, Recording | None]: Name, content and recording of each file; None where nobody is seen or it cannot be read.
    """
    for index, name in enumerate(source.names):
        content, recording = b'', None
        try:
            content = source.content(index)
            recording = source.format.read(content, source.where(name))
        except NobodyError:  # has no bodies, and is left out of releases
            pass
        except ValueError as error:
            if unread is None:
                raise
            unread.append(str(error))
        yield name, content, recording


def _foreign_files(source: RecordingSource) -> list[Finding]:
    """Files beside the recordings."""
    return [
        Finding('a file that is no recording', name, str(source.path), 'remove it')
        for name in source.others
    ]
