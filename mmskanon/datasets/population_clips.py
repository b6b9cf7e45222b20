# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The clips of an annotation file that stand for a population, normalized as an anonymizer will see them."""

from __future__ import annotations

import os.path as osp
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np

from mmskanon.io.annotation_records import AnnotationFile
from mmskanon.skeletons.gallery import Gallery, build_gallery
from mmskanon.skeletons.geometry import check_normalization, normalize_skeleton
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout
from mmskanon.skeletons.population import Population, measure_population

from .check import check_samples, check_structure, raise_errors
from .schema import attribute_value, complete_annotations, number_takes, take_key
from .splits import select_split

_KEYS = {'ann_file', 'split', 'center', 'center_joint', 'rotate'}


class PopulationClips:
    """The clips of a split, read from the file and normalized one at a time.

    Args:
        ann_file (str): Annotation file (.pkl).
        split (str | dict, optional): Name of a split or a rule, see :func:`~mmskanon.datasets.splits.select_split`. Defaults to
            None, all samples.
        layout (str | dict | SkeletonLayout): Skeleton layout of the data. Defaults to ``'nturgb+d'``.
        center (str, optional): As of :class:`NormalizeSkeleton`. Defaults to ``'first_frame'``.
        center_joint (int | str, optional): As of :class:`NormalizeSkeleton`. Defaults to None.
        rotate (bool): As of :class:`NormalizeSkeleton`. Defaults to True.

    Attributes:
        samples (list[dict]): The heads of the samples, see :meth:`AnnotationFile.heads() <mmskanon.io.AnnotationFile.heads>`.

    Raises:
        FileNotFoundError: If the file is not there.
        KeyError: If there is no split or layout of that name.
        ValueError: If the split is empty, or a sample does not fit.
    """

    def __init__(
        self,
        ann_file: str,
        split: str | Mapping | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        center: str | None = 'first_frame',
        center_joint: int | str | None = None,
        rotate: bool = True,
    ) -> None:
        self.ann_file = ann_file
        self.layout = get_layout(layout)
        joint = check_normalization(self.layout, center, center_joint)
        self._normalization = dict(center=center, center_joint=joint, rotate=rotate)
        if not osp.isfile(ann_file):
            raise FileNotFoundError(
                f'annotation file {ann_file!r} of the population is not there: set population.ann_file, or make it with a script in tools/data'
            )
        self._file = AnnotationFile(ann_file)
        data = self._file.outline()
        used = f'split/{split}'
        raise_errors(
            p for p in check_structure(data, ann_file) if '/' not in (p.key or '') or p.key == used
        )
        annotations = data['annotations'] if isinstance(data, Mapping) else data
        try:
            complete_annotations(annotations)
            self._chosen = select_split(data, split)
        except (KeyError, TypeError, ValueError) as error:
            raise type(error)(f'{ann_file}: {error.args[0]}') from None
        self.samples = [annotations[i] for i in self._chosen]
        chosen = (self._file[i] for i in self._chosen)
        raise_errors(check_samples(self.samples, ann_file, self.layout, samples=chosen))

    def __len__(self) -> int:
        """int: Number of clips."""
        return len(self.samples)

    @property
    def labels(self) -> list[int]:
        """list[int]: Action class of each clip."""
        return [attribute_value(sample, 'label') for sample in self.samples]

    @property
    def subjects(self) -> list[int | str | None]:
        """list[int | str | None]: Subject of each clip, None where unknown."""
        return [attribute_value(sample, 'subject') for sample in self.samples]

    @property
    def takes(self) -> list[Hashable | None]:
        """list[Hashable | None]: Performance that each clip shows, see :func:`~mmskanon.datasets.schema.take_key`."""
        return [take_key(sample) for sample in self.samples]

    def __getitem__(self, index: int) -> np.ndarray:
        """Normalize one clip.

        Args:
            index (int): Position among the clips.

        Returns:
            np.ndarray: Skeletons of shape (M, T, V, C) in body space, float32, without score channels.
        """
        keypoint = self._file[self._chosen[index]]['keypoint'][..., : self.layout.dims]
        return normalize_skeleton(keypoint, self.layout, **self._normalization)[0]

    def gallery(self, num_person: int) -> Gallery:
        """Build a gallery to draw donors from, see :func:`~mmskanon.skeletons.gallery.build_gallery`.

        Args:
            num_person (int): Number of persons of the gallery.

        Returns:
            Gallery: The gallery; subjects are numbered in the order of first appearance, and takes as
            :func:`~mmskanon.datasets.schema.number_takes` does.

        Raises:
            ValueError: If the clips are not turned to the front, or one has no subject.
        """
        if not self._normalization['rotate']:
            raise ValueError(
                f'{self.ann_file}: the population has rotate=False, but motions can only be mixed upright and facing the front; leave rotate out'
            )
        population = self.measure()
        takes = number_takes(self.samples)
        try:
            return build_gallery(
                self, self.labels, self.subjects, population, self.layout, num_person, takes
            )
        except ValueError as error:
            raise ValueError(f'{self.ann_file}: {error.args[0]}') from None

    def measure(self) -> Population:
        """Measure median bone lengths and mean directions, see :func:`~mmskanon.skeletons.population.measure_population`.

        Returns:
            Population: The statistics.

        Raises:
            ValueError: If no clip shows some bone.
        """
        try:
            return measure_population(self._pairs(), self.layout)
        except ValueError as error:
            raise ValueError(f'{self.ann_file}: {error.args[0]}') from None

    def _pairs(self) -> Iterator[tuple[Any, np.ndarray]]:
        for index, subject in enumerate(self.subjects):
            yield subject, self[index]


def population_clips(
    population: Mapping, layout: str | Mapping | SkeletonLayout, where: str
) -> PopulationClips:
    """Open the clips that a config describes.

    Args:
        population (Mapping): ``ann_file``, and optionally ``split``, ``center``, ``center_joint`` and ``rotate``.
        layout (str | dict | SkeletonLayout): Skeleton layout of the data.
        where (str): What is configured, for the message, such as ``'CanonicalBonesAnonymizer'``.

    Returns:
        PopulationClips: The clips.

    Raises:
        ValueError: If the config has other keys, or see :class:`PopulationClips`.
    """
    found = set(population) - {'_scope_'}
    if not {'ann_file'} <= found <= _KEYS:
        raise ValueError(
            f'{where}: population must be dict(ann_file=..., split=...), optionally with {sorted(_KEYS - {"ann_file", "split"})}, '
            f'found the keys {sorted(found)}'
        )
    return PopulationClips(layout=layout, **{key: population[key] for key in found})
