# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The search of released raw recordings by somebody who has the original."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath

from mmskanon.recordings import NobodyError, scan_recording
from mmskanon.release import (
    HARMLESS,
    Finding,
    Sought,
    first_of_each,
    provenance_path,
    scan_provenance_file,
    seek,
)

from .sources import RecordingSource


def find_raw_traces(
    released: str | Path, original: str | Path, keep: Collection[str] = ()
) -> list[Finding]:
    """Search a folder or zip archive of released recordings for whatever names somebody in the original.

    Every file is searched for the original's names, for what they tell, and for numbers of bodies; so are names of folders, and of files
    that do not follow the pattern of the data set. A name that does may be that of another recording in the original, so it tells nothing.

    Args:
        released (str | Path): Folder or zip archive.
        original (str | Path): Folder or zip archive.
        keep (Collection[str]): What of the names was published on purpose. Defaults to ().

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
    for index in range(len(before)):
        with suppress(NobodyError):  # has no bodies, and is left out of releases
            traces.update(before.format.traces(next(before.read([index])).recording))
    numbers = Sought(traces)
    findings = list(_foreign_files(after))
    for index in range(len(after)):
        content, place = after.content(index), after.where(after.names[index])
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


def _foreign_files(source: RecordingSource) -> list[Finding]:
    """Files beside the recordings."""
    return [
        Finding('a file that is no recording', name, str(source.path), 'remove it')
        for name in source.others
    ]
