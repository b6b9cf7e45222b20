# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""From the answers of an audit to its document, its raw scores, and the samples that its report shows."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import mmskanon
from mmskanon.io import atomic_path
from mmskanon.registry import ATTACKERS
from mmskanon.skeletons.geometry import denormalize_skeleton, normalize_skeleton

from .audit import Audit, Testimony
from .fidelity import is_placed, measure_fidelity, placing
from .gates import judge_gates, judge_verdict, number_of_guesses
from .inputs import as_long_as
from .measures import Yardstick, strongest
from .report import FORMAT, Example
from .tiers import CONTROL

_PACKAGES = ('torch', 'numpy', 'scipy', 'scikit-learn', 'mmengine', 'mmaction2')


class Findings:
    """What an audit found.

    Args:
        audit (Audit): An audit that has run.
        command (str): Command line, for the document.
        began (float): When it began, seconds of ``time.time()``.
    """

    def __init__(self, audit: Audit, command: str, began: float) -> None:
        self.audit, self.command, self.began = audit, command, began
        cfg = audit.cfg
        self.yards = {
            name: Yardstick(q.task, q.trials, audit.original, cfg.bootstrap, cfg.randomness.seed)
            for name, q in audit.questions.items()
        }
        self.attackers = {
            name: dict(family=kind.family, counts=kind.counts)
            for name, kind in (
                (n, ATTACKERS.get(made['type'])) for n, made in audit.attackers.items()
            )
        }
        self._heard: dict[tuple[str | None, str, str, str], Testimony] = {}

    def document(self) -> dict[str, Any]:
        """Measure everything.

        Returns:
            dict: The document that ``docs/audit_report.md`` describes.

        Raises:
            ValueError: If an attacker gave no answer for a clip.
        """
        audit = self.audit
        controls = {c: self._control(c) for c in audit.controls}
        document = dict(
            format=FORMAT,
            created=time.strftime('%Y-%m-%dT%H:%M:%S+00:00', time.gmtime()),
            budget=audit.cfg.budget,
            lower_bound=bool(audit.cfg.lower_bound),
            seed=audit.cfg.randomness.seed,
            seeds=list(audit.cfg.seeds),
            command=self.command,
            software=_software(),
            machine=f'{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, {audit.workers} processes, {audit.device}',
            data=self._data(),
            attackers=self.attackers,
            controls=controls,
            methods={},
        )
        control = {q: self._tier(q, CONTROL, None) for q in audit.questions}
        for number, name in enumerate(audit.methods):
            audit.progress('figures', number, len(audit.methods))
            document['methods'][name] = self._method(name, control, document)
        audit.progress('figures', len(audit.methods), len(audit.methods))
        document['seconds'] = round(time.time() - self.began, 1)
        document['attacker_seconds'] = round(sum(r.seconds for r in audit.results.values()), 1)
        return document

    def _method(self, name: str, control: Mapping, document: Mapping) -> dict[str, Any]:
        audit = self.audit
        method = audit.methods[name]
        privacy = {}
        for question in audit.questions:
            tiers = {CONTROL: control[question]}
            for tier in audit.tiers_of(question):
                if tier != CONTROL:
                    tiers[tier] = self._tier(question, tier, name)
            if {'semi_informed', 'adaptive'} <= set(tiers):
                self._take_better(tiers, question, name)
            privacy[question] = dict(tiers=tiers)
        utility = audit.recognition.utility(audit.results, method, list(audit.cfg.unseen_actions))
        fidelity = measure_fidelity(audit.original, method.stores[0], audit.recognition.fold.test)
        entry = dict(files=method.files, privacy=privacy, utility=utility, fidelity=fidelity)
        entry['groups'] = self._groups(name, privacy)
        gates = judge_gates(entry, document, self.yards['subject'], audit.cfg.min_genuine)
        entry['gates'] = [g.as_dict() for g in gates]
        entry['verdict'] = judge_verdict(entry, gates, document, self.yards)
        return {
            k: entry[k]
            for k in ('files', 'verdict', 'gates', 'privacy', 'utility', 'fidelity', 'groups')
        }

    def _guesses_on(self, question: str) -> int:
        """Guesses that have to be reckoned with."""
        tiers = len(set(self.audit.tiers_of(question)) - {CONTROL})
        counted = sum(about['counts'] for about in self.attackers.values())
        return number_of_guesses(counted, tiers, len(self.audit.questions))

    def _testimony(self, method: str | None, question: str, tier: str, attacker: str) -> Testimony:
        key = (None if tier == CONTROL else method, question, tier, attacker)
        if key not in self._heard:
            self._heard[key] = self.audit.testimony(question, tier, attacker, method)
        return self._heard[key]

    def _tier(self, question: str, tier: str, method: str | None) -> dict[str, Any]:
        figures = {}
        for attacker in self.attackers:
            heard = self._testimony(method, question, tier, attacker)
            reports = [r.report for r in heard.results]
            figures[attacker] = dict(
                self.yards[question].measure(heard.answers),
                train_accuracy=float(np.mean([r.train_accuracy for r in reports])),
                converged=all(r.converged for r in reports),
                how='; '.join(dict.fromkeys(r.how for r in reports)),
                epochs=max(r.epochs for r in reports),
                seconds=round(sum(r.seconds for r in heard.results), 1),
            )
        return dict(strongest=strongest(figures, self.attackers), attackers=figures)

    def _take_better(self, tiers: dict[str, dict], question: str, method: str) -> None:
        """Of each adaptive attacker the better of its two ways: after originals, or on anonymized clips alone."""
        adaptive, alone = (tiers[t]['attackers'] for t in ('adaptive', 'semi_informed'))
        for name, figures in alone.items():
            before = adaptive[name]
            if figures['rank1'] is not None:
                better = figures['rank1'] > before['rank1']
            else:
                better = figures['eer'] is not None and figures['eer'] < before['eer']
            if better:
                adaptive[name] = figures
                heard = self._testimony(method, question, 'semi_informed', name)
                self._heard[method, question, 'adaptive', name] = heard
        tiers['adaptive']['strongest'] = strongest(adaptive, self.attackers)

    def _groups(self, method: str, privacy: Mapping) -> dict[str, dict] | None:
        """The strongest attacker's rank-1 on people of the anonymizer's training data, and on others."""
        donors = list(self.audit.cfg.donors)
        if not donors:
            return None
        tiers = privacy['subject']['tiers']
        order = [t for t in ('adaptive', 'semi_informed', 'ignorant', *tiers) if t in tiers]
        tier = next((t for t in order if t != CONTROL), None)
        if tier is None:
            return None
        best = tiers[tier]['strongest']
        answers = self._testimony(method, 'subject', tier, best).answers
        return self.yards['subject'].groups(answers, donors)

    def _control(self, control: str) -> dict[str, dict]:
        heard = self.audit.control_testimony(control)
        return {a: self.yards['subject'].identification(t.answers) for a, t in heard.items()}

    def _data(self) -> dict[str, Any]:
        audit = self.audit
        names = audit.original.store.names
        closed = audit.questions['subject'].task
        return dict(
            original=dict(
                file=Path(audit.original.file).name,
                sha256=audit.original.sha256,
                samples=len(names),
            ),
            layout=audit.original.store.layout_spec,
            num_actions=audit.original.num_actions,
            attributes={
                n: dict(
                    y.describe(),
                    partition=audit.questions[n].task.sentence,
                    eer_bound=y.eer_bound(self._guesses_on(n)),
                )
                for n, y in self.yards.items()
            },
            partition=dict(
                kind=closed.kind,
                train=len(closed.folds[0].train),
                test=len(closed.test),
                sentence=closed.sentence,
            ),
            trials={
                n: {k: t.describe(names) for k, t in q.trials.items()}
                for n, q in audit.questions.items()
            },
        )

    def save_scores(self, out: Path) -> None:
        """Keep the raw scores of every attacker, from which all figures can be computed again.

        Args:
            out (Path): Folder; files are ``<method>/<question>/<tier>/<attacker>.npz``, those of the tier ``control`` under
                ``original``.
        """
        names = np.array(self.audit.original.store.names)
        for (method, question, tier, attacker), heard in self._heard.items():
            asked = self.audit.questions[question]
            path = out / (method or 'original') / question / tier / f'{attacker}.npz'
            arrays = dict(
                names=names[asked.task.test],
                labels=asked.task.labels[asked.task.test],
                log_posterior=heard.answers.log_posterior.astype(np.float32),
            )
            if 'matched' in asked.trials:
                listed = asked.trials['matched']
                arrays.update(
                    pairs=listed.pairs,
                    genuine=listed.genuine,
                    pair_scores=heard.answers.pairs['matched'],
                )
            with atomic_path(path, overwrite=True) as temporary:
                np.savez_compressed(temporary, **arrays)

    def scores(self, method: str, question: str, tier: str) -> dict[str, np.ndarray] | None:
        """Raw scores of the strongest attacker of a tier, for the report's pictures.

        Args:
            method (str): The method.
            question (str): The task.
            tier (str): The tier.

        Returns:
            dict, optional: ``labels``, ``log_posterior``, and where verification was done ``genuine`` and ``pair_scores``; None where the
            tier was not run.
        """
        if tier not in self.audit.tiers_of(question):
            return None
        figures = {
            a: dict(
                self.yards[question].identification(
                    self._testimony(method, question, tier, a).answers
                )
            )
            for a in self.attackers
        }
        best = strongest(figures, self.attackers)
        if best is None:
            return None
        answers = self._testimony(method, question, tier, best).answers
        task, trials = self.audit.questions[question].task, self.audit.questions[question].trials
        found = dict(labels=task.labels[task.test], log_posterior=answers.log_posterior)
        if len(trials.get('matched', ())):
            found.update(genuine=trials['matched'].genuine, pair_scores=answers.pairs['matched'])
        return found

    def examples(self) -> list[Example]:
        """Test clips to play before and after: of different actions and people, as many as the settings ask for.

        Bodies of a file that has all of them at the origin are shown where the original stood, and turned like it.
        """
        audit = self.audit
        store, test = audit.original.store, audit.recognition.fold.test
        people = np.array([str(v) for v in audit.original.values('subject')])
        chosen: list[int] = []
        for i in np.random.default_rng(audit.cfg.randomness.seed).permutation(test):
            fresh = all(
                audit.original.actions[i] != audit.original.actions[j] and people[i] != people[j]
                for j in chosen
            )
            if fresh and len(chosen) < audit.cfg.examples:
                chosen.append(int(i))
        stores = {name: method.stores[0] for name, method in audit.methods.items()}
        placed = {name for name, after in stores.items() if is_placed(audit.original, after)}
        found = []
        for i in chosen:
            before = store.camera(i)
            clips = {name: as_long_as(after.camera(i), before) for name, after in stores.items()}
            if placed:
                _, stood = normalize_skeleton(before, store.layout, rotate='invariant')
                clips |= {name: denormalize_skeleton(clips[name], stood) for name in placed}
            found.append(Example(store.names[i], store.layout_spec, audit.cfg.fps, before, clips))
        return found

    def displacement(self) -> dict[str, np.ndarray]:
        """For each method how far each joint lies from where it was on average over the test clips, shape (V,), mm or pixels."""
        audit = self.audit
        store, test = audit.original.store, audit.recognition.fold.test
        factor = 1000.0 if store.layout.unit == 'm' else 1.0
        found = {}
        for name, method in audit.methods.items():
            total, count = np.zeros(store.layout.num_joints), 0
            place = placing(audit.original, method.stores[0])
            for i in test:
                after = method.stores[0].camera(i)
                before = as_long_as(place(store.camera(i)), after)
                there = before.any(axis=(2, 3))
                total += np.linalg.norm(after - before, axis=-1)[there].sum(axis=0)
                count += int(there.sum())
            found[name] = factor * total / max(count, 1)
        return found


def _software() -> dict[str, str]:
    found = {'mmskanon': mmskanon.__version__, 'python': platform.python_version()}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
