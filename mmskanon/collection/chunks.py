# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A chunk of a collection: a few recordings that one process anonymizes, checks for traces and writes.

What a chunk writes depends on its recordings and on the run, and on nothing that happened before, so that chunks can be done in any order, by anybody,
and again after a process was killed in the middle of one.
"""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmskanon.apis.anonymize import retimed
from mmskanon.datasets.schema import attribute_value, take_of
from mmskanon.datasets.splits import sample_name
from mmskanon.io.annotation_stream import encode_record
from mmskanon.recordings import NobodyError, scan_recording
from mmskanon.recordings.base import presence
from mmskanon.release import FieldPolicy, Finding, Sought, scan_data, told
from mmskanon.release.own_words import DONE, FAULTY, NOBODY, RAW_FATES

from .motion import Clip, Motion, MotionSettings
from .sources import Raw, RecordingSource, Source
from .work import WorkFolder

ANNOTATIONS, RAW = 'annotations', 'raw'
"""What a run writes: an annotation file, or files in the format of the source."""


class TraceError(ValueError):
    """What was made would name somebody."""


@dataclass(frozen=True)
class Naming:
    """How recordings are called and what must not be told of them.

    Args:
        names (Mapping[str, str]): For each name in the source the name in the output; where raw recordings become annotations, for the name of
            each file and of each sample.
        policy (FieldPolicy, optional): Decides about keys of annotations; None outside releases and for raw output.
        sought (Sought, optional): What must not occur; None outside releases.
        original (Mapping): ``names`` and ``subjects`` of the original, see :func:`~mmskanon.release.scan_annotations`. Defaults to {}.
        keep (tuple[str, ...]): What is published beside what is harmless. Defaults to ().
    """

    names: Mapping[str, str]
    policy: FieldPolicy | None = None
    sought: Sought | None = None
    original: Mapping = field(default_factory=dict)
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """All that a process has to know to do chunks.

    Args:
        motion (MotionSettings): How motion is anonymized.
        seed (int, optional): Seed of the run.
        work (WorkFolder): Where output goes.
        target (Path): The name of the output, for messages.
        output (str): :data:`ANNOTATIONS` or :data:`RAW`.
        naming (Naming): Names, and what must not be told.
        source (RecordingSource, optional): Raw recordings, which every process reads itself; None for annotations, which it is sent.
        skip_faulty (bool): Whether raw recordings that cannot be used are left out. Defaults to False.
    """

    motion: MotionSettings
    seed: int | None
    work: WorkFolder
    target: Path
    output: str
    naming: Naming
    source: RecordingSource | None = None
    skip_faulty: bool = False


@dataclass(frozen=True)
class Task:
    """One chunk.

    Args:
        number (int): Which.
        indices (tuple[int, ...]): Positions of its recordings in the collection.
        samples (list[dict], optional): Its annotations; None for raw recordings.
    """

    number: int
    indices: tuple[int, ...]
    samples: list[dict] | None = None

    @classmethod
    def of(cls, number: int, indices: Sequence[int], source: Source) -> Task:
        """The task of a chunk, with its annotations if the source holds annotations."""
        raw = isinstance(source, RecordingSource)
        return cls(number, tuple(indices), None if raw else list(source.read(indices)))


class Worker:
    """Does chunks.

    Args:
        job (Job): What to do.
        motion (Motion): The anonymizer.
    """

    def __init__(self, job: Job, motion: Motion) -> None:
        self.job, self.motion = job, motion

    def __call__(self, task: Task) -> int:
        """Do a chunk, write what it makes, and say so in the work folder.

        Args:
            task (Task): The chunk.

        Returns:
            int: Number of its recordings.

        Raises:
            TraceError: If what was made would name somebody.
            FileNotFoundError, ValueError: If a recording is faulty; the sentence names it.
        """
        if task.samples is not None:
            told = self._records(task, task.samples)
        else:
            told = self._recordings(task)
        self.job.work.finish(task.number, told)
        return len(task.indices)

    def _recordings(self, task: Task) -> dict[str, Any]:
        """Read raw recordings and write them in their format, or as records."""
        source, names = self.job.source, self.job.naming.names
        found, left_out, problems = [], [], []
        for index in task.indices:
            try:
                raw = next(source.read([index]))
                subject = source.facts(index)['subject']
                self.motion.check(raw.recording.keypoint, source.where(raw.name), subject)
                found.append((index, raw))
            except NobodyError:
                left_out.append([names[source.names[index]], NOBODY])
            except ValueError as error:
                if not self.job.skip_faulty:
                    raise
                left_out.append([names[source.names[index]], FAULTY])
                problems.append(str(error))
        if self.job.output == ANNOTATIONS:
            samples = [sample_of(source.facts(i), raw.recording.keypoint) for i, raw in found]
            told = self._records(task, samples)
        else:
            told, refused, sentences = self._files(found)
            left_out, problems = left_out + refused, problems + sentences
        return dict(told, samples=told['samples'] + left_out, problems=problems)

    def _clip(self, name: str, where: str, facts: Mapping, keypoint: np.ndarray) -> Clip:
        """What the anonymizer is given of a recording of which some facts are known."""
        take = take_of(facts) if self.motion.anonymizer.asks_for_take else None
        return Clip(name, where, attribute_value(facts, 'subject'), keypoint, take)

    def _files(
        self, found: list[tuple[int, Raw]]
    ) -> tuple[dict[str, Any], list[list[str]], list[str]]:
        """Anonymize raw recordings and write each to its file. Also name and status, and a sentence, of those whose joints no file can hold."""
        source, naming = self.job.source, self.job.naming
        clips = [
            self._clip(raw.name, source.where(raw.name), source.facts(i), raw.recording.keypoint)
            for i, raw in found
        ]
        samples, files, left_out, problems = [], [], [], []
        for (_, raw), keypoint in zip(found, self.motion(clips), strict=True):
            name = naming.names[raw.name]
            try:
                content = source.format.write(raw.recording, self._without_scores(keypoint))
            except ValueError as error:
                sentence = f'{source.where(raw.name)}: {error}'
                if not self.job.skip_faulty:
                    raise ValueError(sentence) from error
                left_out.append([name, FAULTY])
                problems.append(sentence)
                continue
            if naming.sought is not None:
                traces = Sought(source.format.traces(raw.recording))
                for sought in (naming.sought, traces):
                    refuse(scan_recording(content, name, sought), self.job.target)
            self.job.work.write(name, content)
            samples.append([name, DONE])
            files.append([name, len(content), sha256(content).hexdigest()])
        fates = [] if naming.sought is None else [[*row, len(files)] for row in RAW_FATES]
        return dict(samples=samples, files=files, fates=fates), left_out, problems

    def _without_scores(self, keypoint: np.ndarray) -> np.ndarray:
        """Joints whose scores tell no more than where somebody is seen: 1 there, else 0."""
        first = self.motion.coordinates
        if keypoint.shape[3] > first:
            keypoint = keypoint.copy()
            keypoint[..., first:] = presence(keypoint[..., :first])[..., None, None]
        return keypoint

    def _records(self, task: Task, samples: list[dict]) -> dict[str, Any]:
        """Anonymize annotations and write them one after another, as instructions of a pickle."""
        naming, frames = self.job.naming, self.job.motion.frames
        if frames is not None:
            dims = self.motion.anonymizer.layout.dims
            samples = [retimed(sample, frames, dims) for sample in samples]
        clips = [
            self._clip(name, f'sample {name}', sample, sample['keypoint'])
            for name, sample in ((str(sample_name(s)), s) for s in samples)
        ]
        made = [
            {**sample, 'keypoint': keypoint}
            for sample, keypoint in zip(samples, self.motion(clips), strict=True)
        ]
        fates: Counter[tuple[str, str]] = Counter()
        if naming.policy is not None:
            naming.policy.fates.clear()
            made = [naming.policy.release(sample) for sample in made]
            fates.update(naming.policy.fates)
            findings = scan_data(made, naming.sought, naming.keep, naming.original)
            refuse(findings, self.job.target)
        records = [encode_record(sample) for sample in made]
        content = b''.join(records)
        self.job.work.write(record_file(task.number), content)
        return dict(
            samples=[[naming.names[clip.name], DONE] for clip in clips],
            number=task.number,
            records=[len(record) for record in records],
            sha256=sha256(content).hexdigest(),
            fates=[[key, fate, number] for (key, fate), number in fates.items()],
        )


def refuse(findings: list[Finding], target: str | os.PathLike) -> None:
    """Raise if a search found anything.

    Raises:
        TraceError: One sentence a finding.
    """
    if findings:
        lines = '\n'.join(told(findings))
        raise TraceError(f'{target} was not written, because it would name somebody:\n{lines}')


def record_file(chunk: int) -> str:
    """Name of the file of a chunk of annotations."""
    return f'{chunk:07d}.records'


def sizes_of(told: Mapping[str, Any]) -> dict[str, int]:
    """Name and size of each file of a chunk, from what the chunk told."""
    if 'records' in told:
        return {record_file(told['number']): sum(told['records'])}
    return {name: size for name, size, _ in told['files']}


def sample_of(facts: Mapping[str, Any], keypoint: np.ndarray) -> dict[str, Any]:
    """The annotation of a raw recording.

    Args:
        facts (Mapping): What its name tells; None stands for unknown.
        keypoint (np.ndarray): Its joints, shape (M, T, V, C).

    Returns:
        dict: ``frame_dir``, what is known, ``total_frames`` and ``keypoint`` in float32.
    """
    known = {key: value for key, value in facts.items() if value is not None}
    return dict(known, total_frames=keypoint.shape[1], keypoint=keypoint.astype(np.float32))


_WORKER: Worker | None = None
"""The worker of this process."""


def start_worker(job: Job, motion: bytes) -> None:
    """Make this process ready for chunks, with a pickled anonymizer: what it measured when it was built is not measured again."""
    global _WORKER
    torch.set_num_threads(1)
    _WORKER = Worker(job, pickle.loads(motion))


def run_task(task: Task) -> int:
    """Do a chunk in a process that :func:`start_worker` made ready."""
    return _WORKER(task)
