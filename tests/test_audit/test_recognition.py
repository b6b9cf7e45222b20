# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recognizers of the action: figures and beliefs against those worked out by hand from planted answers."""

import numpy as np
import pytest
from audit_recordings import recordings

from mmskanon.audit.attackers import FitReport, Scores
from mmskanon.audit.clips import ClipStore
from mmskanon.audit.inputs import Method
from mmskanon.audit.jobs import JobResult
from mmskanon.audit.recognition import Recognition
from mmskanon.audit.tasks import closed_task

NETS = dict(first=dict(type='Kinematics'), second=dict(type='Anthropometrics'))


class World:
    """Originals, a method in two draws, what was recovered of it, and recognizers whose answers are planted.

    The test part has eight clips of each of the actions 0 and 1, and two of action 2. ``right`` says, for a recognizer, its seed, what
    it learned from and what it reads, how many test clips of each action it reads rightly; of other clips it reads none.
    """

    def __init__(self, record, root):
        data = recordings()
        rare = [n for n in data['split']['test'] if n.startswith('a3')]
        data['split']['test'] = [n for n in data['split']['test'] if n not in rare[2:]]
        self.original = record(data)
        self.what = {self.original.store.folder: 'original'}

        def shifted(name, by):
            moved = [dict(s, keypoint=s['keypoint'] + np.float32(by)) for s in data['annotations']]
            store = ClipStore.build(moved, self.original.store.layout_spec, 1, root)
            self.what[store.folder] = name
            return store

        self.method = Method('m', stores=[shifted('draw 0', 1), shifted('draw 1', 2)])
        self.inverted = shifted('inverted', 3)
        (self.fold,) = closed_task(self.original).folds
        self.right = {}
        self.asked = {}

    def recognition(self, names=('first', 'second'), believed='second', seeds=(0,)):
        nets = {n: NETS[n] for n in names}
        return Recognition(self.original, self.fold, nets, believed, list(seeds))

    def answers(self, name, seed, learned, read):
        """Actions that a recognizer names, of every clip."""
        actions = self.original.actions
        named = (actions + 1) % 3
        for action, count in enumerate(self.right.get((name, seed, learned, read), (0, 0, 0))):
            rows = self.fold.test[actions[self.fold.test] == action]
            named[rows[:count]] = action
        return named

    def run(self, jobs):
        """Results of jobs, by what each says that it learns from and reads, and by nothing else."""
        results = {}
        for job in [each for wanted in jobs for each in (*wanted.needs, wanted)]:
            (name,) = [n for n, config in NETS.items() if config['type'] == job.attacker['type']]
            taught = job.ready or job
            learned = {self.what[f] for f in taught.train.folders}
            learned = 'original' if learned == {'original'} else '+'.join(sorted(learned))
            scores = {}
            for target, sight in job.targets.items():
                (read,) = {self.what[f] for f in sight.folders}
                self.asked.setdefault((name, taught.seed, learned, read), []).append(job)
                named = self.answers(name, taught.seed, learned, read)[sight.index]
                table = np.log(0.1 + 0.7 * np.eye(3, dtype=np.float32)[named])
                scores[target] = Scores(table, table)
            results[job.key] = JobResult(FitReport(1.0), 0.0, scores)
        return results


BOTH = 'draw 0+draw 1'


@pytest.fixture
def world(record, stores):
    return World(record, stores)


def utility(world, unseen_actions=(), **kwargs):
    made = world.recognition(**kwargs)
    results = world.run(made.jobs(world.method, None))
    return made.utility(results, world.method, list(unseen_actions))


def test_the_test_part_is_as_planned(world):
    actions = world.original.actions[world.fold.test]
    assert np.bincount(actions).tolist() == [8, 8, 2]


def test_figures_are_those_worked_out_by_hand(world):
    world.right = {
        ('first', 0, 'original', 'original'): (8, 8, 1),
        ('first', 0, 'original', 'draw 0'): (8, 4, 0),
        ('first', 0, BOTH, 'draw 0'): (6, 8, 2),
        ('first', 0, BOTH, 'original'): (2, 0, 1),
        ('second', 0, 'original', 'original'): (8, 8, 2),
        ('second', 0, 'original', 'draw 0'): (4, 0, 2),
    }
    found = utility(world)
    expected = dict(
        original=dict(top1=17 / 18, mean_class=(1 + 1 + 0.5) / 3),
        fixed=dict(top1=12 / 18, mean_class=(1 + 0.5 + 0) / 3, drop=5 / 18),
        retrained=dict(top1=16 / 18, mean_class=(0.75 + 1 + 1) / 3),
        retrained_on_original=dict(top1=3 / 18, mean_class=(0.25 + 0 + 0.5) / 3),
        unseen_architecture=dict(top1=6 / 18, mean_class=(0.5 + 0 + 1) / 3),
    )
    assert found.pop('unseen_actions') is None
    assert found.keys() == expected.keys()
    for key, figures in expected.items():
        assert found[key] == pytest.approx(figures), key


def test_a_recognizer_that_gains_has_a_negative_drop(world):
    world.right = {
        ('first', 0, 'original', 'original'): (4, 4, 1),
        ('first', 0, 'original', 'draw 0'): (8, 8, 2),
    }
    assert utility(world)['fixed']['drop'] == pytest.approx(-0.5)


def test_unseen_actions_are_read_apart(world):
    world.right = {
        ('first', 0, 'original', 'original'): (8, 8, 2),
        ('first', 0, 'original', 'draw 0'): (8, 2, 1),
    }
    found = utility(world, [1, 2])
    apart = found['unseen_actions']
    assert apart['top1'] == pytest.approx(3 / 10)
    assert apart['mean_class'] == pytest.approx((2 / 8 + 0.5) / 2)
    # Of class 1 the six misread clips are taken for class 2, of class 2 the one for class 0, which is ruled out: a guess.
    assert apart['top1_among'] == pytest.approx((2 + 1 + 0.5) / 10) and apart['chance'] == 0.5
    only = utility(world, [2])['unseen_actions']
    assert only['top1'] == 0.5 and only['top1_among'] == only['chance'] == 1
    assert found['fixed']['top1'] == pytest.approx(11 / 18)  # which they do not change


def test_what_was_not_asked_for_is_none(world):
    found = utility(world, names=('first',), believed='first')
    assert found['unseen_architecture'] is None and found['unseen_actions'] is None
    shown = world.original.actions[world.fold.test] != 2
    world.fold = type(world.fold)(world.fold.train, world.fold.test[shown])
    assert utility(world, [2])['unseen_actions'] is None  # no test clip shows it


def test_accuracies_are_means_over_seeds(world):
    world.right = {
        ('first', 0, 'original', 'original'): (8, 8, 2),
        ('first', 5, 'original', 'original'): (8, 0, 0),
        ('first', 0, 'original', 'draw 0'): (8, 0, 0),
        ('first', 5, 'original', 'draw 0'): (4, 4, 1),
        ('first', 5, BOTH, 'draw 0'): (8, 8, 2),
        ('second', 5, 'original', 'draw 0'): (8, 8, 2),
    }
    found = utility(world, seeds=(0, 5))
    assert found['original'] == pytest.approx(dict(top1=26 / 36, mean_class=(1 + 1 / 3) / 2))
    assert found['fixed']['top1'] == pytest.approx((8 + 9) / 36)
    assert found['fixed']['drop'] == pytest.approx(9 / 36)
    assert found['retrained']['top1'] == found['unseen_architecture']['top1'] == 0.5


def test_recognizers_learn_published_actions_of_training_clips_alone(world):
    world.run(world.recognition(seeds=(0, 5)).jobs(world.method, world.inverted))
    train, actions = world.fold.train, world.original.actions
    for (_, seed, learned, _), jobs in world.asked.items():
        times = 2 if learned == BOTH else 1
        for job in jobs:
            np.testing.assert_array_equal(job.train.index, np.tile(train, times))
            np.testing.assert_array_equal(job.labels, actions[job.train.index])
            np.testing.assert_array_equal(job.train.actions, actions[job.train.index])
            assert job.num_classes == 3 and job.seed == seed
            assert not np.isin(job.train.index, world.fold.test).any()
            # All clips are read, so that attackers of any task know what each shows.
            for sight in job.targets.values():
                np.testing.assert_array_equal(sight.index, np.arange(len(actions)))
    asked = set(world.asked)
    assert {key[1] for key in asked} == {0, 5}
    assert {key for key in asked if key[3] == 'draw 1'} == set()  # only learned from
    assert {key for key in asked if key[3] == 'inverted'} == {('second', 0, 'original', 'inverted')}


def test_of_the_originals_each_recognizer_learns_once(world):
    """Whoever reads another file is the one that was fitted on the originals, and is not trained again."""
    made = world.recognition(seeds=(0, 5))
    jobs = made.jobs(world.method, world.inverted)
    learning = {job.key for job in jobs if job.ready is None}
    others = [job for job in jobs if job.ready is not None]
    assert len(learning) == 2 * 2 + 2 + 1  # of originals, the first of the method, the believed one
    assert len(others) == 2 * 2 + 1 and {job.ready.key for job in others} <= learning
    assert all(job.ready.train.digest() == job.train.digest() for job in others)


def test_beliefs_are_what_the_believed_recognizer_says(world):
    # Which of the planted answers is heard can be told by the number of right ones.
    world.right = {
        ('second', 0, 'original', 'original'): (1, 1, 1),
        ('second', 0, 'original', 'draw 0'): (2, 1, 0),
        ('second', 0, BOTH, 'draw 0'): (3, 0, 2),
        ('second', 0, 'original', 'inverted'): (0, 4, 1),
        ('second', 5, 'original', 'original'): (8, 8, 2),
        ('first', 0, 'original', 'original'): (7, 7, 1),
    }
    made = world.recognition(seeds=(0, 5))
    results = world.run(made.jobs(world.method, world.inverted))
    beliefs = made.beliefs(results, dict(m=(world.method, world.inverted)))
    np.testing.assert_array_equal(beliefs.labels, world.original.actions)
    heard = {
        ('original', 'original'): ('original', 'original'),
        ('original', 'm'): ('original', 'draw 0'),
        ('m', 'm'): (BOTH, 'draw 0'),
        ('original', 'm/inverted'): ('original', 'inverted'),
    }
    assert beliefs.recognized.keys() == heard.keys()
    for pair, (learned, read) in heard.items():
        np.testing.assert_array_equal(beliefs.of(*pair), world.answers('second', 0, learned, read))
        assert (beliefs.of(*pair) != world.original.actions).any()  # never the labels


def test_without_inversion_nobody_is_asked_about_it(world):
    made = world.recognition()
    results = world.run(made.jobs(world.method, None))
    assert not any(key[3] == 'inverted' for key in world.asked)
    beliefs = made.beliefs(results, dict(m=(world.method, None)))
    assert ('original', 'm/inverted') not in beliefs.recognized


def test_the_believed_recognizer_has_to_be_one_of_them(world):
    with pytest.raises(ValueError, match="believed names the recognizer 'third'.*correct the"):
        world.recognition(believed='third')
