# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What an annotation file holds, as far as a config asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..schema import attribute_value, take_number
from .problems import quiet

_LISTED = 12  # values


class AnnotationFacts:
    """Counts actions, people, rows, frames, trials and cameras; what is faulty is passed over."""

    def __init__(self) -> None:
        self._persons: set[int] = set()
        self._frames: set[int] = set()

    def watch(self, samples: Iterable[Any]) -> Iterator[Any]:
        """Hand on samples and note which rows of their keypoints show somebody, and for how many frames they go.

        Args:
            samples (Iterable[dict]): The samples with their keypoints.

        Yields:
            dict: The same samples.
        """
        for sample in samples:
            keypoint = sample.get('keypoint') if isinstance(sample, dict) else None
            if isinstance(keypoint, np.ndarray) and keypoint.ndim == 4:
                rows = len(keypoint)
                while rows > 1 and not keypoint[rows - 1].any():
                    rows -= 1
                self._persons.add(rows)
                self._frames.add(keypoint.shape[1])
            yield sample

    def tell(self, annotations: Sequence[Any]) -> str:
        """Say what the file holds; persons are those of the samples that were watched.

        Args:
            annotations (Sequence[dict]): The samples or their heads, completed by
                :func:`~mmskanon.datasets.schema.complete_annotations`.

        Returns:
            str: Such as ``'6 actions (labels 0 to 5), 10 subjects, 1 to 2 persons, 25 to 120 frames, trials 1 2, cameras 1 2'``.
        """
        samples = [s for s in annotations if isinstance(s, dict)]
        labels = {quiet(attribute_value, s, 'label') for s in samples}
        labels = {label for label in labels if isinstance(label, int)}
        shapes = (getattr(s.get('keypoint'), 'shape', ()) for s in samples)
        frames = {shape[1] for shape in shapes if len(shape) == 4} | self._frames
        subjects = {quiet(attribute_value, s, 'subject') for s in samples} - {None}
        parts = []
        if labels:
            parts.append(
                f'{_count(len(labels), "action")} (label{"s" * (len(labels) > 1)} {_range(labels)})'
            )
        parts.append(_count(len(subjects), 'subject'))
        if self._persons:
            parts.append(f'{_range(self._persons)} person{"s" * (self._persons != {1})}')
        if frames:
            parts.append(f'{_range(frames)} frames')
        for name, value in (
            ('trial', take_number),
            ('camera', lambda s: attribute_value(s, 'camera')),
        ):
            values = {quiet(value, s) for s in samples} - {None}
            if len(values) > _LISTED:
                parts.append(f'{len(values)} {name}s')
            elif values:
                ordered = sorted(values, key=lambda v: (isinstance(v, str), v))
                parts.append(f'{name}{"s" * (len(values) > 1)} {" ".join(map(str, ordered))}')
        return ', '.join(parts)


def _count(number: int, name: str) -> str:
    return f'{number} {name}{"s" * (number != 1)}'


def _range(values: set[int]) -> str:
    low, high = min(values), max(values)
    return f'{low}' if low == high else f'{low} to {high}'
