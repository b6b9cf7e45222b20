# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymize skeletons while they are recorded."""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mmskanon.models.anonymizers import BaseAnonymizer
from mmskanon.models.anonymizers.chance import Chance, drawing_from
from mmskanon.skeletons.geometry import denormalize_skeleton, to_body_space
from mmskanon.skeletons.stream_reference import StreamReference

from .anonymize import anonymize_bodies
from .arrays import Skeletons, blank, check_seed, like, read_array
from .skeletons import normalization_for
from .slots import PersonSlots

_SHAPES = {2: '(V, C)', 3: '(M, V, C)'}


@dataclass
class _Frame:
    """A frame that waits.

    Attributes:
        kind (np.ndarray | Tensor | None): Kind, dtype and device of what was pushed; None for a dropped frame.
        shape (tuple[int, ...]): Its shape.
        rows (np.ndarray): A copy of it, shape (M', V, C).
        slots (list[int | None]): Slot of each row.
        owners (tuple): Whose each slot is.
        persons (np.ndarray): Its persons by slot, shape (M, V, C), float32.
        origin (np.ndarray | None): See :meth:`StreamReference.see`.
    """

    kind: np.ndarray | Tensor | None
    shape: tuple[int, ...]
    rows: np.ndarray | None
    slots: list[int | None]
    owners: tuple[Hashable, ...]
    persons: np.ndarray | None
    origin: np.ndarray | None


class StreamingAnonymizer:
    """Anonymize a recording frame by frame, ``latency`` frames behind.

    Each pushed frame comes out once, in the order of pushing. What it is made from, and what it equals, depends on the anonymizer:

    - Frame-wise ones (``anonymizer.framewise``: identity, noise, canonical bones, ResNet, autoencoder): the frame alone, latency 0.
    - Those with a bounded reach (``anonymizer.needed_frames``: smoothing, :class:`NoisyCodeAnonymizer`, :class:`UNetAnonymizer`, and canonical
      bodies around them): all frames within it. ``latency`` is how far it reaches ahead.
    - All others that make sense on a stream, and any of those with a reach, with a sliding ``window``: frame t is made from the frames
      ``t + latency - window + 1`` to ``t + latency``, fewer at the start, and the last ``window`` frames at the end. Those without a
      bound (the LSTM autoencoder, rest poses) work only so.
    - Methods that replace whole clips (k-same motion, class substitution) or draw a body for each are refused.

    **Equal to what.** In the first two cases, to :func:`anonymize_skeletons` on the whole recording, with dropped frames as zeros, up to rounding. With
    a window, to the anonymizer called on the frames of that window, normalized as below; so with ``latency=window - 1`` a recording of at most
    ``window`` frames equals the whole call. In both cases only if

    - the whole recording has the same reference for its normalization: the person with the most frames there is here the first one to come, of
      equals the first row, since a stream cannot know who will stay longest. That person's first frame with the centre joint fixes the rotation, and with
      ``center='first_frame'`` the origin, until :meth:`flush`. Frames before it are normalized by it too if it comes within ``latency``,
      otherwise by the mean of the joints (see :class:`~mmskanon.skeletons.stream_reference.StreamReference`). The choice moves the origin, and matters
      where the anonymizer is not indifferent to it;
    - persons have the same places: rows of the whole recording are those of the frames or, with ``ids``, one for each person in the order of
      appearance, at most ``num_person``. Where a newcomer takes the slot of somebody who left, frames of the two are never mixed;
    - chance is the same: see ``seed``.

    One instance is one stream, to be used by one thread at a time. Streams can share an anonymizer, also in several threads.

    Args:
        anonymizer (BaseAnonymizer): From :func:`init_anonymizer`.
        window (int, optional): Length of the sliding window in frames. Defaults to None, all frames that the anonymizer needs.
        latency (int, optional): With a window, how many of its frames lie ahead of the one that comes out, below ``window``. More
            is better for quality and worse for delay. Defaults to None, half of the window.
        seed (int, optional): Noise of a frame follows from the seed and the number of the frame since the start or the last :meth:`flush`; the
            output equals that of :func:`anonymize_skeletons` with that seed. Who knows it can subtract the noise. Defaults to None: that of the
            anonymizer's config if it has one, otherwise secret and a new one for each recording, so that noise of neighbouring frames
            hangs together as it does in a whole clip.

    Attributes:
        latency (int): Number of further frames to push, or to do without at :meth:`flush`, until a frame comes out.
        window (int, optional): As given.

    Raises:
        TypeError: If the seed is no integer or ``anonymizer`` no anonymizer.
        ValueError: If the method cannot run on a stream, needs a window, window or latency make no sense, or the anonymizer is not
            ready (see :func:`init_anonymizer`).

    Example:
        >>> import numpy as np
        >>> from mmskanon.apis import StreamingAnonymizer
        >>> from mmskanon.models.anonymizers import SmoothingAnonymizer
        >>> anonymizer = SmoothingAnonymizer(sigma=1, layout='nturgb+d', num_person=2).eval()
        >>> anonymizer.normalization = dict(layout='nturgb+d')
        >>> stream = StreamingAnonymizer(anonymizer)
        >>> frames = np.random.default_rng(0).normal(size=(10, 2, 25, 3))
        >>> finished = [out.shape for frame in frames for out in stream.push(frame)]
        >>> stream.latency, len(finished), finished[0], len(stream.flush())
        (4, 6, (2, 25, 3), 4)
    """

    def __init__(
        self,
        anonymizer: BaseAnonymizer,
        window: int | None = None,
        latency: int | None = None,
        seed: int | None = None,
    ) -> None:
        self._normalization = normalization_for(anonymizer)
        check_seed(seed)
        self.anonymizer = anonymizer
        self.window = window
        self.latency = _latency(anonymizer, window, latency)
        if seed is None:
            seeds = (getattr(module, 'seed', None) for module in anonymizer.modules())
            seed = next((s for s in seeds if s is not None), None)
        self._seed = seed
        self._start()

    def _start(self) -> None:
        """Begin a recording."""
        self._reference = StreamReference(**self._normalization)
        self._slots = PersonSlots(self.anonymizer.num_person)
        self._frames: list[_Frame] = []  # from number self._first on
        self._first = self._pushed = self._finished = 0
        self._channels: int | None = None
        self._with_ids: bool | None = None
        self._chance_seed = secrets.randbits(63) if self._seed is None else int(self._seed)

    def push(
        self, frame: Skeletons | None, ids: Sequence[Hashable] | None = None
    ) -> list[Skeletons | None]:
        """Take in the next frame.

        Args:
            frame (np.ndarray | Tensor | None): Shape (V, C), one person, or (M', V, C); camera space in metres, or whatever unit the layout
                has. Persons who are not there are zero or left out, down to M' = 0. None for a frame that was dropped: time goes on
                without anybody.
            ids (Sequence[Hashable], optional): Who is in each row, such as the numbers of a tracker, all different. Always or never
                in a recording. Defaults to None: row m is the same person in all frames.

        Returns:
            list[np.ndarray | Tensor | None]: The frames that are finished, at most one: the one pushed ``latency`` frames ago, with the kind,
            shape, rows, dtype and device it had, None if it was dropped.

        Raises:
            TypeError: If the frame is no array or tensor of floating-point numbers.
            ValueError: If its shape does not fit, a coordinate is not finite, there are too many persons, or ids do not fit. The stream is then as
                it was before the call.
        """
        self._frames.append(self._read(frame, ids))
        self._pushed += 1
        due = self._pushed - self.latency
        finished = self._finish(due) if due > 0 else []
        oldest = self._span(self._finished)[0] - self._first
        del self._frames[:oldest]
        self._first += oldest
        return finished

    def flush(self) -> list[Skeletons | None]:
        """End the recording; the next frame pushed begins another one, with its own reference, persons and chance.

        Returns:
            list[np.ndarray | Tensor | None]: The frames that had not been finished, at most ``latency``.
        """
        finished = self._finish(self._pushed)
        self._start()
        return finished

    def _read(self, frame: np.ndarray | Tensor | None, ids: Sequence[Hashable] | None) -> _Frame:
        """Check a frame, then take it in: slots and reference change last."""
        if frame is None:
            return _Frame(None, (), None, [], self._slots.owners, None, None)
        array = read_array(frame, self.anonymizer, _SHAPES, f'frame {self._pushed}', nobody=True)
        rows = array.reshape(-1, *array.shape[-2:]).copy()
        if self._channels not in (None, rows.shape[2]):
            raise ValueError(
                f'frame {self._pushed}: expected {self._channels} channels a joint as before, found {rows.shape[2]}; give the same ones in all frames.'
            )
        if self._with_ids not in (None, ids is not None):
            raise ValueError(
                f'frame {self._pushed}: expected ids {"as in" if self._with_ids else "to be left out as for"} the frames before, found '
                f'{ids!r}; give them for all frames of a recording or for none.'
            )
        there = (rows[..., : self.anonymizer.num_coords] != 0).any((1, 2))
        if ids is None:
            slots = self._own_rows(rows)
            owners = tuple(range(self.anonymizer.num_person))
        else:
            slots = self._slots.place(_names(ids, len(rows), self._pushed), there)
            owners = self._slots.owners
        self._channels, self._with_ids = rows.shape[2], ids is not None
        persons = np.zeros((self.anonymizer.num_person, *rows.shape[1:]), np.float32)
        for row, slot in enumerate(slots):
            if slot is not None:
                persons[slot] = rows[row]
        origin = self._reference.see(persons, owners)
        return _Frame(blank(frame), tuple(frame.shape), rows, slots, owners, persons, origin)

    def _own_rows(self, rows: np.ndarray) -> list[int | None]:
        """Slots of persons who keep their row."""
        persons = self.anonymizer.num_person
        if rows[persons:].any():
            raise ValueError(
                f'frame {self._pushed} shows {len(rows)} persons, the anonymizer was trained for {persons}; train it with num_person at least '
                'that large, leave the surplus persons out, or give ids if not more are there at once.'
            )
        return [row if row < persons else None for row in range(len(rows))]

    def _span(self, number: int) -> tuple[int, int]:
        """First and last frame of the call that makes a frame, of those pushed."""
        last = min(self._pushed - 1, number + self.latency)
        if self.window is not None:
            return max(0, last - self.window + 1), last
        first, _ = self.anonymizer.needed_frames(number)
        grid = self.anonymizer.frame_grid
        return max(0, first // grid * grid), last

    def _finish(self, stop: int) -> list[Skeletons | None]:
        """The frames up to number ``stop`` that have not been finished."""
        made: dict[tuple, np.ndarray] = {}
        finished = []
        coords = max(self.anonymizer.num_coords, self.anonymizer.layout.dims)
        for number in range(self._finished, stop):
            frame = self._frames[number - self._first]
            if frame.kind is None:
                finished.append(None)
                continue
            if frame.persons[..., : self.anonymizer.num_coords].any():
                first, last = self._span(number)
                key = first, last, frame.owners
                if key not in made:
                    made[key] = self._anonymize(first, last, frame.owners)
                for row, slot in enumerate(frame.slots):
                    if slot is not None:
                        frame.rows[row, :, :coords] = made[key][slot, number - first, :, :coords]
            finished.append(like(frame.rows.reshape(frame.shape), frame.kind))
        self._finished = stop
        return finished

    def _anonymize(self, first: int, last: int, owners: tuple[Hashable, ...]) -> np.ndarray:
        """Anonymize frames ``first`` to ``last`` of those who own the slots: shape (M, T, V, C), camera space."""
        frames = self._frames[first - self._first : last + 1 - self._first]
        size = len(owners), len(frames), self.anonymizer.layout.num_joints, self._channels
        clip = np.zeros(size, np.float32)
        for index, frame in enumerate(frames):
            if frame.persons is not None:
                same = [a == b for a, b in zip(frame.owners, owners, strict=True)]
                clip[same, index] = frame.persons[same]
        body, record = to_body_space(clip, *self._reference.read([f.origin for f in frames]))
        with drawing_from(Chance(self._chance_seed, first)):
            body = anonymize_bodies([body], self.anonymizer)[0]
        return denormalize_skeleton(body, record)


def _latency(anonymizer: BaseAnonymizer, window: int | None, latency: int | None) -> int:
    """Check how an anonymizer is to run on a stream; return how many frames it then has to look ahead."""
    name = type(anonymizer).__name__
    if not anonymizer.streams or anonymizer.asks_for_subject:
        raise ValueError(
            f'{name} cannot run on a stream, because it decides on a whole recording at once (an action, donors or a body); anonymize '
            'finished recordings with anonymize_skeletons, or take a method that docs/api.md lists for streams.'
        )
    grid = [(frame, anonymizer.needed_frames(frame)) for frame in range(anonymizer.frame_grid)]
    if window is None:
        if latency is not None:
            raise ValueError(
                f'{name}: latency={latency} was given without a window; leave it out, or give a window of more than {latency} frames.'
            )
        if any(needed is None for _, needed in grid):
            raise ValueError(
                f'{name}: expected a window, since every output frame depends on the whole recording, found none; give window=N, for instance '
                'the clip length it was trained on.'
            )
        return max(needed[1] - frame for frame, needed in grid)
    if anonymizer.framewise:
        raise ValueError(
            f'{name} needs single frames only, found window={window!r}; leave window out.'
        )
    latency = window // 2 if latency is None and isinstance(window, int) else latency
    for key, value, least in (('window', window, 1), ('latency', latency, 0)):
        if type(value) is not int or value < least:
            raise ValueError(
                f'{name}: {key} must be an integer of at least {least}, found {value!r}; give a number of frames.'
            )
    if latency >= window:
        raise ValueError(
            f'{name}: latency must be below window={window}, found {latency}; the frame that comes out has to be one of the window.'
        )
    return latency


def _names(ids: Sequence[Hashable], count: int, number: int) -> list[Hashable]:
    """Ids as plain values, checked."""
    try:
        names = ids.tolist() if isinstance(ids, Tensor | np.ndarray) else list(ids)
        fitting = len(names) == count == len(set(names))
    except TypeError:
        names, fitting = ids, False
    if not fitting:
        raise ValueError(
            f'frame {number}: expected {count} different ids, one for each person, found {names!r}; give every row its own number or name.'
        )
    return names
