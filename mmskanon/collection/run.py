# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymize a whole collection: in chunks, in several processes or machines, again after it was killed, with the same bytes."""

from __future__ import annotations

import hashlib
import os
import pickle
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import cloudpickle
import torch

from mmskanon.io.reading import sha256_of
from mmskanon.release import read_key
from mmskanon.release.own_words import FRESH, KEY_GONE, KEY_OF_OWNER, SEEDED
from mmskanon.release.provenance import audit_summary, digest_of_config, digests_of_files
from mmskanon.utils import worker_pool
from mmskanon.version import __version__

from .chunks import RAW, Job, Task, TraceError, Worker, run_task, sizes_of, start_worker
from .ending import Ending
from .following import follow, is_finished
from .motion import Motion, MotionSettings
from .naming import plain_naming, release_naming
from .options import Outcome, ReleaseOptions, RunOptions
from .results import Results
from .sources import AnnotationSource, RecordingSource, Source
from .targets import check_replaced, check_target
from .work import WorkFolder

_MANY = 300
"""Recordings for which processes of their own are worth the seconds in which they start."""


class Progress(Protocol):
    """What is told of the progress, as by ``tqdm``."""

    def update(self, n: int) -> object:
        """``n`` more recordings are done."""

    def close(self) -> None:
        """There is nothing more to tell."""


class _Silence:
    def update(self, n: int) -> None:
        pass

    def close(self) -> None:
        pass


def anonymize_collection(
    motion: MotionSettings,
    source: str | Path,
    target: str | Path,
    seed: int | None = None,
    release: ReleaseOptions | None = None,
    run: RunOptions | None = None,
    kind: str | None = None,
    dry_run: bool = False,
    progress: Callable[[int, int], Progress] = lambda total, done: _Silence(),
) -> Outcome:
    """Write an anonymized copy of a collection, wholly or not at all.

    The collection is an annotation file, or a folder or zip archive of raw recordings of one format (:mod:`mmskanon.recordings`). Raw
    recordings are written again in their format, or as an annotation file. Memory holds a chunk of recordings for each process,
    and of the whole collection its names.

    While a run is not finished, what is done lies in a folder ``.NAME.work`` beside the target ``NAME``: the same call goes on from
    there, and the result does not depend on how often it was interrupted, nor on the number of processes and shards. A call that
    fails before its first chunk is done leaves nothing.

    With ``release`` the output names nobody (docs/release.md): names become pseudonyms, what is not known to be harmless is dropped,
    what is written is searched for traces, and a provenance is written beside it.

    Args:
        motion (MotionSettings): How motion is anonymized.
        source (str | Path): Annotation file (``.pkl``), folder or zip archive.
        target (str | Path): What to write: ``.pkl`` for an annotation file, ``.zip`` for an archive, else a folder.
        seed (int, optional): The same seed gives the same output; who knows it can draw the same. It goes before seeds in the config.
            Defaults to None: a fresh one that is forgotten at the end, or, without ``release``, those of the config if it gives one to all that draw.
        release (ReleaseOptions, optional): How to release. Defaults to None, names and other fields stay.
        run (RunOptions, optional): Processes, shards and the like. Defaults to None, the defaults of :class:`RunOptions`.
        kind (str, optional): Format of raw recordings, where files tell several. Defaults to None.
        dry_run (bool): Whether to read, check and plan, and neither anonymize nor write. Defaults to False.
        progress (Callable): Makes what is told of the progress, from the number of recordings and of those that are done already.

    Returns:
        Outcome: What was done.

    Raises:
        FileExistsError: If the target exists and is not to be replaced, or is a folder that holds something else than recordings.
        TraceError: If the output would name somebody; nothing is written. What is known before is searched before, and nothing is left; if
            something is found at the end, what is done stays in the folder of the run.
        FileNotFoundError, ValueError: If something is missing, faulty or does not fit the rest.
    """
    run = run or RunOptions()
    if motion.frames is not None and motion.frames < 1:
        raise ValueError(f'frames must be at least 1, found {motion.frames}')
    needed = [motion.checkpoint, motion.cfg.filename]
    needed += [] if release is None else [release.key_file, release.audit]
    # The first of a launcher looks after the output, and may have finished it before another one has started.
    follows = run.wait and run.shard is not None and run.shard[0] > 0
    output = check_target(source, target, run.overwrite or follows, release is not None, needed)
    key = None if release is None or release.key_file is None else read_key(release.key_file)
    with _one_thread():
        anonymizer = Motion(motion, seed)
    collection = _open(source, kind, anonymizer, release is not None)
    if isinstance(collection, AnnotationSource) and output == RAW:
        raise ValueError(
            f'{target} must end in .pkl: what is read from an annotation file is written to one'
        )
    if output == RAW and not follows:
        check_replaced(target, collection.format)
    audit = None
    if release is not None and release.audit is not None:
        original = source if isinstance(collection, AnnotationSource) else None
        audit = audit_summary(release.audit, original, release.audit_method)
    # What was given is not written down.
    drawn = dict(key=None if key is not None else secrets.token_hex(32), seed=None)
    own = anonymizer.anonymizer.draws and not anonymizer.anonymizer.draws_anew
    # Everybody may know the seed of a config, so that releases have one that nobody knows.
    if seed is None and (release is not None or not own):
        drawn['seed'] = secrets.randbits(63)
    work = WorkFolder(target)

    def job_of(secret: dict[str, Any]) -> Job:
        if release is None:
            naming = plain_naming(collection, output)
        else:
            naming = release_naming(
                collection, output, release, key or bytes.fromhex(secret['key'])
            )
        raw = collection if isinstance(collection, RecordingSource) else None
        chance = secret['seed'] if seed is None else seed
        return Job(motion, chance, work, Path(target), output, naming, raw, run.skip_faulty)

    def ending_of(job: Job) -> Ending:
        how = {} if release is None else _how(motion, release, seed, key)
        return Ending(job, collection, target, how, release is not None and release.shuffle, audit)

    if dry_run:
        return ending_of(job_of(drawn)).plan()
    chunks, idle = _chunks(len(collection), run.chunk), Outcome(len(collection), False)
    index, number = run.shard or (0, 1)
    mine = range(index, len(chunks), number)
    if follows and not mine:
        idle.note = f'{len(chunks)} chunks of {run.chunk} recordings are fewer than the processes: this one has nothing to do'
        return idle
    settings = _settings(motion, collection, seed, key, release, run, output)
    if follows:
        secret = follow(work, settings, drawn, run.overwrite)
    else:
        secret = work.join(settings, drawn)  # of others, if this fails
    if secret is None:
        idle.note = f'{target} is finished already: this process has nothing to do'
        return idle
    at_end = False
    try:
        job = job_of(secret)
        ending = ending_of(job)
        ending.foresee()
        work.forget_what_is_not_whole(mine, sizes_of)
        anonymizer.seed = job.seed
        _do(job, collection, run, anonymizer, progress)
        if run.shard is not None and not run.wait:
            left = sum(len(c) for n, c in enumerate(chunks) if not work.is_done(n))
            return Outcome(len(collection), False, remaining=left)
        if follows:
            return idle
        at_end = True
        outcome = ending.write(Results(work, len(chunks)), run.overwrite)
    except TraceError as error:
        if not at_end:
            work.remove()
            raise
        raise TraceError(
            f'{error}\n{work.root} keeps what is done, with original names: give the same command again, '
            'or delete the folder, which a change of the original or of --keep needs.'
        ) from error
    except FileNotFoundError:
        if follows and is_finished(work):
            return idle
        raise
    except BaseException:
        if run.shard is None:  # others may have just begun
            work.remove_if_nothing_is_done()
        raise
    work.remove()
    return outcome


def _open(
    source: str | Path, kind: str | None, motion: Motion, complete: bool
) -> AnnotationSource | RecordingSource:
    """Open a collection that fits an anonymizer."""
    anonymizer = motion.anonymizer
    if Path(source).suffix.lower() in ('.pkl', '.pickle') and not Path(source).is_dir():
        annotations = AnnotationSource(source, complete)
        annotations.check(anonymizer.layout, anonymizer.num_person)
        anonymizer.check_collection(annotations.heads, str(source))
        return annotations
    raw = RecordingSource(source, kind)
    layout = raw.format.layout
    if layout is not None and layout != anonymizer.layout.name:
        raise ValueError(
            f'{raw.path} holds {raw.format.name} recordings of layout {layout!r}, the anonymizer was trained for {anonymizer.layout.name!r}; '
            'give an anonymizer for that layout'
        )
    return raw


def _settings(
    motion: MotionSettings,
    source: Source,
    seed: int | None,
    key: bytes | None,
    release: ReleaseOptions | None,
    run: RunOptions,
    output: str,
) -> dict[str, Any]:
    """What the output depends on."""
    return dict(
        collection=source.fingerprint(),
        recordings=len(source),
        config=digest_of_config(motion.cfg),
        files_of_anonymizer=digests_of_files(motion.cfg.model.anonymizer),
        checkpoint=None if motion.checkpoint is None else sha256_of(motion.checkpoint),
        device=motion.device.partition(':')[0],
        frames=motion.frames,
        placement=motion.placement,
        batch_size=motion.batch_size,
        seed=None if seed is None else hashlib.sha256(str(seed).encode()).hexdigest(),
        output=output,
        release=None if release is None else [sorted(release.keep), release.shuffle],
        key=None if key is None else hashlib.sha256(key).hexdigest(),
        chunk=run.chunk,
        version=__version__,
    )


def _how(
    motion: MotionSettings, release: ReleaseOptions, seed: int | None, key: bytes | None
) -> dict[str, Any]:
    """How a release was asked for, as its provenance tells it."""
    return dict(
        placement=motion.placement,
        frames=motion.frames,
        shuffled=release.shuffle,
        keep=sorted(release.keep),
        pseudonyms=KEY_GONE if key is None else KEY_OF_OWNER,
        draws=FRESH if seed is None else SEEDED,
    )


def _chunks(count: int, size: int) -> list[range]:
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def _do(
    job: Job,
    source: Source,
    run: RunOptions,
    motion: Motion,
    progress: Callable[[int, int], Progress],
) -> None:
    """Do all chunks of a shard that are not done."""
    chunks = _chunks(len(source), run.chunk)
    index, number = run.shard or (0, 1)
    mine = range(index, len(chunks), number)
    rest = [n for n in mine if not job.work.is_done(n)]
    waits = run.wait and run.shard is not None and index == 0
    shown = range(len(chunks)) if waits else mine
    done = sum(len(chunks[n]) for n in shown if job.work.is_done(n))
    bar = progress(sum(len(chunks[n]) for n in shown), done)
    try:
        tasks = (Task.of(n, chunks[n], source) for n in rest)
        workers = run.workers or _workers(job, sum(len(chunks[n]) for n in rest))
        for count in _run(job, tasks, min(workers, len(rest)), motion):
            bar.update(count)
        others = {n for n in range(len(chunks)) if n not in mine} if waits else set()
        while others:
            ready = {n for n in others if job.work.is_done(n)}
            bar.update(sum(len(chunks[n]) for n in ready))
            others -= ready
            if others:
                job.work.check()
                time.sleep(0.2)
    finally:
        bar.close()


def _workers(job: Job, recordings: int) -> int:
    """Processes that a number of recordings is worth."""
    if recordings < _MANY or not job.motion.device.startswith('cpu'):
        return 1
    return os.cpu_count() or 1


def _run(job: Job, tasks: Iterator[Task], workers: int, motion: Motion) -> Iterator[int]:
    """Do tasks, in this process or in several, and yield the number of recordings of each when it is done."""
    if workers <= 1:
        with _one_thread():
            yield from map(Worker(job, motion), tasks)
        return
    arguments = (job, _pickled(motion))
    pool = worker_pool(workers, fork=False, start=start_worker, arguments=arguments)
    waiting = set()
    try:
        for task in tasks:  # as many as keep all busy, so that memory does not hold the collection
            waiting.add(pool.submit(run_task, task))
            while len(waiting) >= 2 * workers:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ready)
        while waiting:
            ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in ready)
    except BrokenProcessPool as error:
        raise OSError(
            'a worker process was killed, perhaps for want of memory, or could not start; what is done is kept: give the same command again '
            "with fewer workers (in a script without `if __name__ == '__main__'`, with one)"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _pickled(motion: Motion) -> bytes:
    # Networks of MMAction2 hold lambdas, which pickle refuses.
    try:
        return cloudpickle.dumps(motion)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f'{type(motion.anonymizer).__name__} cannot be sent to worker processes ({error}): give --workers 1'
        ) from error


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute in one thread: sums of several are rounded differently, and machines and processes that share a collection have to agree."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
