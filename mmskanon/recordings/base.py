# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a format of raw recordings has to do: tell its files by their names, read one, write it again, and name it anew."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmskanon.io.files import base_name, is_named
from mmskanon.release.pseudonyms import Pseudonyms

MAX_FRAMES = 200_000
"""int: Frames of the longest recording that is read, almost two hours at 30 a second."""


class NobodyError(ValueError):
    """A sound recording in which nobody is seen, so that there is nothing to anonymize."""


@dataclass(frozen=True)
class Recording:
    """One recording, read.

    Args:
        keypoint (np.ndarray): Joints, float32 or float64 of shape (M, T, V, C), metres in camera space; absent persons are exactly zero.
        source (Any): What its format needs to write it again, and nothing else.
    """

    keypoint: np.ndarray
    source: Any = None


class RecordingFormat(ABC):
    """A format of raw recordings.

    Everything is done in memory, for one file at a time. What is written depends on the new joints and on those few properties of the
    original that ``docs/recordings.md`` lists for each format; there is no way for anything else to get into the output.

    Attributes:
        name (str): Name of the format.
        suffix (str): How its files end, in lower case.
        layout (str, optional): Layout of the joints; None where the user has to say.
        max_bytes (int): The largest file that is read. Whoever unpacks archives has to look at the size before.
        fields (Mapping[str, int]): What a name counts beside the action, with the greatest number of each. New names count the first of
            them fastest. Empty where names follow no pattern.
    """

    name: str
    suffix: str
    layout: str | None = None
    max_bytes: int = 64 * 2**20
    fields: Mapping[str, int] = {}

    def matches(self, filename: str) -> bool:
        """Tell by its name whether a file is of this format.

        Args:
            filename (str): Name, with folders perhaps.

        Returns:
            bool: Whether it ends as it should and is none of the twins that macOS writes beside files.
        """
        return is_named(base_name(filename), self.suffix)

    def facts(self, filename: str) -> dict[str, int | str | None]:
        """Read what the name of a file says.

        Args:
            filename (str): Name, with folders perhaps.

        Returns:
            dict: ``frame_dir``, ``subject``, ``label`` (action - 1) and the other fields of the name, counted from 1. Where a name follows no
            pattern, ``frame_dir`` is the name without suffix but with folders, and the subject and label are None.
        """
        numbers = self.numbers(filename)
        if numbers is None:
            path = filename.replace('\\', '/')
            stem = path[: -len(self.suffix)] if path.lower().endswith(self.suffix) else path
            return dict(frame_dir=stem, subject=None, label=None)
        facts = dict(frame_dir=self.compose(numbers), subject=numbers['subject'])
        rest = {field: number for field, number in numbers.items() if field not in facts}
        return {**facts, 'label': rest.pop('action') - 1, **rest}

    def numbers(self, filename: str) -> dict[str, int] | None:
        """Return the numbers in a name, ``action`` and all :attr:`fields`; None where it follows no pattern or one is out of range."""
        return None

    def compose(self, numbers: Mapping[str, int]) -> str:
        """Return the name of a sample, without suffix, that says these numbers."""
        raise NotImplementedError

    def file_name(self, numbers: Mapping[str, int]) -> str:
        """Return the name of a file that says these numbers."""
        return self.compose(numbers) + self.suffix

    def limits(self, samples: Collection[Mapping[str, int]]) -> Mapping[str, int]:
        """Return the greatest number of each field that a new name may have in a collection with these numbers."""
        return self.fields

    def read(self, content: bytes, where: str) -> Recording:
        """Read a file.

        Args:
            content (bytes): The whole file.
            where (str): How messages name it.

        Returns:
            Recording: The recording.

        Raises:
            NobodyError: If nobody is seen in it.
            ValueError: If it cannot be used; the sentence names it.
        """
        if len(content) > self.max_bytes:
            raise ValueError(
                f'{where} has {len(content)} bytes, more than the {self.max_bytes} allowed for one recording; '
                f'is it a {self.suffix} file with one recording?'
            )
        recording = self._decode(content, where)
        if not recording.keypoint.any():
            raise NobodyError(f'{where} shows nobody in any frame; leave the recording out.')
        return recording

    def write(self, recording: Recording, keypoint: np.ndarray) -> bytes:
        """Write a recording with other joints.

        The number of frames may differ from that of the original: frames are numbered anew in any case, and no format keeps anything of
        a single frame of the original. The same input always makes the same bytes.

        Args:
            recording (Recording): The original, as read.
            keypoint (np.ndarray): The joints to write, floats of shape (M, T', V, C) with M, V and C of the original; metres, absent
                persons exactly zero.

        Returns:
            bytes: The file.

        Raises:
            ValueError: If the joints are of another shape, not finite, or beyond the range of the format.
        """
        keypoint = np.asarray(keypoint)
        persons, _, *joints = recording.keypoint.shape
        fits = keypoint.ndim == 4 and [len(keypoint), *keypoint.shape[2:]] == [persons, *joints]
        if not fits or not keypoint.shape[1] or keypoint.dtype.kind != 'f':
            expected = f"({persons}, T', {', '.join(map(str, joints))})"
            raise ValueError(
                f'expected anonymized joints as floats of shape {expected} with at least one frame, '
                f'found {keypoint.dtype} of shape {keypoint.shape}; give all persons and joints of the recording.'
            )
        with np.errstate(over='ignore'):
            stored = keypoint.astype(self.stored_dtype(recording))
        if not np.isfinite(stored).all():
            raise ValueError(
                f'the anonymized joints hold NaN, infinity or numbers beyond the range of {stored.dtype}; check the anonymizer.'
            )
        return self._encode(recording, stored)

    def stored_dtype(self, recording: Recording) -> np.dtype:
        """Return the type of the numbers of a file; what is read from it is exactly these."""
        return np.dtype(np.float32)

    def traces(self, recording: Recording) -> dict[str, str]:
        """Return the texts of an original that would link it with others and must not occur in what is written, and what they are."""
        return {}

    def release_names(
        self, filenames: Sequence[str], keep: Collection[str], pseudonyms: Pseudonyms
    ) -> dict[str, str]:
        """Name the files of a collection anew, see :func:`~.names.release_names`."""
        from .names import release_names

        return release_names(self, filenames, keep, pseudonyms)

    @abstractmethod
    def _decode(self, content: bytes, where: str) -> Recording:
        """Read a file that is not too large."""

    @abstractmethod
    def _encode(self, recording: Recording, keypoint: np.ndarray) -> bytes:
        """Write finite joints of the right shape and type."""


def lower_suffix(filename: str, suffix: str) -> str:
    """Return the last part of a name with a suffix in lower case, as the parsers of the converters expect it."""
    name = base_name(filename)
    return name[: -len(suffix)] + suffix if name.lower().endswith(suffix) else name


def check_frames(number: int, where: str) -> None:
    """Raise ValueError if a recording has more than :data:`MAX_FRAMES`."""
    if number > MAX_FRAMES:
        raise ValueError(
            f'{where} has {number} frames, more than the {MAX_FRAMES} allowed for one recording; cut it into several.'
        )


def presence(keypoint: np.ndarray) -> np.ndarray:
    """Return who is seen when: a boolean mask of shape (M, T), False where all joints are zero."""
    return keypoint.any(axis=(2, 3))
