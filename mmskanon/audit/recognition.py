# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recognizers of the action: what anonymized clips are still good for, and what attackers take a clip to show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmskanon.evaluation.functional import mean_class_accuracy, top_k_accuracy

from .clips import ClipStore
from .inputs import Method, Recording
from .jobs import Job, JobResult
from .plan import ORIGINAL, Beliefs
from .sight import Sight
from .tasks import Fold


class Recognition:
    """The jobs of the recognizers and what follows from their results.

    Args:
        original (Recording): The originals.
        fold (Fold): Recognizers learn from its training clips; utility is measured on its test clips.
        recognizers (Mapping[str, Mapping]): Configs of attackers that learn the action instead, by name. The first is the recognizer
            whose figures count, the second the unseen architecture.
        believed (str): The recognizer that tells attackers which action a clip shows.
        seeds (list[int]): Seeds with which each is trained; accuracies are means over them.
    """

    def __init__(
        self,
        original: Recording,
        fold: Fold,
        recognizers: Mapping[str, Mapping],
        believed: str,
        seeds: list[int],
    ) -> None:
        if believed not in recognizers:
            raise ValueError(
                f'believed names the recognizer {believed!r}, which is not one of {sorted(recognizers)}; correct the audit config'
            )
        self.original, self.fold, self.recognizers = original, fold, recognizers
        self.believed, self.seeds = believed, seeds

    def _everything(self, *stores: ClipStore) -> Sight:
        index = np.arange(len(self.original.actions))
        return Sight.of(stores, index, self.original.actions, self.original.num_actions)

    def job(self, name: str, seed: int, learned: Method | None) -> Job:
        """Fit a recognizer on the originals (None) or on a method, and let it read both.

        Args:
            name (str): The recognizer.
            seed (int): Its seed.
            learned (Method, optional): What it learns from.

        Returns:
            Job: Its results are ``'original'`` and, for a method, the name of the method.
        """
        stores = [self.original.store] if learned is None else learned.stores
        train = Sight.of(stores, self.fold.train, self.original.actions, self.original.num_actions)
        targets = {ORIGINAL: self._everything(self.original.store)}
        if learned is not None:
            targets['anonymized'] = self._everything(learned.stores[0])
        labels = np.tile(self.original.actions[self.fold.train], len(stores))
        return Job(self.recognizers[name], train, labels, self.original.num_actions, targets, seed)

    def ask(self, name: str, seed: int, store: ClipStore) -> Job:
        """Let a recognizer that was fitted on the originals read another store; the result is ``'asked'``."""
        fit = self.job(name, seed, None)
        return Job(
            self.recognizers[name],
            fit.train,
            fit.labels,
            fit.num_classes,
            dict(asked=self._everything(store)),
            seed,
            ready=fit,
        )

    def jobs(self, method: Method, inverted: ClipStore | None) -> list[Job]:
        """All jobs that the figures and beliefs of a method need."""
        jobs = []
        for seed in self.seeds:
            for name in self.recognizers:
                jobs += [self.job(name, seed, None), self.ask(name, seed, method.stores[0])]
            jobs.append(self.job(next(iter(self.recognizers)), seed, method))
        first = self.seeds[0]
        jobs.append(self.job(self.believed, first, method))
        if inverted is not None:
            jobs.append(self.ask(self.believed, first, inverted))
        return jobs

    def beliefs(
        self,
        results: Mapping[str, JobResult],
        methods: Mapping[str, tuple[Method, ClipStore | None]],
    ) -> Beliefs:
        """What attackers take clips to show.

        Args:
            results (Mapping[str, JobResult]): Results of the jobs.
            methods (Mapping): For each name the method and what was recovered of it.

        Returns:
            Beliefs: The beliefs.
        """
        seed = self.seeds[0]

        def heard(job: Job, result: str) -> np.ndarray:
            return results[job.key].scores[result].log_posterior.argmax(axis=1)

        told = {(ORIGINAL, ORIGINAL): heard(self.job(self.believed, seed, None), ORIGINAL)}
        for name, (method, inverted) in methods.items():
            ask = self.ask(self.believed, seed, method.stores[0])
            told[ORIGINAL, name] = heard(ask, 'asked')
            told[name, name] = heard(self.job(self.believed, seed, method), 'anonymized')
            if inverted is not None:
                ask = self.ask(self.believed, seed, inverted)
                told[ORIGINAL, f'{name}/inverted'] = heard(ask, 'asked')
        return Beliefs(self.original.actions, told)

    def utility(
        self, results: Mapping[str, JobResult], method: Method, unseen_actions: list[int]
    ) -> dict[str, dict | None]:
        """How well actions are read from the test clips of a method.

        Args:
            results (Mapping[str, JobResult]): Results of the jobs.
            method (Method): The method.
            unseen_actions (list[int]): Labels of actions that the anonymizer has not seen, reported apart; may be empty.

        Returns:
            dict: ``original`` (recognizer and test clips original), ``fixed`` (learned from originals, reads anonymized clips, with the
            ``drop`` in top-1), ``retrained`` (learned from anonymized clips and reads such), ``retrained_on_original`` (learned from
            anonymized clips, reads originals), ``unseen_architecture`` (another network, as ``fixed``), ``unseen_actions`` (``fixed``, those
            actions alone; also ``top1_among``, told that it is one of them, and its ``chance``), each with ``top1`` and ``mean_class``; None where it was
            not asked for.
        """
        names = list(self.recognizers)

        def mean(name: str, job: str, result: str, only: list[int] | None = None) -> dict:
            rows = self.fold.test
            if only is not None:
                rows = rows[np.isin(self.original.actions[rows], only)]
            labels = self.original.actions[rows]
            figures, among = [], []
            for seed in self.seeds:
                made = dict(
                    fit=self.job(name, seed, None),
                    ask=self.ask(name, seed, method.stores[0]),
                    retrained=self.job(name, seed, method),
                )[job]
                scores = results[made.key].scores[result].log_posterior[rows]
                figures.append(
                    (top_k_accuracy(scores, labels), mean_class_accuracy(scores, labels))
                )
                if only is not None:
                    told = np.unique(only)
                    place = np.searchsorted(told, labels)
                    among.append(top_k_accuracy(scores[:, told], place))
            top1, mean_class = np.mean(figures, axis=0).tolist()
            found = dict(top1=top1, mean_class=mean_class)
            return found | (
                dict(top1_among=float(np.mean(among)), chance=1 / len(set(only))) if among else {}
            )

        first = names[0]
        original, fixed = mean(first, 'fit', ORIGINAL), mean(first, 'ask', 'asked')
        fixed['drop'] = original['top1'] - fixed['top1']
        seen = np.isin(self.original.actions[self.fold.test], unseen_actions)
        return dict(
            original=original,
            fixed=fixed,
            retrained=mean(first, 'retrained', 'anonymized'),
            retrained_on_original=mean(first, 'retrained', ORIGINAL),
            unseen_architecture=mean(names[1], 'ask', 'asked') if len(names) > 1 else None,
            unseen_actions=mean(first, 'ask', 'asked', unseen_actions) if seen.any() else None,
        )
