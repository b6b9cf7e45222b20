# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The audit: from files to what every attacker of every tier answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from .clips import ClipStore
from .controls import noise_recording
from .inputs import Method, read_method, read_original
from .jobs import Job, JobResult, run_jobs
from .judging import Answers, answer
from .plan import ORIGINAL, Beliefs, Plan
from .questions import Question, make_questions
from .recognition import Recognition
from .recovery import recover_clips
from .settings import check_named, configured, configured_tiers
from .tiers import CONTROL, TIERS

_IDENTITY_SEED = 10007

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


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
        self.attackers = configured(cfg, 'attackers', device)
        self.recognizers = configured(cfg, 'recognizers', device)
        self.tiers = configured_tiers(cfg)
        stores = self.cache / 'clips'
        self.original = read_original(
            original, stores, cfg.get('layout'), cfg.attribute_files, cfg.num_person
        )
        subjects, actions = self.original.values('subject'), self.original.actions.tolist()
        check_named(cfg, 'donors', 'subject', subjects, self.original.file)
        check_named(cfg, 'unseen_actions', 'label', actions, self.original.file)
        self.methods = {
            name: read_method(name, files, self.original, stores, cfg.retimed)
            for name, files in anonymized.items()
        }
        self.questions = make_questions(cfg, self.original)

    def tiers_of(self, question: str) -> list[str]:
        """Tiers that have a meaning for a task.

        Args:
            question (str): Name of the task.

        Returns:
            list[str]: Where nobody is enrolled, those without enrolment of their own; inversion learns from people who are tried again.
        """
        return self.questions[question].tiers(self.tiers)

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
        for number, (name, method) in enumerate(self.methods.items()):
            self.progress('inversion', number, len(self.methods))
            recovered[name] = recover_clips(
                self.original,
                method,
                train,
                self.cfg.inversion,
                self.cfg.seeds[0],
                self.device,
                self.cache / 'clips',
            )
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
            self.original.occasions(),
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
