# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Figures of one attacker in one tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from scipy.stats import norm

from mmskanon.evaluation.functional import (
    area_under_roc,
    balanced_accuracy,
    chance_level,
    chance_upper_bound,
    content_level,
    equal_error_rate,
    linkability,
    majority_level,
    mean_interval,
    pair_interval,
    per_group_accuracy,
    top_k_credit,
    tpr_at_fpr,
    worst_decile,
)

from .inputs import Recording
from .judging import Answers
from .tasks import Task
from .trials import Trials

_GUESSES = 200  # simulated, by which the spread of a guessed equal error rate is known
_GUESSED_DIMS = (
    2  # of the place at which a guess puts each clip; with more of them guesses spread less
)


class Yardstick:
    """Measures answers to one task.

    Args:
        task (Task): The task.
        trials (Mapping[str, Trials]): Its trial lists ``matched`` and ``across``, or none.
        original (Recording): The originals.
        resamples (int): Bootstrap resamples of subjects.
        seed (int): Seed of the bootstrap.
    """

    def __init__(
        self,
        task: Task,
        trials: Mapping[str, Trials],
        original: Recording,
        resamples: int,
        seed: int,
    ) -> None:
        self.task, self.trials, self.original = task, trials, original
        self.resamples, self.seed = resamples, seed
        self.labels = task.labels[task.test]
        values = original.values('subject')
        numbers: dict = {}
        self.people = np.array([numbers.setdefault(v, len(numbers)) for v in values])
        self.subjects = list(numbers)

    @property
    def chance(self) -> float:
        """float: Accuracy of a uniform guess."""
        return chance_level(self.labels)

    def describe(self) -> dict[str, Any]:
        """Classes, chance and majority, for the document."""
        return dict(
            classes=self.task.num_classes,
            values=[str(v) for v in self.task.values],
            chance=self.chance,
            majority=majority_level(self.labels),
            content=self._content,
        )

    @cached_property
    def _content(self) -> float:
        """Accuracy of guessing from the action alone."""
        actions, labels = self.original.actions, self.task.labels
        right = sum(
            len(f.test)
            * content_level(labels[f.train], actions[f.train], labels[f.test], actions[f.test])
            for f in self.task.folds
        )
        return right / len(self.labels)

    @property
    def guess_rate(self) -> float:
        """float: Accuracy of the better guess: always the most frequent class, or by the action of the clip."""
        return max(majority_level(self.labels), self._content)

    def identification(self, answers: Answers) -> dict[str, Any]:
        """Rank-1 with its interval over subjects."""
        credit = top_k_credit(answers.log_posterior, self.labels, 1)
        people = self.people[self.task.test]
        low, high = mean_interval(credit, people, self.resamples, self.seed)
        return dict(rank1=float(credit.mean()), rank1_interval=[low, high])

    def measure(self, answers: Answers) -> dict[str, Any]:
        """All figures.

        Args:
            answers (Answers): What the attacker answers.

        Returns:
            dict: Keys as ``docs/audit_report.md`` describes; identification is None for people never trained on, verification where
            nobody is enrolled.
        """
        figures: dict[str, Any] = dict.fromkeys(
            ('rank1', 'rank1_interval', 'rank5', 'balanced', 'worst_decile', 'per_class')
        )
        if not np.isfinite(answers.log_posterior).any(axis=1).all():
            raise ValueError('an attacker gave no answer for a clip; its training has diverged')
        if self.task.kind != 'open':
            figures.update(self.identification(answers))
            figures['balanced'] = balanced_accuracy(answers.log_posterior, self.labels)
            credit = top_k_credit(answers.log_posterior, self.labels, 1)
            by_value = per_group_accuracy(credit, self.labels)
            figures['per_class'] = {str(self.task.values[k]): v for k, v in by_value.items()}
            by_person = per_group_accuracy(credit, self.people[self.task.test])
            figures['worst_decile'] = worst_decile(by_person)
            if self.task.num_classes > 5:
                rank5 = top_k_credit(answers.log_posterior, self.labels, 5)
                figures['rank5'] = float(rank5.mean())
        return figures | self._verification(answers)

    def _verification(self, answers: Answers) -> dict[str, Any]:
        keys = (
            'eer',
            'eer_interval',
            'eer_across',
            'auc',
            'd_sys',
            'tpr_at_1_percent',
            'tpr_at_0.1_percent',
        )
        figures: dict[str, Any] = dict.fromkeys(keys)
        matched, across = (self.trials.get(k) for k in ('matched', 'across'))
        if matched is not None and 0 < matched.genuine.sum() < len(matched):
            scores = answers.pairs['matched']
            figures['eer'] = equal_error_rate(scores, matched.genuine)
            interval = pair_interval(
                equal_error_rate,
                scores,
                matched.genuine,
                self.people[matched.pairs],
                self.resamples,
                self.seed,
            )
            # Few resamples of few people may all lack one kind of pairs.
            figures['eer_interval'] = list(interval) if np.isfinite(interval).all() else None
            figures['auc'] = area_under_roc(scores, matched.genuine)
            figures['d_sys'] = linkability(scores, matched.genuine)
            figures['tpr_at_1_percent'] = tpr_at_fpr(scores, matched.genuine, 0.01)
            figures['tpr_at_0.1_percent'] = tpr_at_fpr(scores, matched.genuine, 0.001)
        if across is not None and 0 < across.genuine.sum() < len(across):
            figures['eer_across'] = equal_error_rate(answers.pairs['across'], across.genuine)
        return figures

    def guess_bound(self, attackers: int) -> float:
        """Accuracy that the best of some guessing attackers exceeds in one audit of twenty, each clip guessed by itself from its action.

        Args:
            attackers (int): Number of attackers of which the best counts.
        """
        return chance_upper_bound(len(self.labels), self.guess_rate, 0.05, attackers)

    def leak_bound(self, attackers: int) -> float:
        """Accuracy above which the best of some attackers does not guess, be it clips or people.

        An attribute is asked of people whom attackers have not trained on. Whoever tells people apart may guess once for each person
        and be right or wrong about all clips of theirs, so for attributes what is guessed is people: as many as there are, or, where some
        have more clips than others, ``(sum n)^2 / sum n^2`` of them. For people themselves the bound is :meth:`guess_bound`.

        Args:
            attackers (int): Number of attackers of which the best counts.

        Returns:
            float: At least :meth:`guess_bound`; 1 where people are too few for anything to exceed it.
        """
        bound = self.guess_bound(attackers)
        if self.task.kind != 'attribute':
            return bound
        _, clips = np.unique(self.people[self.task.test], return_counts=True)
        people = int(clips.sum() ** 2 // (clips**2).sum())
        return max(bound, chance_upper_bound(people, self.guess_rate, 0.05, attackers))

    def eer_bound(self, attacks: int) -> float | None:
        """Equal error rate that the lowest of some guessing attacks falls below in one audit of twenty.

        The lowest of many lies below 50 % though none knows anything. A guess puts each clip of the list ``matched`` at random; what
        it errs is spread normally about 50 %, and how widely is simulated on the list.

        Args:
            attacks (int): Number of attacks of which the lowest counts.

        Returns:
            float, optional: None where nothing is verified.
        """
        if self._guessed_spread is None:
            return None
        return float(max(0.5 + norm.ppf(0.05 / attacks) * self._guessed_spread, 0))

    @cached_property
    def _guessed_spread(self) -> float | None:
        """Standard deviation of the equal error rate of guesses; None where nothing is verified."""
        matched = self.trials.get('matched')
        if matched is None or not 0 < matched.genuine.sum() < len(matched):
            return None
        rng = np.random.default_rng(self.seed)
        clips, pairs = np.unique(matched.pairs, return_inverse=True)
        first, second = pairs.reshape(-1, 2).T
        errors = []
        for _ in range(_GUESSES):
            places = rng.standard_normal((len(clips), _GUESSED_DIMS))
            likeness = np.einsum('pd,pd->p', places[first], places[second])
            errors.append(equal_error_rate(likeness, matched.genuine))
        return float(np.std(errors))

    def groups(self, answers: Answers, donors: Sequence[int | str]) -> dict[str, dict]:
        """Rank-1 on people of the anonymizer's training data and on the others, each among all people.

        Args:
            answers (Answers): What the attacker answers.
            donors (Sequence): Subjects of the anonymizer's training data.

        Returns:
            dict: ``donors`` and ``others``, each with its number of ``clips`` and ``rank1``, None where there is none.
        """
        known = np.isin(self.people[self.task.test], [self.subjects.index(d) for d in donors])
        credit = top_k_credit(answers.log_posterior, self.labels, 1)
        return {
            name: dict(clips=len(part), rank1=float(part.mean()) if len(part) else None)
            for name, part in dict(donors=credit[known], others=credit[~known]).items()
        }


def strongest(figures: Mapping[str, Mapping], attackers: Mapping[str, Mapping]) -> str | None:
    """The attacker whose figures stand for a tier.

    Args:
        figures (Mapping): Figures of each attacker.
        attackers (Mapping): ``counts`` of each attacker; those that read no skeleton are left out.

    Returns:
        str, optional: The one with the highest rank-1, the first of equals; None where nobody is identified.
    """
    rates = {n: f['rank1'] for n, f in figures.items() if attackers[n]['counts']}
    rates = {n: r for n, r in rates.items() if r is not None}
    return max(rates, key=rates.__getitem__, default=None)
