# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The files of an audit: an original and its anonymized versions, paired by sample and checked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmskanon.datasets.check import check_annotations, raise_errors
from mmskanon.datasets.schema import (
    attribute_value,
    complete_annotations,
    number_takes,
    take_number,
)
from mmskanon.datasets.splits import sample_name
from mmskanon.io.annotation_records import AnnotationFile, FileSample
from mmskanon.io.reading import sha256_of
from mmskanon.skeletons.layouts import guess_layout
from mmskanon.skeletons.resampling import resample_clip

from .clips import ClipStore


@dataclass(frozen=True)
class Recording:
    """What is known of the samples of the original file, besides their coordinates.

    Args:
        file (str): The annotation file.
        sha256 (str): Digest of its bytes.
        store (ClipStore): Its N clips.
        samples (list[dict]): Its N annotations without coordinates, which splits and rules read.
        split (dict): Its splits, by name.
        actions (np.ndarray): Action of each sample, shape (N,).
        persons (int): Most rows M of a clip of the file, which may be more than attackers look at.
    """

    file: str
    sha256: str
    store: ClipStore
    samples: list[dict]
    split: dict[str, list[str]]
    actions: np.ndarray
    persons: int

    @property
    def num_actions(self) -> int:
        """int: Number of action classes."""
        return int(self.actions.max()) + 1

    def values(self, attribute: str) -> list[int | str]:
        """The value that each sample has of an attribute.

        Args:
            attribute (str): Key of the attribute.

        Returns:
            list: N values.

        Raises:
            ValueError: If a sample has none.
        """
        values = [attribute_value(s, attribute) for s in self.samples]
        missing = [s['frame_dir'] for s, v in zip(self.samples, values, strict=True) if v is None]
        if missing:
            raise ValueError(
                f'{self.file}: {len(missing)} of {len(values)} samples have no {attribute!r}, the first is {missing[0]!r}; '
                'add the key to each sample, or give it by subject with attribute_files'
            )
        return values

    def take_numbers(self) -> np.ndarray:
        """A number for the take that each sample shows, shape (N,); a sample of which it is not known is a take of its own."""
        return self.store.takes

    def view_numbers(self) -> np.ndarray:
        """Which view of its take each sample is, from 0 in the order of their cameras, shape (N,); all 0 where takes were filmed once."""
        cameras = [str(s.get('camera', '')) for s in self.samples]
        views: dict[int, list[int]] = {}
        for i, take in enumerate(self.take_numbers().tolist()):
            views.setdefault(take, []).append(i)
        numbers = np.zeros(len(self.samples), int)
        for rows in views.values():
            numbers[sorted(rows, key=cameras.__getitem__)] = range(len(rows))
        return numbers

    def occasions(self) -> np.ndarray:
        """A number for the action and repetition that each sample shows, whoever is shown, shape (N,); repetitions that are not known are one."""
        numbers: dict = {}
        known = zip(self.actions.tolist(), map(take_number, self.samples), strict=True)
        return np.array([numbers.setdefault(pair, len(numbers)) for pair in known])


@dataclass(frozen=True)
class Method:
    """One anonymization method: a file, or several draws of it where it is stochastic.

    Args:
        name (str): What the report calls it.
        files (list[dict]): ``file`` and ``sha256`` of each draw.
        stores (list[ClipStore]): The clips of each draw, in the order of the original.
    """

    name: str
    files: list[dict] = field(default_factory=list)
    stores: list[ClipStore] = field(default_factory=list)


def read_original(
    file: str,
    root: Path,
    layout: str | Mapping | None = None,
    attribute_files: Sequence[str] = (),
    num_person: int = 2,
) -> Recording:
    """Read, check and store the original file.

    Args:
        file (str): Annotation file (.pkl).
        root (Path): Folder of all stores.
        layout (str | Mapping, optional): Skeleton layout. Defaults to None, by the number of joints.
        attribute_files (Sequence[str]): CSV files with further attributes by subject. Defaults to ().
        num_person (int): Most persons of a clip that attackers look at. Defaults to 2.

    Returns:
        Recording: The samples.

    Raises:
        FileNotFoundError, ValueError, TypeError: If a file is missing or faulty; the message names file, sample and key.
    """
    with AnnotationFile(file) as source:
        data = source.outline()
        annotations = data['annotations'] if isinstance(data, Mapping) else data
        if layout is None and annotations:
            layout = guess_layout(annotations[0].get('keypoint'), f'the first sample of {file}')
        raise_errors(check_annotations(data, file, layout=layout, samples=source))
        complete_annotations(annotations, attribute_files)
        rows = max(s['keypoint'].shape[0] for s in annotations)
        clips = [FileSample(source, index, head) for index, head in enumerate(annotations)]
        persons = min(num_person, rows)
        store = ClipStore.build(clips, layout, persons, root, number_takes(annotations))
    samples = [
        {k: v for k, v in s.items() if k not in ('keypoint', 'keypoint_score')} for s in annotations
    ]
    split = dict(data.get('split') or {}) if isinstance(data, Mapping) else {}
    actions = np.array([attribute_value(s, 'label') for s in samples], np.int64)
    return Recording(file, sha256_of(file), store, samples, split, actions, rows)


def read_method(
    name: str, files: Sequence[str], original: Recording, root: Path, retimed: bool = False
) -> Method:
    """Read the anonymized file of a method, or each of its draws, and hold it against the original.

    Args:
        name (str): Name of the method.
        files (Sequence[str]): One annotation file, or several draws.
        original (Recording): The original.
        root (Path): Folder of all stores.
        retimed (bool): Whether clips may have other numbers of frames than the originals. Defaults to False.

    Returns:
        Method: Its clips in the order of the original.

    Raises:
        FileNotFoundError, ValueError, TypeError: If a file is missing or faulty, or does not fit the original; the message names
            file and sample.
    """
    method = Method(name)
    layout = original.store.layout
    for file in files:
        with AnnotationFile(file) as source:
            data = source.outline()
            raise_errors(check_annotations(data, file, layout=layout, samples=source))
            annotations = data['annotations'] if isinstance(data, Mapping) else data
            index = {id(head): number for number, head in enumerate(annotations)}
            ordered = pair(annotations, file, original, retimed)
            clips = [FileSample(source, index[id(head)], head) for head in ordered]
            _check_persons(clips, file, original)
            spec, persons = original.store.layout_spec, original.store.num_person
            takes = original.store.takes
            method.stores.append(ClipStore.build(clips, spec, persons, root, takes))
        method.files.append(dict(file=Path(file).name, sha256=sha256_of(file)))
    return method


def _check_persons(clips: Sequence[Mapping], file: str, original: Recording) -> None:
    """Make sure that no clip shows a person whom attackers would not see."""
    for clip in clips:
        if (
            clip['keypoint'].shape[0] > original.persons
            and clip['keypoint'][original.persons :].any()
        ):
            raise ValueError(
                f'{file}, sample {clip["frame_dir"]!r}, key keypoint: expected at most {original.persons} person(s) as in {original.file}, found a further '
                'one, whom attackers would not see; leave it out, or pad the original with absent persons'
            )


def pair(
    annotations: Sequence[dict], file: str, original: Recording, retimed: bool = False
) -> list[dict]:
    """Bring anonymized samples into the order of the originals, by name.

    Args:
        annotations (Sequence[dict]): The anonymized samples, or their heads.
        file (str): Their file, for messages.
        original (Recording): The originals.
        retimed (bool): Whether numbers of frames may differ. Defaults to False.

    Returns:
        list[dict]: The anonymized samples in the order of the originals.

    Raises:
        ValueError: If a sample has no counterpart, another length or shape, another action or another attribute.
    """
    by_name = {sample_name(s): s for s in annotations}
    names = [sample_name(s) for s in original.samples]
    missing = [n for n in names if n not in by_name]
    surplus = sorted(set(by_name) - set(names), key=str)
    if missing or surplus:
        kind, odd = ('lacks', missing) if missing else ('has besides', surplus)
        raise ValueError(
            f'{file} {kind} {len(odd)} of the samples of {original.file} ({len(names)}), the first is {odd[0]!r}; '
            'anonymize the very file that is given as the original, and keep its sample names'
        )
    ordered = [by_name[n] for n in names]
    lengths = original.store.num_frames
    for i, (sample, known) in enumerate(zip(ordered, original.samples, strict=True)):
        frames = np.shape(sample['keypoint'])[1]
        if frames != lengths[i] and not retimed:
            raise ValueError(
                f'{file}, sample {names[i]!r}, key keypoint: expected {lengths[i]} frames as in {original.file}, found {frames}; '
                'samples are compared frame by frame, so set retimed=True if the method changes the number of frames'
            )
        for key, value in known.items():
            if retimed and key == 'total_frames':
                continue
            if key in sample and np.ndim(value) == 0 and sample[key] != value:
                raise ValueError(
                    f'{file}, sample {names[i]!r}, key {key!r}: expected {value!r} as in {original.file}, found {sample[key]!r}; '
                    'the files do not show the same recordings in the same order'
                )
    return ordered


def as_long_as(original: np.ndarray, anonymized: np.ndarray) -> np.ndarray:
    """The original clip (M, T, V, C) with as many frames as the anonymized one (M, T', V, C), to compare them frame by frame."""
    frames = anonymized.shape[1]
    return original if original.shape[1] == frames else resample_clip(original, frames)
