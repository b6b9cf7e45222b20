# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A whole collection of NTU RGB+D recordings to an annotation file, in parallel, in parts, and to be continued after any end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from pathlib import Path
from typing import Any

from mmskanon.datasets.schema import read_attribute_csv
from mmskanon.io.annotation_stream import write_annotations
from mmskanon.io.archives import close_archives
from mmskanon.utils import worker_pool

from ..reports import write_report
from .names import is_ntu120, is_sample_name, sample_facts, standard_splits
from .parts import ConversionOptions, Part, convert_part, divide
from .recordings import list_recordings, read_missing
from .report import make_report

DTYPES = ('float32', 'float16')
PART_SIZE = 128


def convert_ntu(
    sources: str | Path | Sequence[str | Path],
    out: str | Path,
    options: ConversionOptions | None = None,
    missing: Sequence[str | Path] = (),
    workers: int = 1,
    strict: bool = False,
    overwrite: bool = False,
    part_size: int = PART_SIZE,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Convert NTU RGB+D 60 or 120.

    The recordings are converted in parts, which are kept in a folder ``.<out>.parts`` beside the output and put together at the end, so
    that no process ever holds more than a part. After an interruption, whatever its kind, the same call goes on with the parts that
    are missing, and what it writes is what it would have written at once.

    Args:
        sources (str | Path | Sequence): Folders (with their subfolders) and zip archives of ``.skeleton`` files.
        out (str | Path): Annotation file to write (.pkl). The report is written beside it as ``<out>.report.json``, keypoints
            of single samples (``options.per_sample``) to a folder of its name without suffix.
        options (ConversionOptions, optional): What to write. Defaults to None, all defaults.
        missing (Sequence[str | Path]): The owners' lists of recordings with missing skeletons, which are left out. Defaults to ().
        workers (int): Processes; 1 means this one. Defaults to 1.
        strict (bool): Whether a recording that cannot be read ends the conversion, rather than being left out and reported.
            Defaults to False.
        overwrite (bool): Whether existing output may be replaced. Defaults to False.
        part_size (int): Recordings a part. Defaults to 128.
        progress (Callable, optional): Called with the number of recordings done and that of all, first before any work.
            Defaults to None.

    Returns:
        dict: The report, see :func:`~.report.make_report`.

    Raises:
        FileExistsError: If output exists and ``overwrite`` is False, or the folder of single samples holds anything else.
        FileNotFoundError: If a source or list is not there or holds no recording.
        ValueError: If an option is out of range, a recording is there twice or (``strict``) unreadable, a CSV file is faulty, or no
            recording can be used.
        OSError: If the disk is full, or a worker process was killed.
    """
    options = options or ConversionOptions()
    out = Path(out)
    _check(options, out, workers, part_size)
    if options.per_sample:
        _check_replaced(out.with_suffix(''))
    for target in [out, out.with_suffix('')][: 1 + options.per_sample]:
        if target.exists() and not overwrite:
            raise FileExistsError(
                f'{target} exists already; choose another name or ask to overwrite.'
            )
    listed = read_missing(missing)
    recordings, bad_names = list_recordings(sources)
    if strict and bad_names:
        raise ValueError(bad_names[0][1])
    kept = [r for r in recordings if r.name not in listed]
    dropped = [
        dict(file=r.where, reason='missing', detail='listed by the owners of the data')
        for r in recordings
        if r.name in listed
    ]
    dropped += [dict(file=where, reason='name', detail=text) for where, text in bad_names]
    folder = out.with_name(f'.{out.name}.parts')
    parts = divide(kept, part_size, folder, options)
    summaries = _convert_parts(parts, workers, strict, progress or (lambda done, total: None))
    samples = [tuple(row) for summary in summaries for row in summary['samples']]
    dropped += [row for summary in summaries for row in summary['dropped']]
    odd = [row for summary in summaries for row in summary['odd']]
    if not samples:
        shutil.rmtree(folder, ignore_errors=True)
        first = dropped[0] if dropped else dict(detail='there is no recording')
        raise ValueError(
            f'none of the {len(recordings)} recordings can be used, so {out} was not written; the first: {first["detail"]}'
        )
    names = [name for name, _ in samples]
    ntu120 = is_ntu120([sample_facts(name, name) for name in names])
    splits = standard_splits(names, ntu120)
    report = make_report(sources, options, ntu120, splits, samples, dropped, odd)
    # Written where nothing is left of it after a sudden end, and moved to its place last.
    whole = folder / out.name
    write_annotations(whole, splits, [part.records for part in parts], overwrite=True)
    if options.per_sample:
        _publish_samples(folder, out.with_suffix(''), set(names))
    write_report(report, _report_path(out), overwrite=True)
    os.replace(whole, out)
    shutil.rmtree(folder, ignore_errors=True)
    return report


def _report_path(out: Path) -> Path:
    return out.with_suffix('.report.json')


def _check(options: ConversionOptions, out: Path, workers: int, part_size: int) -> None:
    """Raise for options that cannot be, before anything is read."""
    if out.suffix != '.pkl':
        raise ValueError(f'{out} must end in .pkl, which MMAction2 insists on; rename the output.')
    if options.dtype not in DTYPES:
        raise ValueError(f'dtype must be one of {", ".join(DTYPES)}, found {options.dtype!r}.')
    for name, value in (('workers', workers), ('part_size', part_size)):
        if value < 1:
            raise ValueError(f'{name} must be at least 1, found {value}.')
    for path in options.attribute_files:
        read_attribute_csv(path)


def _check_replaced(folder: Path) -> None:
    """Raise unless all that a folder holds are files of single samples, so that nothing else is ever replaced."""
    for path in folder.iterdir() if folder.is_dir() else [folder] if folder.exists() else ():
        if path.suffix != '.pkl' or not is_sample_name(path.stem):
            raise FileExistsError(
                f'{path} would be replaced by the files of single samples, but is none of an earlier conversion; '
                'choose another name for the output or move it elsewhere.'
            )


def _convert_parts(
    parts: list[Part], workers: int, strict: bool, progress: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Convert the parts that are not finished; return what was done in each, in order."""
    total = sum(len(part.recordings) for part in parts)
    summaries = {part.number: summary for part in parts if (summary := part.load())}
    done = sum(len(part.recordings) for part in parts if part.number in summaries)
    todo = [part for part in parts if part.number not in summaries]
    for summary in summaries.values():
        _raise_unreadable(summary, strict)
    progress(done, total)
    with closing(_run(todo, workers)) as results:
        for part, summary in results:
            _raise_unreadable(summary, strict)
            summaries[part.number] = summary
            done += len(part.recordings)
            progress(done, total)
    return [summaries[part.number] for part in parts]


def _raise_unreadable(summary: dict[str, Any], strict: bool) -> None:
    """With ``strict``, raise for the first recording of a part that could not be read."""
    for row in summary['dropped'] if strict else ():
        if row['reason'] == 'unreadable':
            raise ValueError(row['detail'])


def _run(parts: list[Part], workers: int) -> Iterator[tuple[Part, dict[str, Any]]]:
    """Convert parts, in this process or in others, and yield each when it is done."""
    if workers == 1 or len(parts) < 2:
        try:
            for part in parts:
                yield part, convert_part(part)
        finally:
            close_archives()
        return
    pool = worker_pool(min(workers, len(parts)))
    try:
        futures = {pool.submit(convert_part, part): part for part in parts}
        for future in as_completed(futures):
            yield futures.pop(future), future.result()
    except BrokenProcessPool as error:
        raise OSError(
            'a worker process was killed, perhaps for want of memory; run the same command again, with fewer workers, '
            'to go on from the finished parts'
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _publish_samples(folder: Path, target: Path, names: set[str]) -> None:
    """Move the files of single samples to their place, without those that another run has left."""
    staged = folder / 'samples'
    for path in staged.iterdir():
        if path.stem not in names:
            path.unlink()
    if target.exists():
        shutil.rmtree(folder / 'replaced', ignore_errors=True)
        os.replace(target, folder / 'replaced')
    os.replace(staged, target)
