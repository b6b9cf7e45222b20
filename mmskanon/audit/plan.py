# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Which jobs an audit consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from mmskanon.registry import ATTACKERS

from .clips import ClipStore
from .inputs import Method, Recording
from .jobs import Job
from .judging import target_of
from .sight import Sight
from .tasks import Fold, Task
from .tiers import TIERS

ORIGINAL = 'original'


@dataclass(frozen=True)
class Beliefs:
    """Which action attackers take each clip to show.

    Clips that attackers learn from have published labels. Of the others they know what a recognizer says that has learned from the
    same clips as they.

    Args:
        labels (np.ndarray): The labels, shape (N,).
        recognized (dict): For each pair of what the recognizer learned from and which file it reads (``'original'`` or the name of
            a method; an inverted file is that name with ``'/inverted'``) its answers, shape (N,).
    """

    labels: np.ndarray
    recognized: dict[tuple[str, str], np.ndarray]

    def of(self, learned: str, read: str) -> np.ndarray:
        """Actions that an attacker who learned from one file believes the clips of another to show, shape (N,)."""
        return self.recognized[learned, read]


class Plan:
    """The jobs of one task.

    Args:
        original (Recording): The originals.
        task (Task): The task.
        attackers (Mapping[str, Mapping]): Configs of the attackers, by name.
        seeds (list[int]): Seeds with which each attacker is trained.
        beliefs (Beliefs): Which actions clips are taken to show.
    """

    def __init__(
        self,
        original: Recording,
        task: Task,
        attackers: Mapping[str, Mapping],
        seeds: list[int],
        beliefs: Beliefs,
    ) -> None:
        self.original = original
        self.task = task
        self.attackers = attackers
        self.seeds = seeds
        self.beliefs = beliefs
        self._fit_original = cache(self._fit_original)

    def _sight(self, stores: list[ClipStore], index: np.ndarray, actions: np.ndarray) -> Sight:
        return Sight.of(stores, index, actions, self.original.num_actions)

    def _train(self, stores: list[ClipStore], fold: Fold) -> Sight:
        return self._sight(stores, fold.train, self.beliefs.labels)

    def _target(self, store: ClipStore, fold: Fold, learned: str, read: str) -> Sight:
        return self._sight([store], target_of(fold), self.beliefs.of(learned, read))

    def _job(self, name: str, sight: Sight, fold: Fold, times: int, seed: int, **kwargs) -> Job:
        return Job(
            self.attackers[name],
            sight,
            np.tile(self.task.labels[fold.train], times),
            self.task.num_classes,
            seed=seed,
            **kwargs,
        )

    def _fit_original(self, name: str, fold: int, seed: int) -> Job:
        part = self.task.folds[fold]
        store = self.original.store
        target = self._target(store, part, ORIGINAL, ORIGINAL)
        return self._job(
            name, self._train([store], part), part, 1, seed, targets={ORIGINAL: target}
        )

    def jobs(
        self,
        name: str,
        tier: str,
        fold: int,
        seed: int,
        method: Method | None,
        inverted: ClipStore | None = None,
    ) -> tuple[tuple[Job, str], tuple[Job, str]]:
        """The jobs, and the names of their results, from which one attacker of a tier judges enrolment and trial clips.

        Args:
            name (str): The attacker.
            tier (str): The tier.
            fold (int): Number of the fold.
            seed (int): Seed of the attacker.
            method (Method, optional): The anonymized file; None only for the tier ``control``.
            inverted (ClipStore, optional): What was recovered of it, for the tier ``inversion``. Defaults to None.

        Returns:
            tuple: (job, result) for the enrolment clips and for the trial clips.
        """
        part = self.task.folds[fold]
        what = TIERS[tier]
        fit = self._fit_original(name, fold, seed)
        if method is None:
            return (fit, ORIGINAL), (fit, ORIGINAL)
        first = method.stores[0]
        if what.training == 'original':
            read, store = (
                (f'{method.name}/inverted', inverted) if inverted else (method.name, first)
            )
            target = self._target(store, part, ORIGINAL, read)
            ask = self._job(name, fit.train, part, 1, seed, targets={'asked': target}, ready=fit)
            trial = (ask, 'asked')
            return ((fit, ORIGINAL) if what.enrol == ORIGINAL else trial), trial
        draws = len(method.stores)
        target = self._target(first, part, method.name, method.name)
        train = self._train(method.stores, part)
        if what.training == 'anonymized':
            job = self._job(name, train, part, draws, seed, targets={'anonymized': target})
        else:
            targets = {
                ORIGINAL: self._target(self.original.store, part, ORIGINAL, ORIGINAL),
                'anonymized': target,
            }
            if ATTACKERS.get(self.attackers[name]['type']).adapts:
                job = self._job(name, train, part, draws, seed, targets=targets, start=fit)
            else:
                both = self._train([self.original.store], part) + train
                job = self._job(name, both, part, draws + 1, seed, targets=targets)
        return (job, what.enrol), (job, 'anonymized')
