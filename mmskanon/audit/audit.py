# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The audit from files to a document of results."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

import mmskanon

from .clips import ClipStore
from .controls import noise_recording
from .fidelity import measure_fidelity
from .gates import Gate, judge_gates, judge_verdict
from .inputs import Method, read_method, read_original
from .jobs import Job, JobResult, run_jobs
from .judging import Answers, answer
from .measures import Yardstick, strongest
from .plan import ORIGINAL, Beliefs, Plan
from .recognition import Recognition
from .tasks import Task, attribute_task, closed_task, open_task
from .tiers import TIERS
from .trials import Trials, trial_list

FORMAT = 'mmskanon-audit/1'
_IDENTITY_SEED = 10007

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True)
class Question:
    """A task with its trial lists."""

    task: Task
    trials: dict[str, Trials]


class Audit:
    """One original, any number of anonymization methods.

    Args:
        cfg (Config): Settings, such as ``configs/audit/standard.py``; ``docs/audit.md`` describes each.
        original (str): The original annotation file.
        anonymized (Mapping[str, Sequence[str]]): For each method its annotation file, or several draws.
        out (Path): Folder of the results; scores and the cache of attackers go there too.
        cache (Path, optional): Another place for the cache, to be shared by several audits. Defaults to None, ``out / 'cache'``.
        workers (int, optional): Processes. Defaults to None, one for each CPU, and one where attackers run on an accelerator.
        device (str): Where networks run. Defaults to ``'cpu'``.
        progress (Callable): Told of progress. Defaults to nobody.

    Raises:
        FileNotFoundError, KeyError, TypeError, ValueError: If a file or a setting is missing or faulty.
    """

    def __init__(
        self,
        cfg: Config,
        original: str,
        anonymized: Mapping[str, Sequence[str]],
        out: Path,
        cache: Path | None = None,
        workers: int | None = None,
        device: str = 'cpu',
        progress: Progress = lambda what, done, total: None,
    ) -> None:
        self.cfg, self.out, self.progress = cfg, Path(out), progress
        self.cache = Path(cache) if cache else self.out / 'cache'
        on_cpu = torch.device(device).type == 'cpu'
        self.workers = workers or ((os.cpu_count() or 1) if on_cpu else 1)
        self.attackers = {
            name: dict(made, device=device) for name, made in cfg.attackers.items() if made
        }
        self.recognizers = {
            name: dict(made, device=device) for name, made in cfg.recognizers.items() if made
        }
        self.tiers = [t for t in TIERS if t in cfg.tiers]
        unknown = [t for t in cfg.tiers if t not in TIERS]
        if unknown:
            raise ValueError(
                f'{cfg.filename}, key tiers: {unknown[0]!r} is no tier; choose from {list(TIERS)}'
            )
        if 'control' not in self.tiers:
            raise ValueError(
                f'{cfg.filename}, key tiers: expected "control" among them, found {list(cfg.tiers)}; without it nothing shows '
                'that the attackers are able to find anyone'
            )
        stores = self.cache / 'clips'
        self.original = read_original(
            original, stores, cfg.get('layout'), cfg.attribute_files, cfg.num_person
        )
        self.methods = {
            name: read_method(name, files, self.original, stores)
            for name, files in anonymized.items()
        }
        self.questions = self._questions()

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
        lists = {}
        for name, matched in (('matched', True), ('across', False)):
            parts = [
                trial_list(
                    fold.enrolment,
                    fold.test,
                    task.labels,
                    self.original.actions,
                    self.original.take_numbers(),
                    matched,
                    self.cfg.max_pairs // len(task.folds),
                    self.cfg.randomness.seed,
                )
                for fold in task.folds
            ]
            lists[name] = Trials(
                np.concatenate([p.pairs for p in parts]), np.concatenate([p.genuine for p in parts])
            )
        return lists

    def run(self) -> dict[str, Any]:
        """Train, ask and judge all attackers.

        Returns:
            dict: The document that ``docs/audit_report.md`` describes.
        """
        begin = time.time()
        self.answers: dict[tuple[str, str, str, str], Answers] = {}
        fold = self.questions['subject'].task.folds[0]
        inverted = self._invert(fold) if 'inversion' in self.tiers else {}
        recognition = Recognition(
            self.original, fold, self.recognizers, self.cfg.believed, list(self.cfg.seeds)
        )
        jobs = [
            job for m in self.methods.values() for job in recognition.jobs(m, inverted.get(m.name))
        ]
        read = self._do('recognizers', jobs)
        pairs = {name: (m, inverted.get(name)) for name, m in self.methods.items()}
        beliefs = recognition.beliefs(read, pairs)
        plans = {
            name: Plan(self.original, q.task, self.attackers, list(self.cfg.seeds), beliefs)
            for name, q in self.questions.items()
        }
        noise, identity = self._control_plans(beliefs)
        todo = [
            job
            for name in self.questions
            for tier in self._tiers_of(name)
            for attacker in self.attackers
            for method in self._methods_of(tier)
            for job in self._jobs_of(plans[name], attacker, tier, method, inverted)
        ]
        for plan, tier, method in (noise, identity):
            todo += [
                job
                for attacker in plan.attackers
                for job in self._jobs_of(plan, attacker, tier, method, {})
            ]
        results = self._do('attackers', todo)
        return self._document(begin, read | results, recognition, plans, inverted, noise, identity)

    def _do(self, what: str, jobs: list[Job]) -> dict[str, JobResult]:
        keys = {j.key for j in jobs} | {n.key for j in jobs for n in j.needs}
        done: set[str] = set()
        self.progress(what, 0, len(keys))

        def tell(job: Job) -> None:
            done.add(job.key)
            self.progress(what, len(done), len(keys))

        return run_jobs(jobs, self.cache / 'jobs', self.workers, tell)

    def _invert(self, fold) -> dict[str, ClipStore]:
        """Recover every method's clips."""
        made = {}
        for number, (name, method) in enumerate(self.methods.items()):
            self.progress('inversion', number, len(self.methods))
            inversion = Inversion(**self.cfg.inversion)
            made[name] = inversion.recover_store(
                method.stores,
                self.original.store,
                fold.train,
                self.cache / 'clips',
                self.cfg.seeds[0],
            )
        self.progress('inversion', len(self.methods), len(self.methods))
        return made

    def _tiers_of(self, question: str) -> list[str]:
        """Tiers that have a meaning for a task."""
        kind = self.questions[question].task.kind
        if kind == 'closed':
            return self.tiers
        if kind == 'attribute':  # nobody is enrolled
            return [
                t
                for t in self.tiers
                if t not in ('lazy_informed', 'original_enrolled', 'inversion')
            ]
        return [t for t in self.tiers if t != 'inversion']

    def _methods_of(self, tier: str) -> list[Method | None]:
        return [None] if tier == 'control' else list(self.methods.values())

    def _jobs_of(
        self, plan: Plan, attacker: str, tier: str, method: Method | None, inverted: Mapping
    ) -> list[Job]:
        store = inverted.get(method.name) if method and tier == 'inversion' else None
        return [
            job
            for seed in plan.seeds
            for fold in range(len(plan.task.folds))
            for job, _ in plan.jobs(attacker, tier, fold, seed, method, store)
        ]

    def _control_plans(self, beliefs: Beliefs) -> list[tuple[Plan, str, Method | None]]:
        """Plans of the two controls with a known answer: independent noise, and the original passed off as anonymized."""
        chosen = {
            name: self.attackers[name]
            for name in self.cfg.control_attackers
            if name in self.attackers
        }
        task = self.questions['subject'].task
        first = self.cfg.seeds[0]
        told = dict(beliefs.recognized)
        told[ORIGINAL, ORIGINAL] = beliefs.labels
        noise = noise_recording(self.original, self.cache / 'clips', self.cfg.randomness.seed)
        same = Method('identity', stores=[self.original.store])
        also = dict(beliefs.recognized)
        also[same.name, same.name] = beliefs.of(ORIGINAL, ORIGINAL)
        return [
            (Plan(noise, task, chosen, [first], Beliefs(beliefs.labels, told)), 'control', None),
            (
                Plan(
                    self.original,
                    task,
                    chosen,
                    [first + _IDENTITY_SEED],
                    Beliefs(beliefs.labels, also),
                ),
                'semi_informed',
                same,
            ),
        ]

    def _answers(
        self,
        question: Question,
        plan: Plan,
        attacker: str,
        tier: str,
        method: Method | None,
        results: Mapping[str, JobResult],
        inverted: Mapping,
    ) -> tuple[Answers, list[JobResult]]:
        """What an attacker answers, and the results it follows from."""
        store = inverted.get(method.name) if method and tier == 'inversion' else None
        enrolled, tried, used = [], [], []
        for seed in plan.seeds:
            both = [
                plan.jobs(attacker, tier, fold, seed, method, store)
                for fold in range(len(plan.task.folds))
            ]
            enrolled.append([results[job.key].scores[name] for (job, name), _ in both])
            tried.append([results[job.key].scores[name] for _, (job, name) in both])
            used += [results[job.key] for _, (job, _) in both]
        answers = answer(
            question.task,
            enrolled,
            tried,
            question.trials,
            plan.original.take_numbers(),
            TIERS[tier].by_template,
        )
        return answers, used

    def _document(
        self,
        begin: float,
        results: Mapping[str, JobResult],
        recognition: Recognition,
        plans: Mapping[str, Plan],
        inverted: Mapping[str, ClipStore],
        noise: tuple,
        identity: tuple,
    ) -> dict[str, Any]:
        yard = {
            name: Yardstick(
                q.task, q.trials, self.original, self.cfg.bootstrap, self.cfg.randomness.seed
            )
            for name, q in self.questions.items()
        }
        controls = {}
        for label, (plan, tier, method) in dict(noise=noise, identity=identity).items():
            question = self.questions['subject']
            question = Question(question.task, {})
            controls[label] = {
                name: yard['subject'].identification(
                    self._answers(question, plan, name, tier, method, results, {})[0]
                )
                for name in plan.attackers
            }
        document = dict(
            format=FORMAT,
            created=time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime()),
            budget=self.cfg.budget,
            lower_bound=bool(self.cfg.lower_bound),
            seed=self.cfg.randomness.seed,
            seeds=list(self.cfg.seeds),
            software=_software(),
            machine=f'{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, {self.workers} processes',
            data=self._describe_data(yard),
            tiers={t: TIERS[t].sentence for t in self.tiers},
            attackers=self._describe_attackers(),
            controls=controls,
            methods={},
        )
        control = {
            name: self._measure_tier(name, 'control', None, plans, results, {}, yard)
            for name in self.questions
        }
        for number, (name, method) in enumerate(self.methods.items()):
            self.progress('figures', number, len(self.methods))
            privacy = {}
            for question in self.questions:
                tiers = {'control': control[question]}
                for tier in self._tiers_of(question):
                    if tier != 'control':
                        tiers[tier] = self._measure_tier(
                            question, tier, method, plans, results, inverted, yard
                        )
                if 'adaptive' in tiers and 'semi_informed' in tiers:
                    tiers['adaptive'] = _best_of(
                        tiers['adaptive'], tiers['semi_informed'], document['attackers']
                    )
                    for attacker, figures in tiers['adaptive']['attackers'].items():
                        if figures is tiers['semi_informed']['attackers'].get(attacker):
                            key = (name, question, 'semi_informed', attacker)
                            self.answers[name, question, 'adaptive', attacker] = self.answers[key]
                privacy[question] = dict(tiers=tiers)
            fidelity = measure_fidelity(self.original, method.stores[0], recognition.fold.test)
            utility = recognition.utility(results, method, list(self.cfg.unseen_actions))
            entry = dict(files=method.files, privacy=privacy, utility=utility, fidelity=fidelity)
            entry['groups'] = self._groups(name, yard['subject'], privacy)
            gates: list[Gate] = judge_gates(entry, document, yard['subject'], self.cfg)
            entry['gates'] = [g.as_dict() for g in gates]
            entry['verdict'] = judge_verdict(entry, gates, document, yard['subject'])
            document['methods'][name] = entry
        self.progress('figures', len(self.methods), len(self.methods))
        document['seconds'] = round(time.time() - begin, 1)
        document['training_seconds'] = round(sum(r.seconds for r in results.values()), 1)
        return document

    def _measure_tier(
        self,
        question: str,
        tier: str,
        method: Method | None,
        plans: Mapping[str, Plan],
        results: Mapping[str, JobResult],
        inverted: Mapping[str, ClipStore],
        yard: Mapping[str, Yardstick],
    ) -> dict[str, Any]:
        figures = {}
        for attacker in self.attackers:
            answers, used = self._answers(
                self.questions[question], plans[question], attacker, tier, method, results, inverted
            )
            self.answers[method.name if method else ORIGINAL, question, tier, attacker] = answers
            reports = [r.report for r in used]
            figures[attacker] = dict(
                yard[question].measure(answers),
                train_accuracy=float(np.mean([r.train_accuracy for r in reports])),
                converged=all(r.converged for r in reports),
                how='; '.join(dict.fromkeys(r.how for r in reports)),
                epochs=int(np.max([r.epochs for r in reports])),
                seconds=round(sum(r.seconds for r in used), 1),
            )
        return dict(strongest=strongest(figures, self._describe_attackers()), attackers=figures)

    def _groups(self, method: str, yard: Yardstick, privacy: Mapping) -> dict | None:
        """The strongest attacker's rank-1 on people of the anonymizer's training data, and on others."""
        if not self.cfg.donors:
            return None
        tier = next(t for t in ('adaptive', 'semi_informed', 'ignorant') if t in self.tiers)
        best = privacy['subject']['tiers'][tier]['strongest']
        return yard.groups(
            self.answers[method, 'subject', tier, best], list(self.cfg.donors), tier, best
        )

    def _describe_attackers(self) -> dict[str, dict]:
        from mmskanon.registry import ATTACKERS

        kinds = {name: ATTACKERS.get(made['type']) for name, made in self.attackers.items()}
        return {n: dict(family=kind.family, counts=kind.counts) for n, kind in kinds.items()}

    def _describe_data(self, yard: Mapping[str, Yardstick]) -> dict[str, Any]:
        names = self.original.store.names
        return dict(
            original=dict(
                file=Path(self.original.file).name,
                sha256=self.original.sha256,
                samples=len(names),
            ),
            layout=self.original.store.layout.name,
            num_actions=self.original.num_actions,
            attributes={n: y.describe() for n, y in yard.items()},
            partition={
                n: dict(
                    kind=q.task.kind,
                    train=[len(f.train) for f in q.task.folds],
                    test=[len(f.test) for f in q.task.folds],
                    sentence=q.task.sentence,
                )
                for n, q in self.questions.items()
            },
            trials={
                n: {k: t.describe(names) for k, t in q.trials.items()}
                for n, q in self.questions.items()
            },
        )


def _best_of(adaptive: dict, semi: dict, attackers: Mapping) -> dict:
    """Of each attacker the better of its two ways: trained further, or on anonymized clips alone."""
    figures = {}
    for name, further in adaptive['attackers'].items():
        alone = semi['attackers'].get(name, further)
        figures[name] = alone if alone['rank1'] > further['rank1'] else further
    return dict(strongest=strongest(figures, attackers), attackers=figures)


def _software() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {'mmskanon': mmskanon.__version__, 'python': platform.python_version()}
    for name in ('torch', 'numpy', 'scikit-learn', 'scipy', 'mmengine', 'mmaction2'):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
