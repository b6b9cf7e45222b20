# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A part of a collection: a few dozen recordings, converted by one process and kept on disk until all parts are there.

A finished part is a file of records and a JSON file beside it, written last, that says what was done. It is used again by a later run
if it was made of the same files with the same options.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmskanon.datasets.schema import complete_annotations, read_attribute_csv
from mmskanon.io.annotation_stream import encode_record
from mmskanon.io.atomic import atomic_pickle, atomic_write_bytes
from mmskanon.version import __version__

from .bodies import MAX_PERSONS, BodyRules, skeleton_to_keypoint
from .names import has_two_persons
from .recordings import Recording
from .sample import annotation
from .skeleton_file import parse_skeleton

#: MMAction2's recipes take clips of at most this many frames (PadTo, and the padded arrays of most published code).
LONGEST = 300


@dataclass(frozen=True)
class ConversionOptions:
    """What the records depend on beside the recordings.

    Args:
        rules (BodyRules): How persons are told from noise. Defaults to the published thresholds.
        dtype (str): ``'float32'`` or ``'float16'``. Defaults to ``'float32'``.
        per_sample (bool): Whether keypoints go to a file for each sample. Defaults to False.
        attribute_files (tuple[str, ...]): CSV files ``subject,<attribute>``. Defaults to ().
    """

    rules: BodyRules = BodyRules()
    dtype: str = 'float32'
    per_sample: bool = False
    attribute_files: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Text that differs where the options, the CSV files or the version of this package do."""
        tables = [hashlib.sha256(Path(p).read_bytes()).hexdigest() for p in self.attribute_files]
        options = dict(asdict(self), attribute_files=tables, version=__version__)
        return json.dumps(options, sort_keys=True)


@dataclass(frozen=True)
class Part:
    """Recordings to be converted together.

    Args:
        number (int): Position among the parts, from 0.
        recordings (tuple[Recording, ...]): The recordings, by name.
        folder (Path): Where parts are kept.
        options (ConversionOptions): How to convert.
        fingerprint (str): Of the options.
    """

    number: int
    recordings: tuple[Recording, ...]
    folder: Path
    options: ConversionOptions
    fingerprint: str

    @property
    def records(self) -> Path:
        """File of the records."""
        return self.folder / f'part-{self.number:05d}.records'

    @property
    def summary(self) -> Path:
        """File that says what was done."""
        return self.folder / f'part-{self.number:05d}.json'

    @property
    def samples(self) -> Path:
        """Folder of the files of single samples, shared by all parts."""
        return self.folder / 'samples'

    def key(self) -> str:
        """Checksum over the options and the recordings with their stamps."""
        files = ''.join(f'{r.name} {r.where} {r.stamp}\n' for r in self.recordings)
        return hashlib.sha256((self.fingerprint + '\n' + files).encode()).hexdigest()

    def load(self) -> dict[str, Any] | None:
        """What was done, if this part is finished; else None."""
        try:
            summary = json.loads(self.summary.read_bytes())
            finished = summary['key'] == self.key() and (
                self.records.stat().st_size == summary['bytes']
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if finished and self.options.per_sample:
            finished = all(
                (self.samples / f'{name}.pkl').exists() for name, _ in summary['samples']
            )
        return summary if finished else None


def convert_part(part: Part) -> dict[str, Any]:
    """Convert the recordings of a part and write its two files.

    Args:
        part (Part): The part.

    Returns:
        dict: ``samples`` (name and frames of each record), ``dropped`` and ``odd`` (rows of the report), ``key`` and ``bytes``.

    Raises:
        ValueError: If a CSV file contradicts a recording.
        OSError: If the disk is full or the folder cannot be written.
    """
    samples, dropped, odd = [], [], []
    for recording in part.recordings:
        try:
            sample, notes = _convert(recording, part.options)
        except ValueError as error:
            dropped.append(dict(file=recording.where, reason='unreadable', detail=str(error)))
            continue
        if sample is None:
            detail = f'nobody was tracked in {notes["frames"]} frames'
            dropped.append(dict(file=recording.where, reason='nobody', detail=detail))
            continue
        samples.append(sample)
        if notes:
            odd.append(dict(sample=recording.name, **notes))
    odd += _complete(samples, part.options.attribute_files)
    lengths = [(sample['frame_dir'], sample['total_frames']) for sample in samples]
    part.summary.unlink(missing_ok=True)
    if part.options.per_sample:
        for sample in samples:
            content = dict(keypoint=sample.pop('keypoint'), total_frames=sample['total_frames'])
            atomic_pickle(content, part.samples / f'{sample["frame_dir"]}.pkl', overwrite=True)
    content = b''.join(map(encode_record, samples))
    atomic_write_bytes(content, part.records, overwrite=True)
    summary = dict(key=part.key(), bytes=len(content), samples=lengths, dropped=dropped, odd=odd)
    atomic_write_bytes(json.dumps(summary).encode(), part.summary, overwrite=True)
    return summary


def _complete(samples: list[dict[str, Any]], attribute_files: Sequence[str]) -> list[dict]:
    """Add the attributes of CSV files to samples; return the samples for which they have no value."""
    complete_annotations(samples, attribute_files)
    attributes = {attribute for path in attribute_files for attribute in read_attribute_csv(path)}
    rows = []
    for sample in samples:
        unknown = sorted(attributes - sample.keys())
        if unknown:
            rows.append(dict(sample=sample['frame_dir'], unknown=', '.join(unknown)))
    return rows


def _convert(
    recording: Recording, options: ConversionOptions
) -> tuple[dict[str, Any] | None, dict[str, int]]:
    """The annotation of a recording, None where nobody was tracked, and what is odd about it."""
    records = parse_skeleton(recording.read_bytes(), recording.where)
    selection = skeleton_to_keypoint(records, options.rules)
    if not selection.keypoint.size:
        return None, dict(frames=records.num_frames)
    sample = annotation(recording.name, selection, recording.where, options.dtype)
    notes = dict(selection.notes)
    persons = len(selection.keypoint)
    expected = MAX_PERSONS if has_two_persons(sample['label'] + 1) else 1
    if persons != expected:
        notes['persons'] = persons
        notes['persons_expected'] = expected
    if sample['total_frames'] > LONGEST:
        notes['frames'] = sample['total_frames']
    return sample, notes


def divide(
    recordings: Sequence[Recording], size: int, folder: Path, options: ConversionOptions
) -> list[Part]:
    """Divide recordings into parts.

    Args:
        recordings (Sequence[Recording]): All recordings, by name.
        size (int): Recordings a part.
        folder (Path): Where parts are kept.
        options (ConversionOptions): How to convert.

    Returns:
        list[Part]: The parts in order.
    """
    fingerprint = options.fingerprint()
    return [
        Part(number, tuple(recordings[start : start + size]), folder, options, fingerprint)
        for number, start in enumerate(range(0, len(recordings), size))
    ]
