# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A gallery of motions to draw donors from: bone directions and path of clips, without names and body measures."""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike

import numpy as np
import torch
from torch import Tensor

from mmskanon.io.atomic import atomic_path
from mmskanon.io.checkpoints import load_checkpoint

from .gaps import fill_gaps
from .kinematics import inverse_kinematics
from .layouts import SkeletonLayout, get_layout
from .population import Population

_FORMAT = 'mmskanon gallery 1'


@dataclass(frozen=True)
class Gallery:
    """Motions of K clips with F frames in all; every person is in every frame (:func:`~mmskanon.skeletons.gaps.fill_gaps`).

    Attributes:
        directions (Tensor): Bone directions from parent to joint, shape (F, M, V, 3), zero where a bone has none.
        centers (Tensor): Position of the layout's centre joint in body space, shape (F, M, 3), in the unit of the clips.
        starts (Tensor): First frame of each clip, and F; shape (K + 1,).
        labels (Tensor): Action class of each clip, shape (K,).
        subjects (Tensor): A number for the person of each clip, shape (K,), from 0.
        lengths (Tensor): Median bone lengths of the population, shape (V,).
        rest (Tensor): Rest directions of the population, shape (V, 3).
        takes (Tensor, optional): A number for the performance that each clip shows, shape (K,); equal where several cameras filmed
            one. None where that is not known, as of a file.
    """

    directions: Tensor
    centers: Tensor
    starts: Tensor
    labels: Tensor
    subjects: Tensor
    lengths: Tensor
    rest: Tensor
    takes: Tensor | None = None

    def __len__(self) -> int:
        """int: Number of clips K."""
        return len(self.labels)

    @property
    def num_subjects(self) -> int:
        """int: Number of different people."""
        return len(self.subjects.unique())


def build_gallery(
    clips: Sequence[np.ndarray],
    labels: Sequence[int],
    subjects: Sequence[Hashable | None],
    population: Population,
    layout: str | Mapping | SkeletonLayout,
    num_person: int,
    takes: Sequence[int] | None = None,
) -> Gallery:
    """Build a gallery; clips that show nobody are left out.

    Args:
        clips (Sequence[np.ndarray]): Clips of shape (M, T, V, C) in body space, read one at a time by index.
        labels (Sequence[int]): Action class of each clip.
        subjects (Sequence): Subject of each clip; in the gallery they are numbered in the order of first appearance.
        population (Population): Bone lengths and rest directions.
        layout (str | dict | SkeletonLayout): Skeleton layout.
        num_person (int): Number of persons M of the gallery; further persons of a clip are left out.
        takes (Sequence[int], optional): A number for the performance that each clip shows. Defaults to None, not known.

    Returns:
        Gallery: The gallery, clips in the order given.

    Raises:
        ValueError: If the subject of a clip is unknown, or no clip shows anybody.
    """
    layout = get_layout(layout)
    if None in subjects:
        raise ValueError(
            f'clip {list(subjects).index(None)} of the gallery has no subject, so donors could not be told to be different people: give every '
            'sample the key subject'
        )
    number = {subject: i for i, subject in enumerate(dict.fromkeys(subjects))}
    directions, centers, kept = [], [], []
    for index in range(len(labels)):
        clip = fill_gaps(clips[index][:num_person, ..., : layout.dims], num_person, layout)
        if clip is None:
            continue
        x = torch.from_numpy(clip).transpose(0, 1)
        directions.append(inverse_kinematics(x, layout)[1])
        centers.append(x[..., layout.center, :])
        kept.append(index)
    if not kept:
        raise ValueError('no clip of the gallery shows anybody: choose another split')
    ends = torch.tensor([len(x) for x in centers]).cumsum(0)
    return Gallery(
        directions=torch.cat(directions),
        centers=torch.cat(centers),
        starts=torch.cat([ends.new_zeros(1), ends]),
        labels=torch.tensor([int(labels[i]) for i in kept]),
        subjects=torch.tensor([number[subjects[i]] for i in kept]),
        lengths=torch.as_tensor(population.lengths, dtype=torch.float32),
        rest=torch.as_tensor(population.directions, dtype=torch.float32),
        takes=None if takes is None else torch.tensor([takes[i] for i in kept]),
    )


def shuffle_gallery(gallery: Gallery) -> Gallery:
    """Bring clips into a random order, number people anew and forget takes, so that nothing tells which recording or person it was.

    Randomness is the operating system's, out of reach of any seed.

    Args:
        gallery (Gallery): A gallery.

    Returns:
        Gallery: The same motions in another order.
    """
    generator = torch.Generator().manual_seed(secrets.randbits(63))
    order = torch.randperm(len(gallery), generator=generator)
    people = torch.randperm(int(gallery.subjects.max()) + 1, generator=generator)
    frames = gallery.starts.diff()[order]
    rows = torch.cat([torch.arange(*gallery.starts[i : i + 2].tolist()) for i in order.tolist()])
    return replace(
        gallery,
        directions=gallery.directions[rows],
        centers=gallery.centers[rows],
        starts=torch.cat([gallery.starts[:1], frames.cumsum(0)]),
        labels=gallery.labels[order],
        subjects=people[gallery.subjects[order]],
        takes=None,
    )


def save_gallery(
    gallery: Gallery,
    path: str | PathLike,
    layout: str | Mapping | SkeletonLayout,
    overwrite: bool = False,
) -> None:
    """Write a gallery after :func:`shuffle_gallery`; the file has tensors and the joints of the layout, and no name of anybody.

    Args:
        gallery (Gallery): A gallery.
        path (str | PathLike): File to write, with the suffix ``.pth``.
        layout (str | dict | SkeletonLayout): Its skeleton layout.
        overwrite (bool): Whether an existing file may be replaced. Defaults to False.

    Raises:
        FileExistsError: If the file exists and ``overwrite`` is False.
    """
    layout = get_layout(layout)
    content = dict(format=_FORMAT, joints=list(layout.joints), parents=list(layout.parents))
    content.update({k: v for k, v in asdict(shuffle_gallery(gallery)).items() if v is not None})
    with atomic_path(path, overwrite) as temporary:
        torch.save(content, temporary)


def load_gallery(
    path: str | PathLike, layout: str | Mapping | SkeletonLayout, num_person: int
) -> Gallery:
    """Read a gallery as data, never as a program.

    Args:
        path (str | PathLike): File of :func:`save_gallery`.
        layout (str | dict | SkeletonLayout): Skeleton layout expected.
        num_person (int): Number of persons expected.

    Returns:
        Gallery: The gallery.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no gallery, damaged, or of another layout or number of persons.
    """
    layout = get_layout(layout)
    content = load_checkpoint(path)
    if content.pop('format', None) != _FORMAT:
        raise ValueError(
            f'{path} is no gallery of this version of mmskanon: make one with tools/gallery.py'
        )
    if (content.pop('joints'), content.pop('parents')) != (
        list(layout.joints),
        list(layout.parents),
    ):
        raise ValueError(
            f'gallery {path} was made for other joints than those of the layout {layout.name!r}: make one with this layout'
        )
    gallery = Gallery(**content)
    persons = gallery.directions.shape[1]
    if persons != num_person:
        raise ValueError(
            f'gallery {path} has {persons} person(s) a clip, expected {num_person}: make one with that num_person'
        )
    return gallery
