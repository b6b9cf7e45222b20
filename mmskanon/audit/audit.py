# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The audit: from files to what every attacker of every tier answers."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from mmskanon.registry import ATTACKERS

from .clips import ClipStore
from .controls import noise_recording
from .inputs import Method, read_method, read_original
from .inversion import Inverter
from .jobs import Job, JobResult, code_digest, run_jobs
from .judging import Answers, answer
from .plan import ORIGINAL, Beliefs, Plan
from .recognition import Recognition
from .sight import Sight
from .tasks import Task, attribute_task, closed_task, open_task
from .tiers import CONTROL, TIERS
from .trials import Trials, trial_list

_IDENTITY_SEED = 10007

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True)
class Question:
    """A task with its trial lists."""

    task: Task
    trials: dict[str, Trials]


@dataclass(frozen=True)
class Testimony:
    """What one attacker answers in one tier, and the results of the jobs behind it."""

    answers: Answers
    results: list[JobResult]


class Audit:
    """One original, any number of anonymization methods.

    Args:
        cfg (Config): Settings, such as ``configs/audit/standard.py``; ``docs/audit.md`` describes each.
        original (str): The original annotation file.
        anonymized (Mapping[str, Sequence[str]]): For each method its annotation file, or several draws.
        cache (Path): Folder of clips and trained attackers, which several audits may share.
        workers (int, optional): Processes. Defaults to None: one for each CPU, and one where attackers run on an accelerator.
        device (str): Where networks run. Defaults to ``'cpu'``.
        progress (Callable): Told of progress. Defaults to nobody.

    Attributes:
        original (Recording): The originals.
        methods (dict[str, Method]): The methods.
        questions (dict[str, Question]): The tasks with their trial lists.
        attackers (dict[str, dict]): Configs of the attackers.

    Raises:
        FileNotFoundError, KeyError, TypeError, ValueError: If a file or a setting is missing or faulty.
    """

    def __init__(
        self,
        cfg: Config,
        original: str,
        anonymized: Mapping[str, Sequence[str]],
        cache: Path,
        workers: int | None = None,
        device: str = 'cpu',
        progress: Progress = lambda what, done, total: None,
    ) -> None:
        self.cfg, self.cache, self.progress = cfg, Path(cache), progress
        self.device = device
        on_cpu = torch.device(device).type == 'cpu'
        self.workers = workers or ((os.cpu_count() or 1) if on_cpu else 1)
        self.attackers = self._configured('attackers')
        self.recognizers = self._configured('recognizers')
        self.tiers = self._configured_tiers()
        stores = self.cache / 'clips'
        self.original = read_original(
            original, stores, cfg.get('layout'), cfg.attribute_files, cfg.num_person
        )
        self._check_named('donors', 'subject', self.original.values('subject'))
        self._check_named('unseen_actions', 'label', self.original.actions.tolist())
        self.methods = {
            name: read_method(name, files, self.original, stores, cfg.retimed)
            for name, files in anonymized.items()
        }
        self.questions = self._questions()

    def _configured(self, key: str) -> dict[str, dict]:
        """Attackers or recognizers that are not switched off, each built once to see that it can be.

        Raises:
            ValueError: If there is none, or no attacker that may be the strongest.
        """
        made = {n: dict(c, device=self.device) for n, c in self.cfg[key].items() if c}
        for config in made.values():
            ATTACKERS.build(dict(config))
        if not made:
            raise ValueError(f'{self.cfg.filename}, key {key}: expected at least one, found none')
        if key == 'attackers' and not any(ATTACKERS.get(c['type']).counts for c in made.values()):
            raise ValueError(
                f'{self.cfg.filename}, key attackers: none of {sorted(made)} counts, all are only reported apart; add one that reads '
                'skeletons'
            )
        return made

    def _configured_tiers(self) -> list[str]:
        unknown = [t for t in self.cfg.tiers if t not in TIERS]
        if unknown:
            raise ValueError(
                f'{self.cfg.filename}, key tiers: {unknown[0]!r} is no tier; choose from {list(TIERS)}'
            )
        chosen = [t for t in TIERS if t in self.cfg.tiers]
        if CONTROL not in chosen or len(chosen) < 2:
            raise ValueError(
                f'{self.cfg.filename}, key tiers: expected {CONTROL!r}, without which nothing shows that attackers are able to '
                f'find anyone, and at least one other, found {chosen}'
            )
        return chosen

    def _check_named(self, key: str, what: str, values: list) -> None:
        known = sorted(set(values), key=str)
        strange = [v for v in self.cfg[key] if v not in known]
        if strange:
            raise ValueError(
                f'{self.cfg.filename}, key {key}: {what} {strange[0]!r} is not in {self.original.file}; expected some of {known[:10]}'
            )

    def _questions(self) -> dict[str, Question]:
        """The tasks, checked before anything is trained."""
        cfg, original = self.cfg, self.original
        tasks = [closed_task(original, cfg.partition)]
        if cfg.open_folds:
            tasks.append(open_task(original, cfg.open_folds))
        for attribute in cfg.attributes:
            if attribute != 'subject':
                tasks.append(
                    attribute_task(original, attribute, cfg.attribute_folds, cfg.randomness.seed)
                )
        return {task.name: Question(task, self._trials(task)) for task in tasks}

    def _trials(self, task: Task) -> dict[str, Trials]:
        if task.kind == 'attribute':
            return {}
        takes, seed = self.original.take_numbers(), self.cfg.randomness.seed
        lists = {}
        for name, matched in (('matched', True), ('across', False)):
            parts = [
                trial_list(
                    fold.enrolment,
                    fold.test,
                    task.labels,
                    self.original.actions,
                    takes,
                    matched,
                    self.cfg.max_pairs // len(task.folds),
                    seed,
                )
                for fold in task.folds
            ]
            lists[name] = Trials(
                np.concatenate([p.pairs for p in parts]), np.concatenate([p.genuine for p in parts])
            )
        return lists

    def tiers_of(self, question: str) -> list[str]:
        """Tiers that have a meaning for a task.

        Args:
            question (str): Name of the task.

        Returns:
            list[str]: Where nobody is enrolled, those without enrolment of their own; inversion learns from people who are tried again.
        """
        task = self.questions[question].task
        kind = task.kind
        # With several folds the pairs of one are tried in another.
        several = ('inversion',) if len(task.folds) > 1 else ()
        without = dict(
            closed=several,
            open=('inversion',),
            attribute=('lazy_informed', 'original_enrolled', 'inversion'),
        )[kind]
        return [t for t in self.tiers if t not in without]

    def run(self) -> None:
        """Train and ask all attackers; finished ones are taken from the cache."""
        fold = self.questions['subject'].task.folds[0]
        seeds = list(self.cfg.seeds)
        self.recognition = Recognition(
            self.original, fold, self.recognizers, self.cfg.believed, seeds
        )
        self.inverted = self._invert(fold.train) if 'inversion' in self.tiers_of('subject') else {}
        methods = {name: (m, self.inverted.get(name)) for name, m in self.methods.items()}
        self.results = self._do(
            'recognizers', [j for m, i in methods.values() for j in self.recognition.jobs(m, i)]
        )
        beliefs = self.recognition.beliefs(self.results, methods)
        self.plans = {
            name: Plan(self.original, q.task, self.attackers, seeds, beliefs)
            for name, q in self.questions.items()
        }
        self.controls = self._controls(beliefs)
        jobs = [
            job
            for plan, attacker, tier, method in self._everyone()
            for job in self._jobs(plan, attacker, tier, method)
        ]
        self.results |= self._do('attackers', jobs)

    def _everyone(self) -> Iterator[tuple[Plan, str, str, Method | None]]:
        """Every attacker of every tier, question and method, and those of the controls."""
        for question, plan in self.plans.items():
            for tier in self.tiers_of(question):
                for method in [None] if tier == CONTROL else self.methods.values():
                    for attacker in self.attackers:
                        yield plan, attacker, tier, method
        for plan, tier, method in self.controls.values():
            for attacker in plan.attackers:
                yield plan, attacker, tier, method

    def _do(self, what: str, jobs: list[Job]) -> dict[str, JobResult]:
        keys = {j.key for j in jobs} | {n.key for j in jobs for n in j.needs}
        done: set[str] = set()
        self.progress(what, 0, len(keys))

        def tell(job: Job) -> None:
            done.add(job.key)
            self.progress(what, len(done), len(keys))

        return run_jobs(jobs, self.cache / 'jobs', self.workers, tell)

    def _invert(self, train: np.ndarray) -> dict[str, ClipStore]:
        """What a regressor makes of the clips of each method, after pairs of training clips."""
        recovered = {}
        actions, kinds = self.original.actions, self.original.num_actions
        seed = self.cfg.seeds[0]
        for number, (name, method) in enumerate(self.methods.items()):
            self.progress('inversion', number, len(self.methods))
            told = [self.original.store.key, *(s.key for s in method.stores)]
            told += [
                dict(self.cfg.inversion),
                train.tolist(),
                seed,
                code_digest(),
                torch.__version__,
            ]
            key = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
            folder = self.cache / 'clips' / key
            if (folder / 'meta.json').exists():
                recovered[name] = ClipStore(folder)
                continue
            anonymized = Sight.of(method.stores, train, actions, kinds).open()
            pairs = Sight.of([self.original.store] * len(method.stores), train, actions, kinds)
            everything = Sight.of(method.stores[:1], np.arange(len(actions)), actions, kinds)
            inverter = Inverter(**self.cfg.inversion, device=self.device)
            inverter.fit(anonymized, pairs.open(), seed)
            recovered[name] = inverter.recover(everything.open(), folder, key).stores[0]
        self.progress('inversion', len(self.methods), len(self.methods))
        return recovered

    def _controls(self, beliefs: Beliefs) -> dict[str, tuple[Plan, str, Method | None]]:
        """Plans of the two controls with a known answer: independent noise, and the original passed off as anonymized."""
        chosen = {n: self.attackers[n] for n in self.cfg.control_attackers if n in self.attackers}
        task = self.questions['subject'].task
        first = self.cfg.seeds[0]
        noise = noise_recording(self.original, self.cache / 'clips', self.cfg.randomness.seed)
        blind = Beliefs(beliefs.labels, {(ORIGINAL, ORIGINAL): beliefs.labels})
        same = Method('identity', stores=[self.original.store])
        read = beliefs.recognized[ORIGINAL, ORIGINAL]
        seen = Beliefs(beliefs.labels, {(ORIGINAL, ORIGINAL): read, (same.name, same.name): read})
        again = Plan(self.original, task, chosen, [first + _IDENTITY_SEED], seen)
        return dict(
            noise=(Plan(noise, task, chosen, [first], blind), CONTROL, None),
            identity=(again, 'semi_informed', same),
        )

    def _pairs(self, plan: Plan, attacker: str, tier: str, method: Method | None) -> list[list]:
        """For each seed and fold the two jobs with the names of their results."""
        recovered = self.inverted.get(method.name) if method and tier == 'inversion' else None
        return [
            [
                plan.jobs(attacker, tier, fold, seed, method, recovered)
                for fold in range(len(plan.task.folds))
            ]
            for seed in plan.seeds
        ]

    def _jobs(self, plan: Plan, attacker: str, tier: str, method: Method | None) -> list[Job]:
        made = self._pairs(plan, attacker, tier, method)
        return [job for folds in made for both in folds for job, _ in both]

    def _heard(
        self, question: Question, plan: Plan, attacker: str, tier: str, method: Method | None
    ) -> Testimony:
        made = self._pairs(plan, attacker, tier, method)

        def scores(which: int) -> list[list]:
            return [
                [self.results[both[which][0].key].scores[both[which][1]] for both in folds]
                for folds in made
            ]

        answers = answer(
            question.task,
            scores(0),
            scores(1),
            question.trials,
            self.original.take_numbers(),
            TIERS[tier].by_template,
        )
        return Testimony(answers, [self.results[both[1][0].key] for f in made for both in f])

    def testimony(self, question: str, tier: str, attacker: str, method: str | None) -> Testimony:
        """What an attacker answers, after :meth:`run`.

        Args:
            question (str): Name of the task.
            tier (str): The tier.
            attacker (str): The attacker.
            method (str, optional): The method; None for the tier ``control``.

        Returns:
            Testimony: Its answers, and what they follow from.
        """
        asked = None if method is None or tier == CONTROL else self.methods[method]
        return self._heard(self.questions[question], self.plans[question], attacker, tier, asked)

    def control_testimony(self, control: str) -> dict[str, Testimony]:
        """What attackers answer on a control with a known answer.

        Args:
            control (str): ``'noise'`` or ``'identity'``.

        Returns:
            dict[str, Testimony]: By attacker.
        """
        plan, tier, method = self.controls[control]
        question = Question(self.questions['subject'].task, {})
        return {a: self._heard(question, plan, a, tier, method) for a in plan.attackers}
