# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Training and asking attackers, in processes of their own, with results that are kept.

What a job is told determines its result, and the result is kept in a folder named by a digest of what it was told. So an audit that
was killed goes on without repeating a finished attacker, and audits that share a cache share the attackers of the originals.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import os
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from mmengine.config import Config

from mmskanon.io import atomic_path

from .attackers import FitReport, Scores
from .digests import code_digest, digest_of
from .sight import Sight


@dataclass(frozen=True)
class Job:
    """One attacker: what it learns from, and whom it judges then.

    Args:
        attacker (Mapping): Its config.
        train (Sight): Clips that it learns from.
        labels (np.ndarray): Class of each of them.
        num_classes (int): Number of classes K.
        targets (Mapping[str, Sight]): Clips to judge, under the names of the results.
        seed (int): Seed of its training. Defaults to 0.
        start (Job, optional): Job whose attacker is trained further. Defaults to None.
        ready (Job, optional): Job whose attacker judges without learning more; where that attacker keeps no state it is fitted
            again, to the same end. Defaults to None.
    """

    attacker: Mapping
    train: Sight
    labels: np.ndarray
    num_classes: int
    targets: Mapping[str, Sight]
    seed: int = 0
    start: Job | None = None
    ready: Job | None = None

    @cached_property
    def key(self) -> str:
        """str: Digest of everything that the result depends on."""
        config = {k: v for k, v in dict(self.attacker).items() if k != 'device'}
        if isinstance(config.get('recipe'), str):  # what it says today
            config['recipe'] = Config.fromfile(config['recipe']).to_dict()
        return digest_of(
            code_digest(),
            config,
            self.train.digest(),
            self.labels.astype(np.int64).tobytes(),
            self.num_classes,
            {name: sight.digest() for name, sight in self.targets.items()},
            self.seed,
            *(j.key if j else None for j in (self.start, self.ready)),
            *(Path(m.__file__).read_bytes() for m in own_modules([self]) if m.__file__),
        )

    @property
    def needs(self) -> list[Job]:
        """list[Job]: Jobs that have to be done before."""
        return [j for j in (self.start, self.ready) if j is not None]


@dataclass
class JobResult:
    """What a job left.

    Args:
        report (FitReport): How the training ended.
        seconds (float): Time it took, with judging.
        scores (dict[str, Scores]): Judgement of each target.
    """

    report: FitReport
    seconds: float
    scores: dict[str, Scores] = field(default_factory=dict)


def own_modules(jobs: Iterable[Job]) -> list[ModuleType]:
    """Modules outside of mmskanon that attackers are registered by (``custom_imports``), which processes have to import, too.

    Args:
        jobs (Iterable[Job]): The jobs.

    Returns:
        list[ModuleType]: The modules, sorted by name.
    """
    from mmskanon.registry import ATTACKERS

    classes = (ATTACKERS.get(name) for name in {job.attacker['type'] for job in jobs})
    names = {c.__module__ for c in classes if c is not None}
    return [sys.modules[n] for n in sorted(names) if n.partition('.')[0] != 'mmskanon']


def read_result(job: Job, root: Path) -> JobResult | None:
    """What a job left under ``root``; None if it was not finished."""
    folder = root / job.key
    if not (folder / 'fit.json').exists():
        return None
    told = json.loads((folder / 'fit.json').read_text())
    scores = {}
    for name in job.targets:
        with np.load(folder / f'{name}.npz') as arrays:
            scores[name] = Scores(arrays['log_posterior'], arrays['embedding'])
    return JobResult(FitReport(**told['report']), told['seconds'], scores)


def run_job(job: Job, root: Path) -> Path:
    """Do a job and keep its result.

    Args:
        job (Job): The job; what it needs has been done.
        root (Path): Folder of the results.

    Returns:
        Path: The folder of the result.
    """
    from mmskanon.registry import ATTACKERS

    folder = root / job.key
    if (folder / 'fit.json').exists():
        return folder
    begin = time.time()
    attacker = ATTACKERS.build(dict(job.attacker))
    view = job.train.open()
    before = _state(job.start, root) or _state(job.ready, root)
    if job.ready is not None and before is not None:
        attacker.load(before, job.num_classes, view)
        report = FitReport(**json.loads((root / job.ready.key / 'fit.json').read_text())['report'])
    else:
        start = before if job.start is not None else None
        report = attacker.fit(view, job.labels, job.num_classes, job.seed, start)
    part = root / f'.{job.key}.{os.getpid()}.part'
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, sight in job.targets.items():
        scores = attacker.score(sight.open())
        np.savez(
            part / f'{name}.npz', log_posterior=scores.log_posterior, embedding=scores.embedding
        )
    state = attacker.state() if job.ready is None else None
    if state is not None:
        torch.save(state, part / 'state.pt')
    told = dict(report=asdict(report), seconds=round(time.time() - begin, 1))
    (part / 'fit.json').write_text(json.dumps(told))
    try:
        os.replace(part, folder)
    except OSError:  # another process was faster with the same job
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _state(job: Job | None, root: Path) -> dict[str, torch.Tensor] | None:
    path = root / job.key / 'state.pt' if job else None
    return torch.load(path, weights_only=True) if path and path.exists() else None


def _prepare_worker(modules: Sequence[str] = ()) -> None:
    """A worker has one thread, since several processes with several threads each on few cores wait for each other, and the user's attackers."""
    torch.set_num_threads(1)
    warnings.filterwarnings('ignore')
    for name in modules:
        with contextlib.suppress(ImportError):  # the attacker is then not known, which says so
            importlib.import_module(name)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Where the audit is killed its workers would wait for jobs forever."""
    multiprocessing.parent_process().join()
    os._exit(1)


def run_jobs(
    jobs: Iterable[Job], root: Path, workers: int, done: Callable[[Job], None] = lambda job: None
) -> dict[str, JobResult]:
    """Do jobs, several at a time, each after those it needs.

    Args:
        jobs (Iterable[Job]): The jobs; two of the same key are one.
        root (Path): Folder of the results.
        workers (int): Processes.
        done (Callable): Called with each job when its result is there. Defaults to doing nothing.

    Returns:
        dict[str, JobResult]: The results by key.
    """
    waiting: dict[str, Job] = {}
    for job in jobs:
        for needed in job.needs:
            waiting.setdefault(needed.key, needed)
        waiting.setdefault(job.key, job)
    all_jobs = dict(waiting)
    for key, job in list(waiting.items()):
        if read_result(job, root) is not None:
            done(waiting.pop(key))
    if waiting:
        _run_waiting(waiting, root, workers, done)
    return {key: read_result(job, root) for key, job in all_jobs.items()}


def _run_waiting(
    waiting: dict[str, Job], root: Path, workers: int, done: Callable[[Job], None]
) -> None:
    threads = {k: os.environ.get(k) for k in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')}
    os.environ.update(dict.fromkeys(threads, '1'))
    running: dict[Future, Job] = {}
    context = multiprocessing.get_context('spawn')
    modules = [module.__name__ for module in own_modules(waiting.values())]
    pool = ProcessPoolExecutor(workers, context, initializer=_prepare_worker, initargs=(modules,))
    try:
        while waiting or running:
            pending = {*waiting, *(j.key for j in running.values())}
            for key, job in list(waiting.items()):
                if not any(needed.key in pending for needed in job.needs):
                    running[pool.submit(run_job, waiting.pop(key), root)] = job
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                job = running.pop(future)
                future.result()
                done(job)
    except BrokenProcessPool as error:
        raise OSError(
            'a worker process was killed, perhaps for want of memory; finished attackers are kept: give the same command again, with fewer --jobs'
        ) from error
    except BaseException:
        for process in (pool._processes or {}).values():  # a fit takes minutes: do not wait for it
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for key, value in threads.items():
            if value is None:
                os.environ.pop(key)
            else:
                os.environ[key] = value


def write_json(document: object, path: Path) -> None:
    """Write a JSON file, wholly or not at all."""
    with atomic_path(path, overwrite=True) as temporary:
        temporary.write_text(json.dumps(document, indent=1))
