# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""ETRI-Activity3D skeleton recordings to the annotation schema.

ETRI-Activity3D (Jang et al., "ETRI-Activity3D: A large-scale RGB-D dataset for robots to recognize daily activities of the elderly",
IROS 2020) shows 100 people, half of them old, in 55 actions before eight Kinect v2 cameras. Which recordings are left out, and the split by
subject, are those of the code that preceded Moon et al., AAAI 2023 (arXiv 2111.15129).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmskanon.io.annotation_stream import encode_record, write_annotations
from mmskanon.io.archives import close_archives
from mmskanon.utils import worker_pool

from ..reports import write_report
from .csv_file import parse_csv
from .recordings import (
    ETRI_ACTIONS,
    ETRI_CAMERAS,
    PEOPLE,
    ETRIRecording,
    Person,
    list_etri_files,
    parse_people,
    read_bytes,
    where_of,
)
from .report import etri_splits, make_etri_report

#: Left out by the earlier release as actions of two persons. The owners' list calls 44 a bow of one person and 45 to 48 interactions.
TWO_PERSON_ACTIONS = (44, 45, 46, 47, 48)
#: Our choice: neither the owners' page nor the release says which cameras test.
TEST_CAMERAS = (1, 2)
DTYPES = ('float32', 'float16')
_BATCH = 32


@dataclass(frozen=True)
class ETRIOptions:
    """What to write.

    Args:
        skip_actions (tuple[int, ...]): Numbers of actions that are left out. Defaults to those of two persons.
        test_cameras (tuple[int, ...]): Cameras of the split ``xview_val``. Defaults to (1, 2).
        dtype (str): ``'float32'`` or ``'float16'``, which costs up to 1 mm a coordinate within 4 m and 2 mm beyond. Defaults to
            ``'float32'``.
    """

    skip_actions: tuple[int, ...] = TWO_PERSON_ACTIONS
    test_cameras: tuple[int, ...] = TEST_CAMERAS
    dtype: str = 'float32'


def convert_etri(
    sources: str | Path | Sequence[str | Path],
    out: str | Path,
    people: str | Path | None = None,
    options: ETRIOptions | None = None,
    workers: int = 1,
    strict: bool = False,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Convert ETRI-Activity3D.

    Each annotation has frame_dir, label (action - 1, 55 classes), subject, camera, trial (the G of the name), gender (``'f'`` or ``'m'``),
    age (years), age_group (``'60+'`` from 60 years on, or ``'under 60'``), total_frames and keypoint of shape (M, T, V, C) = (1, T, 25, 3),
    Kinect v2 joints in camera space, in metres. Splits are ``xsub_train`` and ``xsub_val`` (subjects divisible by 3), and
    ``xview_train`` and ``xview_val`` (the test cameras); one without samples is left out. Memory holds a few dozen recordings at a time.

    Args:
        sources (str | Path | Sequence): Folders (with their subfolders) and zip archives.
        out (str | Path): Annotation file to write (.pkl). The report is written beside it, with the suffix
            ``.report.json``.
        people (str | Path, optional): The owners' ``gender_age.txt``. Defaults to None, the one in the sources.
        options (ETRIOptions, optional): What to write. Defaults to None, all defaults.
        workers (int): Processes; 1 means this one. Defaults to 1.
        strict (bool): Whether a file that cannot be read ends the conversion, rather than being left out and reported. Defaults to
            False.
        overwrite (bool): Whether existing output may be replaced. Defaults to False.
        progress (Callable, optional): Called with the number of recordings done and that of all, first before any work. Defaults to
            None.

    Returns:
        dict: The report, see :func:`~.report.make_etri_report`.

    Raises:
        FileExistsError: If output exists and ``overwrite`` is False.
        FileNotFoundError: If a source or ``gender_age.txt`` is not there, or there is no recording.
        ValueError: If an option is out of range, ``gender_age.txt`` is faulty or does not know a subject, a recording is there twice or
            (``strict``) unreadable, or no recording can be used.
        OSError: If the disk is full, or a worker process was killed.
    """
    options, out = options or ETRIOptions(), Path(out)
    if options.dtype not in DTYPES or workers < 1:
        raise ValueError(
            f'dtype must be one of {DTYPES} and workers at least 1, found {options.dtype!r} and {workers}.'
        )
    for what, numbers, most in (
        ('skip_actions', options.skip_actions, ETRI_ACTIONS),
        ('test_cameras', options.test_cameras, ETRI_CAMERAS),
    ):
        unknown = [number for number in numbers if not 1 <= number <= most]
        if unknown:
            raise ValueError(f'{what} must be numbers from 1 to {most}, found {unknown[0]}.')
    if out.suffix != '.pkl':
        raise ValueError(f'{out} must end in .pkl, which MMAction2 insists on; rename the output.')
    if out.exists() and not overwrite:
        raise FileExistsError(f'{out} exists already; choose another name or ask to overwrite.')
    sources = [sources] if isinstance(sources, (str, Path)) else list(sources)
    recordings, bad_names, tables = list_etri_files(sources)
    if strict and bad_names:
        raise ValueError(bad_names[0][1])
    subjects = _read_people(people, tables, sources)
    kept = [r for r in recordings if r.action not in options.skip_actions]
    dropped = [
        dict(file=r.where, reason='action', detail=f'action {r.action} is skipped')
        for r in recordings
        if r.action in options.skip_actions
    ]
    dropped += [dict(file=where, reason='name', detail=text) for where, text in bad_names]
    for recording in kept:
        if recording.subject > len(subjects):
            raise ValueError(
                f'{recording.where} shows subject {recording.subject}, but {PEOPLE} describes only {len(subjects)} subjects; '
                "give the owners' whole file."
            )
    facts, empty = [], {}
    out.parent.mkdir(parents=True, exist_ok=True)
    spool = out.with_name(f'.{out.name}.{os.getpid()}.records')
    try:
        with open(spool, 'wb') as file:
            for recording, result in _convert_all(kept, subjects, options, workers, progress):
                if result.reason:
                    if strict and result.reason == 'unreadable':
                        raise ValueError(result.detail)
                    row = dict(file=recording.where, reason=result.reason, detail=result.detail)
                    dropped.append(row)
                    continue
                file.write(result.record)
                facts.append((recording, result.frames))
                if result.empty:
                    empty[recording.name] = result.empty
        if not facts:
            first = f'; the first: {dropped[0]["detail"]}' if dropped else ''
            raise ValueError(
                f'none of the {len(dropped)} files can be used{first}. Nothing was written.'
            )
        split = etri_splits([recording for recording, _ in facts], options.test_cameras)
        write_annotations(out, split, [spool], overwrite)
    finally:
        spool.unlink(missing_ok=True)
        close_archives()
    report = make_etri_report(sources, split, facts, dropped, empty)
    write_report(report, out.with_suffix('.report.json'), overwrite=True)
    return report


def _read_people(
    people: str | Path | None, tables: list[tuple[str, str]], sources: list
) -> list[Person]:
    if people is None:
        if not tables:
            raise FileNotFoundError(
                f'{", ".join(map(str, sources))} holds no {PEOPLE}, which says who the subjects are; give it with --people.'
            )
        contents = {read_bytes(*table) for table in tables}
        if len(contents) > 1:
            raise ValueError(
                f'{where_of(*tables[0])} and {where_of(*tables[1])} differ; give the right one with --people.'
            )
        return parse_people(contents.pop(), where_of(*tables[0]))
    if not Path(people).is_file():
        raise FileNotFoundError(f"{people} is not there; give the owners' {PEOPLE}.")
    return parse_people(Path(people).read_bytes(), str(people))


@dataclass(frozen=True)
class _Result:
    """A recording as instructions for the annotation file, or the reason why it is left out."""

    record: bytes = b''
    frames: int = 0
    empty: int = 0
    reason: str = ''
    detail: str = ''


def _convert(recording: ETRIRecording, person: Person, dtype: str) -> _Result:
    try:
        rows = parse_csv(read_bytes(recording.path, recording.member), recording.where)
    except ValueError as error:
        return _Result(reason='unreadable', detail=str(error))
    if len(rows.bodies) > 1:
        return _Result(reason='bodies', detail=f'body indices {", ".join(rows.bodies)}')
    if not rows.joints.any():
        return _Result(
            reason='nobody',
            detail=f'{rows.empty} rows without a body, {len(rows.joints)} with one that is all zero',
        )
    keypoint = np.ascontiguousarray(rows.joints[None], dtype=dtype)
    sample = dict(
        frame_dir=recording.name,
        label=recording.action - 1,
        subject=recording.subject,
        camera=recording.camera,
        trial=recording.trial,
        gender=person.gender,
        age=person.age,
        age_group=person.age_group,
        total_frames=keypoint.shape[1],
        keypoint=keypoint,
    )
    return _Result(encode_record(sample), keypoint.shape[1], rows.empty)


def _convert_batch(batch: list[tuple[ETRIRecording, Person, str]]) -> list[_Result]:
    return [_convert(*job) for job in batch]


def _convert_all(
    recordings: list[ETRIRecording],
    people: list[Person],
    options: ETRIOptions,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[tuple[ETRIRecording, _Result]]:
    """Results in the order of the recordings, of which only few are ever waiting."""
    jobs = [(r, people[r.subject - 1], options.dtype) for r in recordings]
    batches = [jobs[i : i + _BATCH] for i in range(0, len(jobs), _BATCH)]
    done = 0
    if progress:
        progress(0, len(jobs))
    for results in map(_convert_batch, batches) if workers == 1 else _parallel(batches, workers):
        for result in results:
            yield recordings[done], result
            done += 1
        if progress:
            progress(done, len(jobs))


def _parallel(batches: Iterable[list], workers: int) -> Iterator[list[_Result]]:
    pool, waiting = worker_pool(workers), deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(_convert_batch, batch))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise OSError(
            'a worker process was killed, perhaps for want of memory; try again with fewer workers.'
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
