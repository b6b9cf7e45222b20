# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How the motion of recordings is anonymized, a few at a time, with chance that belongs to each recording alone."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.config import Config

from mmskanon.apis.anonymize import anonymize_together, shown_persons
from mmskanon.apis.skeletons import init_anonymizer, normalization_for
from mmskanon.models.anonymizers import BaseAnonymizer
from mmskanon.models.anonymizers.chance import Chance, drawing_from
from mmskanon.skeletons.layouts import beyond_scores, check_joint_count
from mmskanon.skeletons.resampling import resample_clip


@dataclass(frozen=True)
class Clip:
    """What an anonymizer is given.

    Args:
        name (str): Name of the recording, on which its chance depends.
        where (str): How messages name it.
        subject (int | str | None): Whose it is, if that is known.
        keypoint (np.ndarray): Shape (M, T, V, C), camera space.
        take (Hashable, optional): Which performance it shows (:func:`~mmskanon.datasets.schema.take_of`). Defaults to None, not known.
    """

    name: str
    where: str
    subject: int | str | None
    keypoint: np.ndarray
    take: Hashable | None = None


@dataclass(frozen=True)
class MotionSettings:
    """What the motion depends on; can be sent to another process.

    Args:
        cfg (Config): Config that trained the anonymizer.
        checkpoint (str, optional): Its checkpoint; None for anonymizers without weights.
        device (str): Where to run. Defaults to ``'cpu'``.
        frames (int, optional): Number of frames that every clip is brought to. Defaults to None, as they are.
        placement (str): One of :data:`~mmskanon.skeletons.placement.PLACEMENTS`. Defaults to ``'keep'``.
        batch_size (int): Most clips of equal length in one call of an anonymizer that draws nothing. Defaults to 1, which is as fast on
            a CPU.

    Raises:
        ValueError: If ``batch_size`` is less than 1.
    """

    cfg: Config
    checkpoint: str | None
    device: str = 'cpu'
    frames: int | None = None
    placement: str = 'keep'
    batch_size: int = 1

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, found {self.batch_size}')


class Motion:
    """Anonymizes clips.

    Args:
        settings (MotionSettings): How.
        seed (int, optional): Seed of the run. Each clip draws from a seed of its own, made of this one and its name, whatever else is
            anonymized before or beside it. None leaves anonymizers to their own seeds.

    Attributes:
        anonymizer (BaseAnonymizer): In eval mode.

    Raises:
        FileNotFoundError, ValueError: If config or checkpoint is missing or faulty, or does not fit the other.
    """

    def __init__(self, settings: MotionSettings, seed: int | None = None) -> None:
        self.settings, self.seed = settings, seed
        self.anonymizer: BaseAnonymizer = init_anonymizer(
            settings.cfg, settings.checkpoint, settings.device
        )
        self._normalization = normalization_for(self.anonymizer)

    @property
    def coordinates(self) -> int:
        """int: Leading numbers of a joint that are coordinates; the others are scores."""
        return max(self.anonymizer.num_coords, self.anonymizer.layout.dims)

    def check(self, keypoint: np.ndarray, where: str, subject: int | str | None) -> None:
        """Make sure that a recording fits the anonymizer.

        Args:
            keypoint (np.ndarray): Shape (M, T, V, C).
            where (str): How messages name it.
            subject (int | str, optional): Whose it is, if that is known.

        Raises:
            ValueError: If it has another number of joints or coordinates, a score that can be none, too many persons, or no subject where
                the anonymizer needs one.
        """
        layout, found = self.anonymizer.layout, keypoint.shape[3]
        check_joint_count(layout, keypoint.shape[2], where)
        if found < self.coordinates:
            raise ValueError(
                f'{where} has {found} coordinates a joint, the anonymizer was made for {self.coordinates} (layout {layout.name!r}); '
                'give an anonymizer for the layout that the recording has'
            )
        span = beyond_scores(keypoint, self.coordinates)
        if span is not None:
            raise ValueError(
                f'{where} has numbers from {span[0]:g} to {span[1]:g} where a score from 0 to 1 is expected; a further coordinate? '
                f'the layout {layout.name!r} has {self.coordinates}: give an anonymizer for the layout that the recording has, leave the number out, '
                'or bring scores to 0 to 1'
            )
        shown_persons(keypoint, self.anonymizer.num_person, where)
        if self.anonymizer.asks_for_subject and subject is None:
            raise ValueError(
                f'{where} has no subject, which {type(self.anonymizer).__name__} needs; name the file after the pattern of its data set'
            )

    def __call__(self, clips: Sequence[Clip]) -> list[np.ndarray]:
        """Anonymize clips.

        Args:
            clips (Sequence[Clip]): The clips.

        Returns:
            list[np.ndarray]: Of each the new joints, shape (M, T', V, C), in its dtype.

        Raises:
            ValueError: If a clip does not fit the anonymizer; the sentence names it.
        """
        frames, dims = self.settings.frames, self.anonymizer.layout.dims
        keypoints = [
            c.keypoint
            if frames in (None, c.keypoint.shape[1])
            else resample_clip(c.keypoint, frames, c.keypoint[..., :dims].any(-1)).astype(
                c.keypoint.dtype
            )
            for c in clips
        ]
        made: list[np.ndarray | None] = [None] * len(clips)
        for rows in self._batches(keypoints):
            # An anonymizer that draws gets clips one by one, so that there is one seed a call.
            chance = None if self.seed is None else Chance(seed_of(self.seed, clips[rows[0]].name))
            with drawing_from(chance):
                outputs = anonymize_together(
                    [keypoints[row] for row in rows],
                    self.anonymizer,
                    self._normalization,
                    [clips[row].where for row in rows],
                    [clips[row].subject for row in rows],
                    self.settings.placement,
                    [clips[row].take for row in rows],
                )
            for row, output in zip(rows, outputs, strict=True):
                made[row] = output
        return made

    def _batches(self, keypoints: Sequence[np.ndarray]) -> list[list[int]]:
        """Positions of clips that go through the anonymizer together: of equal length, in the order of the clips."""
        most = 1 if self.anonymizer.draws else self.settings.batch_size
        batches: list[list[int]] = []
        open_batches: dict[tuple, list[int]] = {}
        for row, keypoint in enumerate(keypoints):
            shape = (keypoint.shape[1], keypoint.shape[3])
            batch = open_batches.get(shape)
            if batch is None or len(batch) >= most:
                batch = open_batches[shape] = []
                batches.append(batch)
            batch.append(row)
        return batches


def seed_of(seed: int, name: str) -> int:
    """Seed of a recording: the first seven bytes of SHA-256 over the seed of the run and the name, so that who knows one seed knows no other."""
    return int.from_bytes(hashlib.sha256(f'{seed} {name}'.encode()).digest()[:7], 'big')
