# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Jobs: their keys, their order, and that nothing finished is done twice."""

import dataclasses
import importlib
import json

import numpy as np
import pytest
import torch
from audit_recordings import recordings

from mmskanon.audit.attackers import Attacker, FitReport, Scores
from mmskanon.audit.jobs import Job, read_result, run_job, run_jobs
from mmskanon.audit.sight import Sight
from mmskanon.registry import ATTACKERS

calls = []


@ATTACKERS.register_module(force=True)
class CountingAttacker(Attacker):
    """Keeps a number, so that what it learned, started from and was loaded with can be told."""

    family, adapts = 'test', True

    def __init__(self, gain=1.0, device='cpu'):
        super().__init__(device)
        self.gain = gain

    def fit(self, view, labels, num_classes, seed, start=None):
        calls.append(('fit', seed, start is not None))
        self.sum = float(view.num_frames().sum()) * self.gain + seed
        if start is not None:
            self.sum += 1000 * float(start['sum'])
        self.num_classes = num_classes
        return FitReport(1.0)

    def score(self, view):
        table = np.full((len(view), self.num_classes), self.sum, np.float32)
        return Scores(table, np.asarray(view.actions, np.float32)[:, None])

    def state(self):
        return dict(sum=torch.tensor(self.sum))

    def load(self, state, num_classes, view):
        calls.append(('load', float(state['sum'])))
        self.sum, self.num_classes = float(state['sum']), num_classes


@pytest.fixture(autouse=True)
def no_calls():
    calls.clear()


@pytest.fixture
def job(record):
    original = record(recordings())
    rows = np.arange(10)

    def make(**changes):
        sight = Sight.of([original.store], rows, original.actions, 3)
        target = Sight.of([original.store], np.arange(10, 16), original.actions, 3)
        known = dict(
            attacker=dict(type='CountingAttacker'),
            train=sight,
            labels=rows % 2,
            num_classes=2,
            targets=dict(them=target),
        )
        return Job(**{**known, **changes})

    make.original = original
    return make


def test_a_result_is_what_the_attacker_said(job, tmp_path):
    done = job()
    run_job(done, tmp_path)
    result = read_result(done, tmp_path)
    frames = job.original.store.num_frames[:10].sum()
    np.testing.assert_array_equal(result.scores['them'].log_posterior, np.full((6, 2), frames))
    np.testing.assert_array_equal(
        result.scores['them'].embedding[:, 0], job.original.actions[10:16]
    )
    assert result.report.train_accuracy == 1.0 and result.seconds >= 0


def test_a_finished_job_is_not_done_again(job, tmp_path):
    run_job(job(), tmp_path)
    run_job(job(), tmp_path)
    assert calls == [('fit', 0, False)]
    told = []
    run_jobs([job(), job()], tmp_path, 1, told.append)
    assert calls == [('fit', 0, False)] and [j.key for j in told] == [job().key]


def test_an_unfinished_job_is_done_again(job, tmp_path):
    folder = run_job(job(), tmp_path)
    (folder / 'fit.json').unlink()
    assert read_result(job(), tmp_path) is None
    leftover = tmp_path / 'other'
    folder.rename(leftover)  # a folder under the final name appears only with everything in it
    run_job(job(), tmp_path)
    assert read_result(job(), tmp_path) is not None


def test_everything_told_is_in_the_key(job):
    base = job()
    view = base.train
    changes = dict(
        attacker=dict(type='CountingAttacker', gain=2.0),
        labels=1 - base.labels,
        num_classes=3,
        seed=1,
        targets=dict(you=base.targets['them']),
        train=dataclasses.replace(view, actions=1 - view.actions),
        start=base,
        ready=base,
    )
    keys = {base.key} | {job(**{k: v}).key for k, v in changes.items()}
    assert len(keys) == len(changes) + 1
    assert job(attacker=dict(type='CountingAttacker', device='cuda')).key == base.key


def test_a_recipe_is_what_it_says_today(job, tmp_path):
    recipe, keys = tmp_path / 'recipe.py', []
    for width in (16, 32):
        recipe.write_text(f'model = dict(base_channels={width})')
        keys.append(job(attacker=dict(type='GCN', recipe=str(recipe))).key)
    assert keys[0] != keys[1]


def test_fine_tuning_starts_from_the_state(job, tmp_path):
    base = job()
    further = job(start=base, seed=3)
    assert further.needs == [base]
    run_job(base, tmp_path)
    run_job(further, tmp_path)
    assert calls == [('fit', 0, False), ('fit', 3, True)]
    frames = float(job.original.store.num_frames[:10].sum())
    expected = frames + 3 + 1000 * frames
    assert read_result(further, tmp_path).scores['them'].log_posterior[0, 0] == expected


def test_asking_does_not_train(job, tmp_path):
    base = job()
    ask = job(ready=base, targets=dict(others=base.targets['them']))
    run_job(base, tmp_path)
    run_job(ask, tmp_path)
    assert [c[0] for c in calls] == ['fit', 'load']
    assert not (tmp_path / ask.key / 'state.pt').exists()
    np.testing.assert_array_equal(
        read_result(ask, tmp_path).scores['others'].log_posterior,
        read_result(base, tmp_path).scores['them'].log_posterior,
    )


def test_a_failing_attacker_leaves_nothing(job, tmp_path, monkeypatch):
    monkeypatch.setattr(CountingAttacker, 'score', lambda self, view: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_job(job(), tmp_path / 'jobs')
    assert read_result(job(), tmp_path / 'jobs') is None


def test_processes_do_real_jobs_in_order_and_alike(job, tmp_path):
    """Two processes, jobs that need each other, the same figures as one process gives."""
    real = dict(type='Anthropometrics')
    base = job(attacker=real)
    ask = job(attacker=real, ready=base, targets=dict(others=base.targets['them']))
    told = []
    results = run_jobs([ask, base], tmp_path / 'two', 2, lambda j: told.append(j.key))
    assert told == [base.key, ask.key]
    run_job(base, tmp_path / 'one')
    np.testing.assert_array_equal(
        results[base.key].scores['them'].log_posterior,
        read_result(base, tmp_path / 'one').scores['them'].log_posterior,
    )
    np.testing.assert_array_equal(
        results[ask.key].scores['others'].log_posterior,
        results[base.key].scores['them'].log_posterior,
    )
    assert json.loads((tmp_path / 'two' / base.key / 'fit.json').read_text())['report']['converged']


OWN = """
import numpy as np
from mmskanon.audit.attackers import Attacker, FitReport, Scores
from mmskanon.registry import ATTACKERS

@ATTACKERS.register_module(force=True)
class AttackerOfTheUser(Attacker):
    def fit(self, view, labels, num_classes, seed, start=None):
        self.num_classes = num_classes
        return FitReport(1.0)

    def score(self, view):
        return Scores(np.zeros((len(view), self.num_classes), np.float32), np.ones((len(view), 1), np.float32))
"""


def test_attackers_from_outside_the_package_are_known_to_processes_and_their_code_is_in_the_key(
    job, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'attacker_of_the_user.py').write_text(OWN, encoding='utf-8')
    importlib.import_module('attacker_of_the_user')
    own = job(attacker=dict(type='AttackerOfTheUser'))
    result = run_jobs([own], tmp_path, workers=1)[own.key]
    assert result.report.train_accuracy == 1.0
    (tmp_path / 'attacker_of_the_user.py').write_text(OWN + '# changed', encoding='utf-8')
    assert job(attacker=dict(type='AttackerOfTheUser')).key != own.key


def test_sights_open_to_the_clips_they_name(job):
    sight = job().train + job().targets['them']
    view = sight.open()
    assert len(view) == 16 and len(view.stores) == 2
    np.testing.assert_array_equal(view.actions, job.original.actions[:16])
    np.testing.assert_array_equal(view.num_frames(), job.original.store.num_frames[:16])
