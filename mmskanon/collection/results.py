# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the chunks of a finished run made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from mmskanon.io.reading import sha256_of

from .chunks import record_file
from .work import WorkFolder


class Results:
    """What the chunks of a run say that they made.

    Args:
        work (WorkFolder): The folder of the run, in which all chunks are finished.
        count (int): Number of chunks.

    Attributes:
        statuses (list[tuple[str, str]]): Public name and status of each recording, in the order of the collection but for those left out
            of a chunk, which come last in it.
        fates (Counter): For each key and what became of it the number of recordings.
        problems (list[str]): What was wrong with recordings that were left out as faulty.
    """

    def __init__(self, work: WorkFolder, count: int) -> None:
        self.work = work
        self.told = [work.told(number) for number in range(count)]
        self.statuses = [(name, status) for told in self.told for name, status in told['samples']]
        self.problems = [line for told in self.told for line in told.get('problems', ())]
        self.fates: Counter[tuple[str, str]] = Counter()
        for told in self.told:
            for key, fate, number in told['fates']:
                self.fates[key, fate] += number

    def files(self) -> list[tuple[str, int, str]]:
        """Name, size and checksum of every raw file, sorted by name."""
        return sorted(tuple(row) for told in self.told for row in told['files'])

    def records(self) -> list[tuple[str, Path, int, int]]:
        """Public name of every record, and file, place and length of its instructions."""
        rows = []
        for number, told in enumerate(self.told):
            path, at = self.work.parts / record_file(number), 0
            for (name, _), size in zip(told['samples'], told['records'], strict=False):
                rows.append((name, path, at, size))
                at += size
        return rows

    def verify(self) -> None:
        """Read all that was made once more and compare it with the checksums.

        Raises:
            ValueError: If something was changed or is missing.
        """
        for number, told in enumerate(self.told):
            if 'records' in told:
                self._compare(self.work.parts / record_file(number), told['sha256'])
            for name, _, checksum in told.get('files', ()):
                self._compare(self.work.parts / name, checksum)

    def _compare(self, path: Path, checksum: str) -> None:
        if not path.is_file() or sha256_of(path) != checksum:
            raise ValueError(
                f'{path} is not what was written there; delete the folder {self.work.root} and begin anew'
            )


def digest_of_files(files: Sequence[tuple[str, int, str]]) -> str:
    """SHA-256 over what ``sha256sum`` prints of files sorted by name."""
    return sha256(''.join(f'{digest}  {name}\n' for name, _, digest in files).encode()).hexdigest()
