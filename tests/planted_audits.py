# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Audits whose attackers give planted answers."""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
from audit_recordings import recordings

from mmskanon.audit.attackers import Attacker, FitReport
from mmskanon.audit.audit import Audit, Testimony
from mmskanon.audit.document import Findings
from mmskanon.audit.jobs import JobResult
from mmskanon.audit.judging import Answers
from mmskanon.audit.report import check_results
from mmskanon.io import atomic_pickle
from mmskanon.registry import ATTACKERS
from mmskanon.utils import read_config

CLIPS = 120  # tried: four people, ten actions, three takes
GUESSED = CLIPS // 4
SHIFT = np.float32([0.03, 0.04, 0])  # 50 mm


class Planted(Attacker):
    """Never fitted: what it answers is planted."""

    family = 'planted'

    def fit(self, view, labels, num_classes, seed, start=None):
        raise NotImplementedError

    def score(self, view):
        raise NotImplementedError


@ATTACKERS.register_module(force=True)
class PlantedReader(Planted):
    """Reads skeletons."""


@ATTACKERS.register_module(force=True)
class PlantedBystander(Planted):
    """Reads no skeleton and is reported apart."""

    counts = False


class PlantedAudit(Audit):
    """An audit whose attackers were never trained.

    Attributes:
        right (dict): Number of clips named rightly, by method (None: control), question, tier and attacker; the rest guess.
        apart (dict): How far scores of genuine pairs lie above the others, by the same.
        reports (dict): How the training ended, by the same: one entry for each job.
        control_right (dict): Number of clips named rightly, by control and attacker.
        asked (Counter): How often each testimony was asked for.
    """

    def plant(self):
        self.right, self.apart, self.reports, self.asked = {}, {}, {}, Counter()
        for question in self.questions:
            for name in self.attackers:
                self.right[None, question, 'control', name] = CLIPS if name == 'a' else GUESSED
        self.control_right = dict(
            noise=dict(a=GUESSED, b=GUESSED), identity=dict(a=CLIPS, b=GUESSED)
        )
        self.controls = dict(noise=None, identity=None)
        (fold,) = self.questions['subject'].task.folds[:1]
        figures = dict(top1=0.5, mean_class=0.5)
        utility = dict.fromkeys(
            ('original', 'fixed', 'retrained', 'retrained_on_original'), figures
        )
        self.recognition = SimpleNamespace(fold=fold, utility=lambda *_: utility)
        self.results = dict(x=JobResult(FitReport(1.0), 2.5), y=JobResult(FitReport(1.0), 4.0))
        return self

    def _answers(self, question, right, apart, pairs=True):
        task, trials = self.questions[question].task, self.questions[question].trials
        labels = task.labels[task.test]
        named = (labels + 1) % task.num_classes
        named[:right] = labels[:right]
        random = np.random.default_rng(right)
        made = {k: random.normal(size=len(t)) + apart * t.genuine for k, t in trials.items()}
        return Answers(np.log(0.1 + 0.5 * np.eye(task.num_classes)[named]), made if pairs else {})

    def testimony(self, question, tier, attacker, method):
        key = (None if tier == 'control' else method, question, tier, attacker)
        self.asked[key] += 1
        reports = self.reports.get(key, [FitReport(0.97, how='reached 95%', epochs=3)])
        answers = self._answers(question, self.right.get(key, GUESSED), self.apart.get(key, 0.0))
        return Testimony(answers, [JobResult(r, 1.0) for r in reports])

    def control_testimony(self, control):
        rates = self.control_right[control]
        return {a: Testimony(self._answers('subject', n, 0, False), []) for a, n in rates.items()}


def build(request, folder, cache, data=None, methods=('m',), **changes):
    """An audit of methods of which the first moves every clip by 50 mm, the second by 100 mm."""
    data = data or recordings(n_actions=10, trials=6, frames=6, genders=True)
    atomic_pickle(data, folder / 'original.pkl')
    files = {}
    for number, name in enumerate(methods):
        shift = SHIFT * (1 + number)
        moved = [dict(s, keypoint=s['keypoint'] + shift) for s in data['annotations']]
        atomic_pickle(dict(data, annotations=moved), folder / f'{name}.pkl')
        files[name] = [str(folder / f'{name}.pkl')]
    cfg = read_config(str(request.config.rootpath / 'configs/audit/_base_.py'))
    read = dict(type='PlantedReader')
    cfg.attackers = dict(a=read, b=read, apart=dict(type='PlantedBystander'))
    cfg.recognizers = dict(moves=dict(type='Kinematics'))
    cfg.merge_from_dict({**dict(budget='small', believed='moves', bootstrap=2), **changes})
    audit = PlantedAudit(cfg, str(folder / 'original.pkl'), files, cache, workers=1)
    return audit.plant()


def judged(audit, method='m'):
    """The entry of a method: verdict, gates and the rest."""
    document = Findings(audit, 'test', 0.0).document()
    assert check_results(document) == []
    json.dumps(document, allow_nan=False)
    return document['methods'][method]


def failed(entry):
    return [gate['name'] for gate in entry['gates'] if not gate['passed']]
