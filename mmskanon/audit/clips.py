# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The clips of an annotation file on disk, in the form in which attackers read them.

A file is read sample by sample and written as one array of frames that is mapped into memory afterwards, so that an audit never holds two data
sets. What attackers derive from it (normalized clips of equal length, tables of features) is kept beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmskanon.io import atomic_path
from mmskanon.skeletons.geometry import normalize_skeleton
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout
from mmskanon.skeletons.resampling import resample_clip

from .digests import code_digest, layout_digest

FeatureFunction = Callable[[np.ndarray, SkeletonLayout], np.ndarray]
"""From one clip (M, T, V, C) and its layout to a vector (D,)."""


FINEST = {'m': 1e-4, 'px': 0.1}
"""dict[str, float]: Finest difference of coordinates that attackers get, by unit of the layout."""

_FINEST_TURN = 1e-4  # of the unit vectors of a rotation


def coarsen(clip: np.ndarray, unit: str) -> np.ndarray:
    """Round coordinates to multiples of :data:`FINEST`, a tenth of a millimetre or of a pixel.

    Floating-point numbers are the coarser the farther a body stands from the origin. What is constant by design, such as canonical
    bones, therefore differs by some billionths with the place before the camera, and trees that compare numbers read the place from
    it. The place is reported apart (:class:`~mmskanon.audit.attackers.Placement`); no sensor resolves what is rounded off here.

    Args:
        clip (np.ndarray): Shape (..., V, C), absent joints all zero.
        unit (str): ``'m'`` or ``'px'``.

    Returns:
        np.ndarray: The same shape, float32. Present joints do not become zero: their first coordinate is then one step.
    """
    step = np.float32(FINEST[unit])
    out = np.rint(clip / step).astype(np.float32)
    vanished = clip.any(axis=-1) & ~out.any(axis=-1)
    out[vanished, 0] = 1
    return out * step


class ClipStore:
    """All clips of one annotation file, in a folder.

    The array on disk has the coordinates of the file; what attackers get is normalized by
    :func:`~mmskanon.skeletons.geometry.normalize_skeleton` with the first frame as reference: metres (or pixels) from the centre
    joint, the body upright and to the front in the first frame, in steps of :data:`FINEST`. Turned with ``'invariant'``, so that how
    the person stood before the camera is not in it.

    Args:
        folder (Path): Made by :meth:`build`.

    Attributes:
        names (list[str]): Names of the N clips.
        takes (np.ndarray): Number of the take that each shows, shape (N,): views of several cameras have the same.
        key (str): Digest of names, takes, coordinates and layout, and of the code that derives from them what is kept beside.
        layout (SkeletonLayout): Skeleton layout; ``layout_spec`` is what configs call it.
        placement (np.ndarray): Where and how the person stood in the first frame, which normalization takes out and the file
            still tells: origin and the first two columns of the rotation, shape (N, P), camera space, in steps of :data:`FINEST` and 1e-4.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        meta = json.loads((self.folder / 'meta.json').read_text())
        self.names: list[str] = meta['names']
        self.layout_spec = meta['layout']
        self.layout = get_layout(self.layout_spec)
        self.key: str = meta['key']
        self._frames = np.load(self.folder / 'frames.npy', mmap_mode='r')
        index = np.load(self.folder / 'index.npz')
        self._starts, self.placement, self.takes = (
            index[key] for key in ('starts', 'placement', 'takes')
        )
        self._mapped: dict[str, np.ndarray] = {}  # opening a file takes as long as reading a clip

    @classmethod
    def build(
        cls,
        samples: Sequence[Mapping],
        layout: str | Mapping,
        num_person: int,
        root: Path,
        takes: Sequence[int] | None = None,
    ) -> ClipStore:
        """Write the store of some annotations, or open the one that has the same content.

        Args:
            samples (Sequence[Mapping]): Annotations with ``frame_dir`` and ``keypoint`` (M, T, V, C), in the order wanted. Keypoints
                are looked up twice, one after the other, so that they need not be in memory together.
            layout (str | Mapping): Skeleton layout, by name or definition.
            num_person (int): Persons kept; clips with fewer get absent ones.
            root (Path): Folder of all stores; this one gets a folder there named by its content.
            takes (Sequence[int], optional): Number of the take that each clip shows, alike in all stores that are compared. Defaults to None,
                each clip a take of its own.

        Returns:
            ClipStore: The store.
        """
        body = get_layout(layout)
        names = [s['frame_dir'] for s in samples]
        takes = list(range(len(names))) if takes is None else [int(take) for take in takes]
        told = [code_digest(), layout_digest(body), num_person, names, takes]
        digest = hashlib.sha256(json.dumps(told).encode())
        lengths = []
        for sample in samples:
            keypoint = sample['keypoint']
            digest.update(np.ascontiguousarray(keypoint, np.float32).data)
            lengths.append(keypoint.shape[1])
        clips = (s['keypoint'] for s in samples)
        key = digest.hexdigest()[:16]
        return cls.write(clips, names, takes, lengths, layout, num_person, root / key, key)

    @classmethod
    def write(
        cls,
        clips: Iterable[np.ndarray],
        names: Sequence[str],
        takes: Sequence[int],
        lengths: Sequence[int],
        layout: str | Mapping,
        num_person: int,
        folder: Path,
        key: str,
    ) -> ClipStore:
        """Write a store clip by clip, wholly or not at all, or open the one that has the same key.

        Args:
            clips (Iterable[np.ndarray]): The clips (M, T, V, C), read only if there is no such store.
            names (Sequence[str]): Name of each.
            takes (Sequence[int]): Number of the take that each shows.
            lengths (Sequence[int]): Frames of each.
            layout (str | Mapping): Skeleton layout, by name or definition.
            num_person (int): Persons kept.
            folder (Path): Where to write.
            key (str): What identifies the content.

        Returns:
            ClipStore: The store.
        """
        if (folder / 'meta.json').exists():
            store = cls(folder)
            if store.key == key:
                return store
            shutil.rmtree(folder)
        # Another audit that shares the cache may be writing the same.
        part = folder.with_name(f'.{folder.name}.{secrets.token_hex(4)}.part')
        part.mkdir(parents=True)
        try:
            _write(part, clips, names, takes, lengths, layout, num_person, key)
            with suppress(OSError):  # the other was faster
                os.replace(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return cls(folder)

    def __len__(self) -> int:
        """int: Number of clips N."""
        return len(self.names)

    @property
    def num_person(self) -> int:
        """int: Persons M of every clip."""
        return self._frames.shape[1]

    @property
    def num_frames(self) -> np.ndarray:
        """np.ndarray: Frames of each clip in the file, shape (N,)."""
        return np.diff(self._starts)

    def camera(self, index: int) -> np.ndarray:
        """One clip as it is in the file, shape (M, T, V, C), float32, camera space."""
        frames = self._frames[self._starts[index] : self._starts[index + 1]]
        return np.ascontiguousarray(frames.transpose(1, 0, 2, 3))

    def clip(self, index: int) -> np.ndarray:
        """One clip at full length, normalized and :func:`coarsened <coarsen>`, shape (M, T, V, C), float32."""
        body, _ = normalize_skeleton(self.camera(index), self.layout, rotate='invariant')
        return coarsen(body, self.layout.unit)

    def clips(self, length: int) -> np.ndarray:
        """All clips, stretched to one length by :func:`~mmskanon.skeletons.resampling.resample_clip`.

        Args:
            length (int): Frames L.

        Returns:
            np.ndarray: Shape (N, M, L, V, C), float32, mapped from disk.
        """

        def write(path: Path) -> None:
            shape = (len(self), self.num_person, length, *self._frames.shape[2:])
            out = np.lib.format.open_memmap(path, 'w+', np.float32, shape)
            for i in range(len(self)):
                out[i] = resample_clip(self.clip(i), length)
            out.flush()

        return self._derived(f'clips_{length}', write)

    def features(self, name: str, function: FeatureFunction) -> np.ndarray:
        """A table of features of all clips, computed once.

        Args:
            name (str): What the table is called; another function needs another name.
            function (Callable): From a clip (M, T, V, C) at full length and its layout to a vector (D,).

        Returns:
            np.ndarray: Shape (N, D), float32, mapped from disk.
        """

        def write(path: Path) -> None:
            rows = [
                np.asarray(function(self.clip(i), self.layout), np.float32)
                for i in range(len(self))
            ]
            np.save(path, np.stack(rows))

        return self._derived(f'features_{name}', write)

    def _derived(self, name: str, write: Callable[[Path], None]) -> np.ndarray:
        if name not in self._mapped:
            path = self.folder / f'{name}.npy'
            if not path.exists():
                with atomic_path(path, overwrite=True) as temporary:
                    write(temporary)
            self._mapped[name] = np.load(path, mmap_mode='r')
        return self._mapped[name]


def _write(
    folder: Path,
    clips: Iterable[np.ndarray],
    names: Sequence[str],
    takes: Sequence[int],
    lengths: Sequence[int],
    layout: str | Mapping,
    num_person: int,
    key: str,
) -> None:
    """Write the files of a store."""
    body = get_layout(layout)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    shape = (int(starts[-1]), num_person, body.num_joints, body.dims)
    frames = np.lib.format.open_memmap(folder / 'frames.npy', 'w+', np.float32, shape)
    placement = []
    for i, clip in enumerate(clips):
        kept = clip[:num_person, ..., : body.dims].astype(np.float32)
        frames[starts[i] : starts[i + 1], : len(kept)] = kept.transpose(1, 0, 2, 3)
        _, record = normalize_skeleton(kept, body, rotate='invariant')
        # In steps, like the clips: a body at the origin stands there up to rounding, which follows its measures.
        steps = FINEST[body.unit], _FINEST_TURN
        parts = record['origin'][0], record['rotation'][:, :2].ravel()
        rounded = [np.rint(x / step) * step for x, step in zip(parts, steps, strict=True)]
        placement.append(np.concatenate(rounded))
    frames.flush()
    placement = np.array(placement, np.float32)
    np.savez(folder / 'index.npz', starts=starts, placement=placement, takes=np.array(takes, int))
    meta = dict(key=key, layout=layout, names=list(names))
    (folder / 'meta.json').write_text(json.dumps(meta))


@dataclass(frozen=True)
class View:
    """What an attacker may look at: clips, and which action each of them shows as far as the attacker knows.

    Args:
        stores (tuple[ClipStore]): Files that the clips come from: several where a method was drawn several times.
        source (np.ndarray): For each clip the position of its store, shape (n,).
        index (np.ndarray): For each clip its position in that store, shape (n,).
        actions (np.ndarray): For each clip its action: the published label of clips that the attacker trains on, and the answer of
            a recognizer for the others. Shape (n,).
        num_actions (int): Number of action classes.
    """

    stores: tuple[ClipStore, ...]
    source: np.ndarray
    index: np.ndarray
    actions: np.ndarray
    num_actions: int

    def __len__(self) -> int:
        """int: Number of clips n."""
        return len(self.index)

    def __getitem__(self, rows: np.ndarray | slice) -> View:
        """Some of the clips, chosen by position or mask."""
        return View(
            self.stores, self.source[rows], self.index[rows], self.actions[rows], self.num_actions
        )

    def __add__(self, other: View) -> View:
        """The clips of both, these first."""
        return View(
            self.stores + other.stores,
            np.concatenate([self.source, other.source + len(self.stores)]),
            np.concatenate([self.index, other.index]),
            np.concatenate([self.actions, other.actions]),
            self.num_actions,
        )

    @property
    def layout(self) -> SkeletonLayout:
        """SkeletonLayout: Layout of the clips."""
        return self.stores[0].layout

    @property
    def num_person(self) -> int:
        """int: Persons M of every clip."""
        return self.stores[0].num_person

    def _gather(self, table: Callable[[ClipStore], np.ndarray]) -> np.ndarray:
        tables = [table(store) for store in self.stores]
        out = np.empty((len(self), *tables[0].shape[1:]), tables[0].dtype)
        for number, rows in enumerate(tables):
            mine = self.source == number
            out[mine] = rows[self.index[mine]]
        return out

    def clips(self, length: int) -> np.ndarray:
        """These clips at one length, shape (n, M, L, V, C), float32, in memory."""
        return self._gather(lambda store: store.clips(length))

    def features(self, name: str, function: FeatureFunction) -> np.ndarray:
        """The rows of :meth:`ClipStore.features` of these clips, shape (n, D), float32."""
        return self._gather(lambda store: store.features(name, function))

    def placement(self) -> np.ndarray:
        """The rows of :attr:`ClipStore.placement` of these clips, shape (n, P)."""
        return self._gather(lambda store: store.placement)

    def names(self) -> list[str]:
        """Name of each clip."""
        return [self.stores[s].names[i] for s, i in zip(self.source, self.index, strict=True)]

    def takes(self) -> np.ndarray:
        """Number of the take that each clip shows, shape (n,)."""
        return self._gather(lambda store: store.takes)

    def num_frames(self) -> np.ndarray:
        """Frames of each clip in its file, shape (n,)."""
        return self._gather(lambda store: store.num_frames)

    def full(self) -> Iterator[np.ndarray]:
        """Each clip at full length, shape (M, T, V, C)."""
        for source, index in zip(self.source, self.index, strict=True):
            yield self.stores[source].clip(int(index))
