# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Annotation pickles of any size: indexed in one pass, read sample by sample.

:func:`~mmskanon.io.pickles.load_annotations` holds a whole file. Here memory holds an index, which is all but the large values, and of
those the ones that are asked for.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .deferred import ArrayHead, DeferredArray, Payload, rebuild
from .deferring_unpickler import DeferringUnpickler
from .errors import CorruptFileError
from .pickles import ADVICE, check_annotation_file, check_form
from .reading import read_plain


class AnnotationFile:
    """The samples of an annotation pickle, read from the file when they are asked for.

    The file is read once when it is opened, by the rules of :func:`~mmskanon.io.pickles.load_annotations`: what that refuses is refused
    here with the same sentence, and what it returns is returned here in pieces. Values of at least 512 bytes are passed over, and
    their places kept. What is shared between samples in the file (an array that two of them hold) is equal in them, not shared.

    A forked process may go on reading; it needs no file of its own where the system has ``pread``.

    Args:
        path (str | os.PathLike): The pickle.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        UnsafePickleError: If the pickle asks for anything but plain data. Nothing of it has been executed.
        CorruptFileError: If the file is truncated, not a pickle, or a pickle of something else than a dict or a list.

    Examples:
        >>> import pickle, tempfile
        >>> import numpy as np
        >>> file = tempfile.NamedTemporaryFile(suffix='.pkl')
        >>> samples = [dict(frame_dir=f's{n}', keypoint=np.full((1, 40, 20, 3), n, 'f4')) for n in range(3)]
        >>> pickle.dump(dict(split=dict(train=['s0', 's1']), annotations=samples), file)
        >>> file.flush()
        >>> with AnnotationFile(file.name) as annotations:
        ...     print(len(annotations), annotations.split, annotations[2]['keypoint'].mean())
        ...     print([head['keypoint'].shape for head in annotations.heads()])
        3 {'train': ['s0', 's1']} 2.0
        [(1, 40, 20, 3), (1, 40, 20, 3), (1, 40, 20, 3)]
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = check_annotation_file(path)
        self._file = open(self.path, 'rb')  # noqa: SIM115  closed by close()
        try:
            self._state = self._stat()
            self._data = self._guarded(DeferringUnpickler(self._file).load)
            if not isinstance(self._data, dict | list):
                check_form(self._copy(self._data, self._value_of), self.path)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> AnnotationFile:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; nothing can be read afterwards."""
        self._file.close()

    def __del__(self) -> None:
        file = getattr(self, '_file', None)
        if file is not None:
            file.close()

    @property
    def is_list(self) -> bool:
        """bool: Whether the file is the list of samples alone."""
        return isinstance(self._data, list)

    @property
    def split(self) -> Any:
        """dict | None: The splits of the file, a new copy; None where it has none."""
        return None if self.is_list else self._copy(self._data.get('split'), self._value_of)

    @property
    def extra(self) -> dict:
        """dict: What the file holds beside samples and splits, read anew."""
        rest = {} if self.is_list else self._data
        rest = {key: rest[key] for key in rest if key not in ('annotations', 'split')}
        return self._copy(rest, self._value_of)

    def __len__(self) -> int:
        """int: Number of samples."""
        return len(self._samples())

    def __getitem__(self, index: int) -> Any:
        """Read one sample.

        Args:
            index (int): Its position; a negative one counts from the end.

        Returns:
            dict: The sample as :func:`~mmskanon.io.pickles.load_annotations` gives it, each time a new one.

        Raises:
            IndexError: If there is no such sample.
            CorruptFileError: If the file was changed after it was opened.
        """
        return self._copy(self._samples()[operator.index(index)], self._value_of)

    def __iter__(self) -> Iterator[Any]:
        """Read the samples, in the order of the file."""
        for index in range(len(self)):
            yield self[index]

    def filled(self, index: int, head: dict) -> dict:
        """Read one sample, with what was added to its head.

        Args:
            index (int): Its position.
            head (dict): Its head, as :meth:`outline` gives it, with further keys or with values in place of None.

        Returns:
            dict: The sample, a new one.
        """
        sample = self[index]
        sample.update((k, v) for k, v in head.items() if sample.get(k) is None)
        return sample

    def heads(self) -> Iterator[Any]:
        """Yield the samples with an :class:`~mmskanon.io.deferred.ArrayHead` in place of each array of numbers that stays in the file.

        Yields:
            dict: A new one; names, labels, attributes and arrays below 512 bytes are as they are.
        """
        for sample in self._samples():
            yield self._copy(sample, self._head_of)

    def outline(self) -> dict | list:
        """Return the file as :func:`~mmskanon.io.pickles.load_annotations` gives it, with the heads in place of the samples.

        Returns:
            dict | list: New; it may be changed.
        """
        return self._copy(self._data, self._head_of)

    def _samples(self) -> list:
        samples = self._data if self.is_list else self._data.get('annotations')
        if not isinstance(samples, list):
            raise CorruptFileError(
                f"{self.path} has no samples: expected a dict with a list 'annotations', or a list, found {type(samples).__name__}; "
                'convert the recordings again'
            )
        return samples

    def _copy(self, thing: Any, value_of: Callable[[Any, dict], Any]) -> Any:
        if self._file.closed:
            raise ValueError(f'{self.path} is closed; read it while it is open')
        if self._stat() != self._state:
            raise CorruptFileError(f'{self.path} was changed after it was opened; open it again')
        return self._guarded(lambda: rebuild(thing, value_of, {}))

    def _guarded(self, read: Callable[[], Any]) -> Any:
        return read_plain(read, source=str(self.path), kind='a pickle', advice=ADVICE)

    def _value_of(self, thing: Payload | DeferredArray, done: dict[int, Any]) -> Any:
        if type(thing) is Payload:
            return thing.read(self._file)
        return thing.array(
            None if thing.make is None else rebuild(thing.data, self._value_of, done)
        )

    def _head_of(self, thing: Payload | DeferredArray, done: dict[int, Any]) -> Any:
        head = thing.head() if type(thing) is DeferredArray else None
        return self._value_of(thing, done) if head is None else head

    def _stat(self) -> tuple[int, int]:
        state = os.fstat(self._file.fileno())
        return state.st_size, state.st_mtime_ns


class FileSample(Mapping):
    """One sample of a file: its head in memory, and arrays that are read whenever they are asked for.

    Args:
        file (AnnotationFile): The file.
        index (int): Position of the sample.
        head (dict): Its head.
    """

    __slots__ = ('_file', '_head', '_index')

    def __init__(self, file: AnnotationFile, index: int, head: dict) -> None:
        self._file, self._index, self._head = file, index, head

    def __getitem__(self, key: Any) -> Any:
        """A value of the sample."""
        value = self._head[key]
        return self._file[self._index][key] if isinstance(value, ArrayHead) else value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._head)

    def __len__(self) -> int:
        """int: Number of keys."""
        return len(self._head)
