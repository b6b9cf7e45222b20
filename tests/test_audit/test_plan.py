# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Which clips attackers of each tier learn from, enrol and try, and what they take them to show."""

import numpy as np
import pytest
import torch
from audit_recordings import recordings

from mmskanon.audit.attackers import Attacker, FitReport, Scores
from mmskanon.audit.clips import ClipStore
from mmskanon.audit.inputs import Method, read_original
from mmskanon.audit.jobs import read_result, run_job
from mmskanon.audit.judging import target_of
from mmskanon.audit.plan import Beliefs, Plan
from mmskanon.audit.tasks import attribute_task, closed_task, open_task
from mmskanon.audit.tiers import TIERS
from mmskanon.io import atomic_pickle
from mmskanon.registry import ATTACKERS

PUBLISHED = 1000
DRAWS = ('draw 0', 'draw 1', 'draw 2')


class Memory(Attacker):
    """Says of each clip whether it has learned from it or, in whatever file, from another of the same name."""

    family = 'memory'

    def fit(self, view, labels, num_classes, seed, start=None):
        self.known = {*view.names()}
        if start is not None:
            self.known |= {f'clip {number}' for number in start['known'].tolist()}
        self.num_classes = num_classes
        return FitReport(1.0)

    def score(self, view):
        known = np.array([name in self.known for name in view.names()], np.float32)
        return Scores(np.zeros((len(view), self.num_classes), np.float32), known[:, None])


@ATTACKERS.register_module(force=True)
class FastenedMemory(Memory):
    """A memory that cannot be trained further."""


@ATTACKERS.register_module(force=True)
class GrowingMemory(Memory):
    """A memory that can."""

    adapts = True

    def state(self):
        return dict(known=torch.tensor([int(name.split()[1]) for name in sorted(self.known)]))

    def load(self, state, num_classes, view):
        self.known = {f'clip {number}' for number in state['known'].tolist()}
        self.num_classes = num_classes


class World:
    """Originals of four people, a method in three draws with what was recovered of it, and another method."""

    def __init__(self, root, **kwargs):
        data = recordings(genders=True, **kwargs)
        rename = {s['frame_dir']: f'clip {i}' for i, s in enumerate(data['annotations'])}
        for sample in data['annotations']:
            sample['frame_dir'] = rename[sample['frame_dir']]
        if kwargs.get('trials') == 2:
            data['split'] = {}
        else:
            data['split'] = {k: [rename[n] for n in v] for k, v in data['split'].items()}
        atomic_pickle(data, root / 'original.pkl')
        self.original = read_original(str(root / 'original.pkl'), root)
        self.what = {self.original.store.folder: 'original'}

        def shifted(name, by):
            moved = [dict(s, keypoint=s['keypoint'] + np.float32(by)) for s in data['annotations']]
            store = ClipStore.build(moved, self.original.store.layout_spec, 1, root)
            self.what[store.folder] = name
            return store

        stores = [shifted(name, 1 + i) for i, name in enumerate(DRAWS)]
        self.method = Method('m', stores=stores)
        self.inverted = shifted('inverted', 0.5)
        self.other = Method('o', stores=[shifted('another method', 7)])
        self.n = len(self.original.samples)
        # Each belief is a range of its own, so that an action tells whose belief it is and of which clip.
        heard = [
            ('original', 'original'), ('original', 'm'), ('m', 'm'), ('original', 'm/inverted'), ('original', 'o'), ('o', 'o'),
        ]  # fmt: skip
        self.told = {pair: 2000 + 1000 * i for i, pair in enumerate(heard)}
        self.beliefs = Beliefs(
            PUBLISHED + np.arange(self.n),
            {pair: start + np.arange(self.n) for pair, start in self.told.items()},
        )

    def plan(self, task, kinds=('GrowingMemory', 'FastenedMemory'), seeds=(0,)):
        attackers = {kind: dict(type=kind) for kind in kinds}
        return Plan(self.original, task, attackers, list(seeds), self.beliefs)

    def clips(self, sight):
        """Set of (file, clip, action believed), and that none is there twice."""
        files = [self.what[sight.folders[s]] for s in sight.source]
        found = list(zip(files, sight.index.tolist(), sight.actions.tolist(), strict=True))
        assert len(set(found)) == len(found)
        return set(found)

    def expected(self, file, rows, told):
        start = PUBLISHED if told is None else self.told[told]
        return {(file, i, start + i) for i in rows.tolist()}


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp('world'))


def tasks_of(original):
    halves = [
        dict(by='trial', values=[1, 2]),
        dict(by='trial', values=[1, 2], exclude=True),
    ]
    folds = [dict(train=halves[a], test=halves[1 - a]) for a in (0, 1)]
    return dict(
        closed=closed_task(original),
        folds=closed_task(original, folds),
        open=open_task(original, 2),
        attribute=attribute_task(original, 'gender', 2),
    )


PLAIN, OWN = ('original', 'original'), ('m', 'm')
LAZY, RECOVERED = ('original', 'm'), ('original', 'm/inverted')
# Tier: first learned from, then learned from besides (once adapting, once together); enrolled; tried. Each of the last two with the
# belief by which the action of its clips is known.
SEEN = {
    'control': (['original'], [], ('original', PLAIN), ('original', PLAIN)),
    'ignorant': (['original'], [], ('original', PLAIN), ('draw 0', LAZY)),
    'lazy_informed': (['original'], [], ('draw 0', LAZY), ('draw 0', LAZY)),
    'semi_informed': (DRAWS, [], ('draw 0', OWN), ('draw 0', OWN)),
    'adaptive': (['original'], DRAWS, ('draw 0', OWN), ('draw 0', OWN)),
    'original_enrolled': (['original'], DRAWS, ('original', PLAIN), ('draw 0', OWN)),
    'inversion': (['original'], [], ('original', PLAIN), ('inverted', RECOVERED)),
}


def lessons(job):
    """What an attacker learned from, one sight after another."""
    if job.ready is not None:
        return lessons(job.ready)
    return [*(lessons(job.start) if job.start else []), (job.train, job.labels)]


def asked(plan, world, tier, fold, kind='GrowingMemory', seed=0):
    method = None if tier == 'control' else world.method
    inverted = world.inverted if tier == 'inversion' else None
    return plan.jobs(kind, tier, fold, seed, method, inverted)


def test_every_tier_is_described_here():
    assert set(SEEN) == set(TIERS)


@pytest.mark.parametrize('kind', ['GrowingMemory', 'FastenedMemory'])
@pytest.mark.parametrize('tier', SEEN)
def test_what_is_learned_enrolled_and_tried(world, tier, kind):
    first, then, enrolled, tried = SEEN[tier]
    for task in tasks_of(world.original).values():
        plan = world.plan(task)
        for number, fold in enumerate(task.folds):
            (enrol, enrol_name), (trial, trial_name) = asked(plan, world, tier, number, kind)
            if kind == 'GrowingMemory':
                courses = [files for files in (first, then) if files]
            else:
                courses = [[*first, *then]]
            for job in (trial, enrol):
                for (sight, labels), files in zip(lessons(job), courses, strict=True):
                    wanted = [world.expected(file, fold.train, None) for file in files]
                    assert world.clips(sight) == set().union(*wanted)
                    np.testing.assert_array_equal(labels, task.labels[sight.index])
                assert job.num_classes == task.num_classes
            for job, name, (file, told) in (
                (enrol, enrol_name, enrolled),
                (trial, trial_name, tried),
            ):
                assert world.clips(job.targets[name]) == world.expected(file, target_of(fold), told)
                # judging reads the rows in this order
                np.testing.assert_array_equal(job.targets[name].index, target_of(fold))


@pytest.mark.parametrize('kind', ['GrowingMemory', 'FastenedMemory'])
@pytest.mark.parametrize('tier', SEEN)
def test_no_attacker_has_learned_from_a_clip_that_it_is_tried_on(world, tmp_path, tier, kind):
    """By what attackers remember when they have run; the memory that grows starts from the state that was kept."""
    task = tasks_of(world.original)['folds']
    plan = world.plan(task)
    for number, fold in enumerate(task.folds):
        for job, name in asked(plan, world, tier, number, kind):
            for each in (*job.needs, job):
                run_job(each, tmp_path)
            known = read_result(job, tmp_path).scores[name].embedding[:, 0]
            assert not known[np.isin(target_of(fold), fold.test)].any()


def test_people_enrolled_by_training_clips_are_judged_but_not_tried(tmp_path):
    world = World(tmp_path, trials=2)
    task = closed_task(world.original)
    (fold,) = task.folds
    assert not np.intersect1d(fold.train, fold.test).size and fold.enrolment is fold.train
    (enrol, enrol_name), (trial, trial_name) = asked(world.plan(task), world, 'semi_informed', 0)
    for sight in (enrol.targets[enrol_name], trial.targets[trial_name]):
        np.testing.assert_array_equal(np.sort(sight.index), np.arange(world.n))
        # What enrolment clips show is not read from their labels either.
        assert set(sight.actions) == {world.told[OWN] + i for i in range(world.n)}
    assert set(trial.train.index) == set(fold.train)


def test_an_attacker_that_adapts_goes_on_from_the_originals_and_others_learn_both(world):
    plan = world.plan(closed_task(world.original))
    _, (control, _) = asked(plan, world, 'control', 0, 'GrowingMemory')
    for tier in ('adaptive', 'original_enrolled'):
        _, (grown, _) = asked(plan, world, tier, 0, 'GrowingMemory')
        assert grown.start.key == control.key and grown.ready is None
        _, (both, _) = asked(plan, world, tier, 0, 'FastenedMemory')
        assert both.start is None and both.needs == []
    _, (semi, _) = asked(plan, world, 'semi_informed', 0, 'GrowingMemory')
    assert semi.needs == []  # trained on anonymized clips alone


def test_attackers_of_originals_judge_without_learning_more(world):
    plan = world.plan(closed_task(world.original))
    _, (control, _) = asked(plan, world, 'control', 0)
    for tier in ('ignorant', 'lazy_informed', 'inversion'):
        _, (job, _) = asked(plan, world, tier, 0)
        assert job.ready.key == control.key and job.start is None


def test_methods_share_the_attackers_of_the_originals_and_no_others(world):
    task = closed_task(world.original)

    def keys(method, needs):
        plan, found = world.plan(task), set()
        for tier in ('ignorant', 'lazy_informed', 'semi_informed', 'adaptive', 'original_enrolled'):
            for kind in plan.attackers:
                for job, _ in plan.jobs(kind, tier, 0, 0, method):
                    learned_originals = {world.what[f] for f in job.train.folders} == {'original'}
                    if needs:
                        found |= {n.key for n in job.needs}
                    elif not (learned_originals and job.ready is None):
                        found.add(job.key)
        return found

    plan = world.plan(task)
    fits = {plan.jobs(kind, 'control', 0, 0, None)[0][0].key for kind in plan.attackers}
    assert keys(world.method, True) == keys(world.other, True) == fits and len(fits) == 2
    mine, yours = keys(world.method, False), keys(world.other, False)
    assert mine and yours and not mine & yours


def test_a_seed_and_a_fold_make_another_attacker(world):
    plan = world.plan(tasks_of(world.original)['folds'], seeds=(0, 1))
    for tier in SEEN:
        made = {
            (fold, seed): asked(plan, world, tier, fold, seed=seed)[1][0]
            for fold in (0, 1)
            for seed in (0, 1)
        }
        assert len({job.key for job in made.values()}) == 4
        for (_, seed), job in made.items():
            assert job.seed == seed and all(needed.seed == seed for needed in job.needs)


def test_a_method_drawn_once_is_learned_once(world):
    task = closed_task(world.original)
    _, (job, name) = world.plan(task).jobs('GrowingMemory', 'semi_informed', 0, 0, world.other)
    (fold,) = task.folds
    wanted = world.expected('another method', fold.train, None)
    assert world.clips(job.train) == wanted and len(job.labels) == len(fold.train)
    assert world.clips(job.targets[name]) == world.expected('another method', fold.test, ('o', 'o'))


def test_the_original_passed_off_as_a_method_is_what_the_control_saw(world):
    """The control 'identity' rests on this: the same clips and labels, only another seed."""
    task = closed_task(world.original)
    same = Method('identity', stores=[world.original.store])
    told = dict(world.beliefs.recognized)
    told['identity', 'identity'] = told[PLAIN]
    plan = Plan(
        world.original,
        task,
        dict(GrowingMemory=dict(type='GrowingMemory')),
        [5],
        Beliefs(world.beliefs.labels, told),
    )
    _, (job, name) = plan.jobs('GrowingMemory', 'semi_informed', 0, 5, same)
    _, (control, known) = asked(world.plan(task), world, 'control', 0)
    assert job.train.digest() == control.train.digest()
    assert job.targets[name].digest() == control.targets[known].digest()
    np.testing.assert_array_equal(job.labels, control.labels)
    assert job.seed == 5
