# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What can be asked of a run, and what it did."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHUNK = 32
"""int: Recordings that are done together, and again after one of them was interrupted."""


@dataclass(frozen=True)
class ReleaseOptions:
    """How to release.

    Args:
        keep (tuple[str, ...]): What is published beside what is harmless: keys of samples, or of raw recordings what their names tell, such
            as ``camera``. ``subject`` becomes a pseudonym. Defaults to ().
        key_file (str | Path, optional): File with the key of the pseudonyms. Defaults to None, a fresh key that nobody has afterwards.
        shuffle (bool): Whether samples of an annotation file come in the order of their pseudonyms, which tells nothing, in the file and in
            each split. Defaults to True.
        audit (str | Path, optional): report.json of an audit, whose verdict the provenance quotes. Defaults to None.
        audit_method (str, optional): Its method. Defaults to None, the only one.
    """

    keep: tuple[str, ...] = ()
    key_file: str | Path | None = None
    shuffle: bool = True
    audit: str | Path | None = None
    audit_method: str | None = None


@dataclass(frozen=True)
class RunOptions:
    """How to go through a collection; none of it changes what is written, but for recordings that are left out.

    Args:
        overwrite (bool): Whether an output that exists is replaced; a folder only if it holds nothing but recordings of the format. Defaults
            to False.
        workers (int, optional): Processes. Defaults to None: one for each CPU for a few hundred recordings or more, else one.
        shard (tuple[int, int], optional): Part ``i`` of ``n``, from 0: only chunks i, i + n, i + 2n and so on. Defaults to None, all of them
            and the end.
        wait (bool): With a shard, whether it is one of processes that a launcher started together: the first begins, waits for the others and
            puts everything together when they are done. Defaults to False.
        skip_faulty (bool): Whether raw recordings that cannot be read, do not fit the anonymizer, or get joints that their format cannot hold, are left out and told
            at the end.
            Defaults to False, the first one ends the run.
        chunk (int): Recordings in a chunk. Defaults to 32.
    """

    overwrite: bool = False
    workers: int | None = None
    shard: tuple[int, int] | None = None
    wait: bool = False
    skip_faulty: bool = False
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        for key in ('workers', 'chunk'):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise ValueError(f'{key} must be at least 1, found {value}')
        if self.shard is not None and not 0 <= self.shard[0] < self.shard[1]:
            raise ValueError(
                f'shard must be I/N with I from 0 to N-1, found {self.shard[0]}/{self.shard[1]}'
            )


@dataclass
class Outcome:
    """What a run did.

    Args:
        recordings (int): Recordings in the output, or planned for it.
        finished (bool): Whether the output is written; False for a dry run, and for a shard that did not wait.
        left_out (list[tuple[str, str]]): Public name and status of recordings that are not in it. Defaults to [].
        problems (list[str]): What was wrong with faulty ones. Defaults to [].
        fates (Counter): For each key and what became of it the number of recordings. Defaults to empty.
        provenance (dict, optional): The provenance of a release. Defaults to None.
        remaining (int): Recordings that others have still to do. Defaults to 0.
        note (str): Why this process had nothing to do, if so. Defaults to ''.
    """

    recordings: int
    finished: bool
    left_out: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    fates: Counter = field(default_factory=Counter)
    provenance: dict[str, Any] | None = None
    remaining: int = 0
    note: str = ''


def shard_of_launcher() -> tuple[int, int] | None:
    """Rank and number of the processes that torchrun or srun started, if there are several.

    Returns:
        tuple[int, int] | None: Rank, from 0, and number.
    """
    # SLURM_NTASKS is also set for the one process of a batch script; the number of tasks of a step is not.
    for rank, size in (('RANK', 'WORLD_SIZE'), ('SLURM_PROCID', 'SLURM_STEP_NUM_TASKS')):
        try:
            found = int(os.environ[rank]), int(os.environ[size])
        except (KeyError, ValueError):
            continue
        if found[1] > 1:
            return found
    return None
