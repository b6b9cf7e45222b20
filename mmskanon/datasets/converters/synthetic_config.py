# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a synthetic data set consists of: its size, its noise, and the identity cues that are on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .synthetic_actions import PAIR_ACTIONS, SINGLE_ACTIONS

CUES = ('bone_lengths', 'tempo', 'posture', 'bias', 'gender')

_STREAMS = ('subject', 'clip', 'noise', 'stranger', 'spread')


@dataclass(frozen=True)
class SyntheticConfig:
    """What to generate.

    Args:
        num_subjects (int): Subjects, numbered from 1; odd ones are female, even ones male. Defaults to 8.
        num_actions (int): Action classes altogether. Defaults to 10.
        trials (int): Repetitions of each action by each subject, numbered from 1; at least 2, because odd trials make up the split
            ``train`` and even ones ``test``. Defaults to 4.
        seed (int): Seed of everything random. Defaults to 0.
        fps (float): Frames a second. Defaults to 30.
        frames (tuple[int, int]): Shortest and longest clip in frames. Defaults to (60, 90).
        noise_std (float): Standard deviation of the sensor noise of trunk joints in metres; hands and feet have up to 1.6 times as
            much. Defaults to 0.008.
        two_person_actions (int): How many of the action classes involve a second person. Defaults to 2.
        cues (Iterable[str]): Identity cues that are switched on, out of :data:`CUES`. Defaults to all.

    Raises:
        ValueError: If a number is out of range or a cue is unknown.
    """

    num_subjects: int = 8
    num_actions: int = 10
    trials: int = 4
    seed: int = 0
    fps: float = 30.0
    frames: tuple[int, int] = (60, 90)
    noise_std: float = 0.008
    two_person_actions: int = 2
    cues: Iterable[str] = CUES

    def __post_init__(self) -> None:
        if isinstance(self.cues, str):
            raise ValueError(
                f"cues must be a list of names, found the string '{self.cues}'; write ['{self.cues}']."
            )
        object.__setattr__(self, 'cues', frozenset(self.cues))
        object.__setattr__(self, 'frames', tuple(self.frames))
        unknown = sorted(self.cues - set(CUES))
        if unknown:
            raise ValueError(f'cues has the unknown names {unknown}; choose from {list(CUES)}.')
        for name, low in (('num_subjects', 1), ('num_actions', 1), ('trials', 2), ('seed', 0)):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < low:
                raise ValueError(
                    f'{name} must be a whole number of at least {low}, found {value!r}.'
                )
        if not 0 <= self.two_person_actions <= min(len(PAIR_ACTIONS), self.num_actions):
            raise ValueError(
                f'two_person_actions must lie between 0 and {min(len(PAIR_ACTIONS), self.num_actions)} '
                f'(of {self.num_actions} actions), found {self.two_person_actions!r}.'
            )
        single = self.num_actions - self.two_person_actions
        if single > len(SINGLE_ACTIONS):
            raise ValueError(
                f'num_actions asks for {single} one-person actions, only {len(SINGLE_ACTIONS)} exist; '
                f'with two_person_actions={self.two_person_actions} at most '
                f'{len(SINGLE_ACTIONS) + self.two_person_actions} actions are possible.'
            )
        if len(self.frames) != 2 or not 2 <= self.frames[0] <= self.frames[1]:
            raise ValueError(
                f'frames must be the shortest and the longest length, at least 2, found {self.frames!r}.'
            )
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f'fps must be a positive number, found {self.fps!r}.')
        if not (np.isfinite(self.noise_std) and self.noise_std >= 0):
            raise ValueError(
                f'noise_std must be a number of metres, zero or more, found {self.noise_std!r}.'
            )

    @property
    def action_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their labels: one-person actions first."""
        single = list(SINGLE_ACTIONS)[: self.num_actions - self.two_person_actions]
        return (*single, *list(PAIR_ACTIONS)[: self.two_person_actions])

    def stream(self, name: str, *key: int) -> np.random.Generator:
        """A random stream that depends on nothing but the seed, its name and its key.

        Args:
            name (str): ``'subject'``, ``'clip'``, ``'noise'``, ``'stranger'`` or ``'spread'``.
            *key (int): Numbers of subject, action and trial, as far as the stream is theirs.

        Returns:
            numpy.random.Generator: The stream, from its beginning.
        """
        seed = np.random.SeedSequence(self.seed, spawn_key=(_STREAMS.index(name), *key))
        return np.random.Generator(np.random.PCG64(seed))
