# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""From planted answers of attackers to the document: figures, gates and verdict, and the scores that are kept."""

import json
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from audit_recordings import recordings
from scipy.stats import binom

from mmskanon.audit.attackers import Attacker, FitReport
from mmskanon.audit.audit import Audit, Testimony
from mmskanon.audit.document import Findings
from mmskanon.audit.fidelity import measure_fidelity
from mmskanon.audit.jobs import JobResult
from mmskanon.audit.judging import Answers
from mmskanon.audit.report import check_results
from mmskanon.audit.tiers import TIERS
from mmskanon.evaluation.functional import equal_error_rate
from mmskanon.io import atomic_pickle
from mmskanon.registry import ATTACKERS
from mmskanon.utils import read_config

CLIPS = 120  # tried: four people, ten actions, three takes
GUESSED = CLIPS // 4
SHIFT = np.float32([0.03, 0.04, 0])  # 50 mm
ATTACKS = [t for t in TIERS if t != 'control']


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


@pytest.fixture(autouse=True)
def one_figure(monkeypatch):
    """How far the first test clip was moved instead of all that test_fidelity.py looks at, which takes longer."""

    def measure(original, anonymized, test):
        moved = anonymized.camera(test[0]) - original.store.camera(test[0])
        return dict(mpjpe_mm=1000 * float(np.linalg.norm(moved, axis=-1).mean()))

    monkeypatch.setattr('mmskanon.audit.document.measure_fidelity', measure)


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
    """Clips that several audits share."""
    return tmp_path_factory.mktemp('cache')


@pytest.fixture
def audited(request, tmp_path, cache):
    """Build an audit with its own settings."""
    return lambda *args, **kwargs: build(request, tmp_path, cache, *args, **kwargs)


@pytest.fixture(scope='module')
def _common(request, tmp_path_factory, cache):
    return build(request, tmp_path_factory.mktemp('audit'), cache)


@pytest.fixture
def audit(_common):
    """An audit of one method 'm' in all tiers, in which nobody is found."""
    yield _common.plant()
    _common.cfg.merge_from_dict(dict(min_genuine=30, lower_bound=False, randomness=dict(seed=0)))


def judged(audit, method='m'):
    """The entry of a method: verdict, gates and the rest."""
    document = Findings(audit, 'test', 0.0).document()
    assert check_results(document) == []
    json.dumps(document, allow_nan=False)
    return document['methods'][method]


def failed(entry):
    return [gate['name'] for gate in entry['gates'] if not gate['passed']]


def most_by_guessing(clips, chance, guesses):
    """Hits that the best of independent guessers exceeds in at most one audit of twenty, Bonferroni's."""
    hits = np.arange(clips + 1)
    beyond = 1 - np.cumsum(binom.pmf(hits, clips, chance))
    return int(hits[guesses * beyond <= 0.05][0])


def test_where_nobody_is_found_nothing_is_shown_to_leak(audit):
    entry = judged(audit)
    assert entry['verdict']['claim'] == 'not_shown' and failed(entry) == []
    limit = most_by_guessing(CLIPS, 1 / 4, 2 * 6) / CLIPS
    assert 'names 25.0% of the people (' in entry['verdict']['sentence']
    assert entry['verdict']['sentence'].endswith(f'stays within {limit:.1%}.')


@pytest.mark.parametrize('tier', ATTACKS)
def test_a_leak_is_what_the_best_guess_of_all_does_not_reach(audit, tier):
    """Two attackers that count and six tiers: the best of twelve."""
    most = most_by_guessing(CLIPS, 1 / 4, 2 * 6)
    audit.right['m', 'subject', tier, 'b'] = most
    assert judged(audit)['verdict']['claim'] == 'not_shown'
    audit.right['m', 'subject', tier, 'b'] = most + 1
    verdict = judged(audit)['verdict']
    assert verdict['claim'] == 'leaks'
    assert f'{(most + 1) / CLIPS:.1%} of the people ({TIERS[tier].title}, b;' in verdict['sentence']


def test_fewer_tiers_are_fewer_guesses(audited):
    audit = audited(tiers=['control', 'ignorant'])
    most = most_by_guessing(CLIPS, 1 / 4, 2)
    assert most < most_by_guessing(CLIPS, 1 / 4, 12)
    audit.right['m', 'subject', 'ignorant', 'a'] = most
    assert judged(audit)['verdict']['claim'] == 'not_shown'
    audit.right['m', 'subject', 'ignorant', 'a'] = most + 1
    assert judged(audit)['verdict']['claim'] == 'leaks'


def test_naming_the_most_frequent_person_is_no_leak(audited):
    """One person has half of the test clips: whoever names that one always has half of them right."""
    data = recordings(n_actions=10, trials=6, frames=6)
    few = [n for n in data['split']['test'] if '_s1_' not in n][::3]
    data['split']['test'] = [n for n in data['split']['test'] if '_s1_' in n or n in few]
    clips = len(data['split']['test'])
    assert clips == 30 + 30
    audit = audited(data)
    audit.right = {k: min(n, clips) for k, n in audit.right.items()}
    audit.control_right = dict(noise=dict(a=15), identity=dict(a=clips))
    most = most_by_guessing(clips, 1 / 2, 12)
    for hits, claim in ((most, 'not_shown'), (most + 1, 'leaks')):
        audit.right['m', 'subject', 'adaptive', 'a'] = hits
        assert judged(audit)['verdict']['claim'] == claim


def test_the_strongest_attacker_of_all_tiers_is_quoted(audit):
    audit.right['m', 'subject', 'ignorant', 'a'] = 70
    audit.right['m', 'subject', 'ignorant', 'b'] = 60
    audit.right['m', 'subject', 'lazy_informed', 'b'] = 80
    entry = judged(audit)
    tiers = entry['privacy']['subject']['tiers']
    assert tiers['ignorant']['strongest'] == 'a' and tiers['lazy_informed']['strongest'] == 'b'
    assert tiers['ignorant']['attackers']['b']['rank1'] == 60 / CLIPS
    assert f'{80 / CLIPS:.1%} of the people (lazy-informed, b;' in entry['verdict']['sentence']
    assert list(tiers) == list(TIERS)


def test_attackers_reported_apart_are_reported_and_do_not_count(audit):
    for tier in TIERS:
        method = None if tier == 'control' else 'm'
        audit.right[method, 'subject', tier, 'apart'] = CLIPS
        audit.reports[method, 'subject', tier, 'apart'] = [FitReport(0.2, converged=False)]
    entry = judged(audit)
    assert entry['verdict']['claim'] == 'not_shown' and failed(entry) == []
    for results in entry['privacy']['subject']['tiers'].values():
        assert results['attackers']['apart']['rank1'] == 1 and results['strongest'] != 'apart'


def test_succeeding_apart_is_no_success_of_the_control(audit):
    audit.right[None, 'subject', 'control', 'a'] = GUESSED
    audit.right[None, 'subject', 'control', 'apart'] = CLIPS
    audit.control_right['identity']['a'] = GUESSED
    entry = judged(audit)
    assert failed(entry) == ['control attacker succeeds']
    assert entry['verdict']['claim'] == 'no_claim'


def plant_control(audit):
    # Half of what is readable above chance, 62.5 %, less one clip
    audit.right[None, 'subject', 'control', 'a'] = audit.control_right['identity']['a'] = 74


def plant_identity(audit):
    audit.control_right['identity']['a'] = CLIPS - 7


def plant_unfinished(audit):
    done, stopped = FitReport(0.99), FitReport(0.6, converged=False, how='stopped')
    audit.reports['m', 'subject', 'original_enrolled', 'b'] = [done, stopped]


def plant_few_pairs(audit):
    audit.cfg.min_genuine = CLIPS + 1  # in ten actions each of four people has three pairs


@pytest.mark.parametrize(
    ('plant', 'gate'),
    [
        (plant_control, 'control attacker succeeds'),
        (plant_identity, 'identity reproduces the control'),
        (plant_unfinished, 'attackers have converged'),
        (plant_few_pairs, 'no trial is missing'),
    ],
)
def test_where_a_gate_fails_only_a_leak_is_claimed(audit, plant, gate):
    plant(audit)
    entry = judged(audit)
    assert failed(entry) == [gate]
    assert entry['verdict']['claim'] == 'no_claim' and gate in entry['verdict']['sentence']
    audit.right['m', 'subject', 'semi_informed', 'a'] = 100
    assert judged(audit)['verdict']['claim'] == 'leaks'


def test_gates_hold_just_so(audit):
    audit.right[None, 'subject', 'control', 'a'] = 75  # 62.5 %
    audit.control_right['identity']['a'] = 75 - 5
    audit.control_right['noise']['b'] = most_by_guessing(CLIPS, 1 / 4, 2)
    audit.cfg.min_genuine = CLIPS
    assert failed(judged(audit)) == []


def test_whoever_finds_people_in_noise_claims_nothing_at_all(audit):
    """The bound there is that of the two attackers that were tried on noise."""
    audit.control_right['noise']['b'] = most_by_guessing(CLIPS, 1 / 4, 2) + 1
    audit.right['m', 'subject', 'semi_informed', 'a'] = CLIPS
    entry = judged(audit)
    assert failed(entry) == ['noise gives chance']
    assert entry['verdict']['claim'] == 'no_claim' and 'at fault' in entry['verdict']['sentence']


def test_a_budget_of_lower_bounds_says_so(audit):
    audit.right['m', 'subject', 'semi_informed', 'a'] = CLIPS
    assert 'A larger budget' not in judged(audit)['verdict']['sentence']
    audit.cfg.lower_bound = True
    assert judged(audit)['verdict']['sentence'].endswith('A larger budget may find more.')


def test_without_an_attack_nothing_is_said(audited):
    """Inversion has no meaning in several folds; where it was the only attack, none is left."""
    rule = dict(by='trial', values=[1, 2, 3])
    parts = [rule, dict(rule, exclude=True)]
    folds = [dict(train=parts[i], test=parts[1 - i]) for i in (0, 1)]
    audit = audited(tiers=['control', 'inversion'], partition=folds, donors=[1])
    audit.right = dict.fromkeys(audit.right, 2 * CLIPS)
    audit.control_right = dict(noise=dict(a=2 * GUESSED), identity=dict(a=2 * CLIPS))
    entry = judged(audit)
    assert list(entry['privacy']['subject']['tiers']) == ['control']
    assert entry['verdict']['claim'] == 'no_claim'
    assert 'no attack on anonymized clips' in entry['verdict']['sentence']
    assert entry['groups'] is None


def test_the_adaptive_attacker_is_the_better_of_its_two_ways(audit):
    """Each for itself: ``a`` is better on anonymized clips alone, ``b`` after originals."""
    audit.right['m', 'subject', 'semi_informed', 'a'] = 90
    audit.right['m', 'subject', 'adaptive', 'a'] = 75
    audit.right['m', 'subject', 'semi_informed', 'b'] = 40
    audit.right['m', 'subject', 'adaptive', 'b'] = 80
    audit.apart['m', 'subject', 'semi_informed', 'a'] = 3.0
    tiers = judged(audit)['privacy']['subject']['tiers']
    rates = {
        tier: {a: figures['rank1'] * CLIPS for a, figures in tiers[tier]['attackers'].items()}
        for tier in ('semi_informed', 'adaptive')
    }
    assert rates['semi_informed'] == pytest.approx(dict(a=90, b=40, apart=GUESSED))
    assert rates['adaptive'] == pytest.approx(dict(a=90, b=80, apart=GUESSED))
    assert tiers['adaptive']['strongest'] == 'a'  # of the figures after the choice
    assert tiers['adaptive']['attackers']['a'] == tiers['semi_informed']['attackers']['a']
    assert tiers['adaptive']['attackers']['a']['eer'] < 0.2  # all figures are of one way


def test_strangers_are_linked_by_the_better_way_and_named_by_none(audited):
    audit = audited(tiers=['control', 'semi_informed', 'adaptive'], open_folds=2, bootstrap=20)
    audit.right = {k: 2 * n if k[1] == 'subject_open' else n for k, n in audit.right.items()}
    audit.apart['m', 'subject_open', 'semi_informed', 'a'] = 2.0
    audit.apart['m', 'subject_open', 'adaptive', 'a'] = 1.0
    audit.apart['m', 'subject_open', 'adaptive', 'b'] = 3.0
    entry = judged(audit)
    tiers = entry['privacy']['subject_open']['tiers']
    assert all(t['strongest'] is None for t in tiers.values())
    alone, adaptive = (tiers[t]['attackers'] for t in ('semi_informed', 'adaptive'))
    assert adaptive['a']['eer'] == alone['a']['eer'] == pytest.approx(0.16, abs=0.03)
    assert adaptive['b']['eer'] < 0.1 and alone['b']['eer'] == pytest.approx(0.5, abs=0.05)
    assert adaptive['a']['rank1'] is None
    assert entry['verdict']['claim'] == 'not_shown'  # which is said of names


def test_another_attribute_is_under_suspicion_by_a_bound_of_its_own(audited):
    audit = audited(attributes=['subject', 'gender'])
    clips, tiers = (
        2 * CLIPS,
        3,
    )  # all are tried; lazy, enrolled and inverting attackers have no meaning
    audit.right[None, 'gender', 'control', 'a'] = clips
    questions = 2
    most = most_by_guessing(clips, 1 / 2, 2 * tiers * questions)
    for tier in ('ignorant', 'semi_informed', 'adaptive'):
        for name in ('a', 'b', 'apart'):
            audit.right['m', 'gender', tier, name] = clips // 2
    audit.right['m', 'gender', 'adaptive', 'b'] = most
    assert judged(audit)['verdict']['claim'] == 'not_shown'
    audit.right['m', 'gender', 'adaptive', 'b'] = most + 1
    entry = judged(audit)
    assert entry['verdict']['claim'] == 'no_claim'  # people are too few to tell
    assert f'{(most + 1) / clips:.1%} of the values of gender' in entry['verdict']['sentence']
    assert 'Audit more people' in entry['verdict']['sentence']
    assert 'of the people' not in entry['verdict']['sentence']  # who do not leak
    assert set(entry['privacy']['gender']['tiers']) == {
        'control', 'ignorant', 'semi_informed', 'adaptive',
    }  # fmt: skip


def test_methods_are_judged_each_for_itself_and_share_the_control(audited):
    audit = audited(methods=('m', 'n'))
    audit.right['n', 'subject', 'semi_informed', 'a'] = 100
    document = Findings(audit, 'test', 0.0).document()
    methods = document['methods']
    assert [methods[m]['verdict']['claim'] for m in ('m', 'n')] == ['not_shown', 'leaks']
    assert [f['file'] for m in 'mn' for f in methods[m]['files']] == ['m.pkl', 'n.pkl']
    moved = [methods[m]['fidelity']['mpjpe_mm'] for m in 'mn']
    assert moved == pytest.approx([50, 100], rel=1e-3)
    controls = [methods[m]['privacy']['subject']['tiers']['control'] for m in ('m', 'n')]
    assert controls[0] == controls[1]
    assert max(audit.asked.values()) == 1
    assert len(audit.asked) == 3 * (1 + 2 * len(ATTACKS))


def test_donors_and_others_are_told_apart_by_the_best_informed_tier(audited):
    """The first 30 of the clips are those of the first person, so that 40 right are all of this one and 10 of the next."""
    audit = audited(donors=[1])
    audit.right['m', 'subject', 'ignorant', 'a'] = 70
    audit.right['m', 'subject', 'adaptive', 'b'] = 40
    found = judged(audit)['groups']
    assert found['donors'] == dict(clips=30, rank1=1.0)
    assert found['others'] == dict(clips=90, rank1=pytest.approx(10 / 90))


@pytest.mark.parametrize('tier', ['lazy_informed', 'original_enrolled', 'inversion'])
def test_donors_are_not_told_apart_by_the_control(audited, tier):
    audit = audited(donors=[1], tiers=['control', tier])
    audit.right['m', 'subject', tier, 'b'] = 40
    assert judged(audit)['groups']['others']['rank1'] == pytest.approx(10 / 90)


def test_without_donors_there_are_no_groups(audit):
    assert judged(audit)['groups'] is None


def test_an_attacker_of_several_jobs_is_described_by_all(audit):
    audit.reports['m', 'subject', 'ignorant', 'a'] = [
        FitReport(0.9, how='reached 95%', epochs=4),
        FitReport(0.7, how='plateau', epochs=9),
        FitReport(0.8, how='reached 95%', epochs=2),
    ]
    audit.reports['m', 'subject', 'ignorant', 'b'] = [FitReport(1.0), FitReport(0.5, False)]
    attackers = judged(audit)['privacy']['subject']['tiers']['ignorant']['attackers']
    a, b = attackers['a'], attackers['b']
    assert a['train_accuracy'] == pytest.approx(0.8) and a['epochs'] == 9 and a['seconds'] == 3
    assert a['how'] == 'reached 95%; plateau' and a['converged'] is True
    assert b['converged'] is False


def test_the_document_says_what_it_rests_on(audit, monkeypatch):
    monkeypatch.setattr('mmskanon.audit.document.measure_fidelity', measure_fidelity)
    document = Findings(audit, 'the command', 0.0).document()
    data = document['data']
    assert data['partition'] == dict(
        kind='closed', train=CLIPS, test=CLIPS, sentence=data['partition']['sentence']
    )
    assert data['original']['samples'] == 2 * CLIPS and data['num_actions'] == 10
    assert data['attributes']['subject']['values'] == ['1', '2', '3', '4']
    assert data['attributes']['subject']['chance'] == 0.25
    matched = data['trials']['subject']['matched']
    # Twelve clips an action are 66 pairs, of which three of each person are genuine.
    assert matched['genuine'] == 10 * 12 and matched['pairs'] == 10 * 66
    assert document['attackers'] == dict(
        a=dict(family='planted', counts=True),
        b=dict(family='planted', counts=True),
        apart=dict(family='planted', counts=False),
    )
    assert document['controls']['identity']['a']['rank1'] == 1
    assert document['controls']['noise']['b']['rank1'] == 0.25
    assert document['command'] == 'the command' and document['budget'] == 'small'
    assert document['attacker_seconds'] == 6.5
    fidelity = document['methods']['m']['fidelity']
    assert fidelity['mpjpe_mm'] == pytest.approx(50, rel=1e-3) and fidelity['tm'] == 1
    assert fidelity['tm_chance'] == pytest.approx(1 / 6)  # sources are found among all takes
    assert document['methods']['m']['utility']['fixed']['top1'] == 0.5


def test_figures_can_be_computed_again_from_the_scores_that_are_kept(audit, tmp_path):
    audit.right['m', 'subject', 'semi_informed', 'a'] = 90
    audit.right['m', 'subject', 'adaptive', 'a'] = 75
    audit.apart['m', 'subject', 'semi_informed', 'a'] = 1.5
    findings = Findings(audit, 'test', 0.0)
    tiers = findings.document()['methods']['m']['privacy']['subject']['tiers']
    findings.scores('m', 'subject', 'control')  # drawn for each method, and kept once
    findings.save_scores(tmp_path / 'scores')
    assert len(list((tmp_path / 'scores').rglob('*.npz'))) == 3 * len(TIERS)
    people = {s['frame_dir']: s['subject'] for s in audit.original.samples}
    names = audit.original.store.names
    for tier, results in tiers.items():
        folder = tmp_path / 'scores' / ('original' if tier == 'control' else 'm') / 'subject' / tier
        for attacker, figures in results['attackers'].items():
            kept = np.load(folder / f'{attacker}.npz')
            assert [people[n] - 1 for n in kept['names']] == kept['labels'].tolist()
            rank1 = (kept['log_posterior'].argmax(1) == kept['labels']).mean()
            assert rank1 == figures['rank1'], (tier, attacker)
            same = [people[names[a]] == people[names[b]] for a, b in kept['pairs']]
            np.testing.assert_array_equal(same, kept['genuine'])
            eer = equal_error_rate(kept['pair_scores'], kept['genuine'])
            assert eer == pytest.approx(figures['eer']), (tier, attacker)


def test_pictures_are_drawn_from_the_scores_of_the_strongest(audit):
    audit.right['m', 'subject', 'ignorant', 'b'] = 60
    audit.right['m', 'subject', 'ignorant', 'apart'] = CLIPS
    audit.right['m', 'subject', 'semi_informed', 'a'] = 90
    findings = Findings(audit, 'test', 0.0)
    findings.document()

    def right(tier):
        found = findings.scores('m', 'subject', tier)
        assert len(found['genuine']) == len(found['pair_scores']) == 10 * 66
        return (found['log_posterior'].argmax(1) == found['labels']).sum()

    assert right('ignorant') == 60 and right('control') == CLIPS
    assert right('adaptive') == 90  # on anonymized clips alone, which was better


def test_there_are_no_scores_of_a_tier_that_was_not_run(audited):
    findings = Findings(audited(tiers=['control', 'ignorant']), 'test', 0.0)
    assert findings.scores('m', 'subject', 'adaptive') is None
    assert findings.scores('m', 'subject', 'ignorant') is not None


@pytest.mark.parametrize('seed', range(6))
def test_examples_are_test_clips_of_different_people_and_actions(audit, seed):
    audit.cfg.randomness.seed = seed
    found = Findings(audit, 'test', 0.0).examples()
    names, samples = audit.original.store.names, audit.original.samples
    rows = [names.index(example.name) for example in found]
    assert len(rows) == audit.cfg.examples == 3
    assert set(rows) <= set(audit.recognition.fold.test)
    for key in ('subject', 'label'):
        assert len({samples[i][key] for i in rows}) == 3
    for example, i in zip(found, rows, strict=True):
        np.testing.assert_array_equal(example.original, audit.original.store.camera(i))
        moved = example.anonymized['m'] - example.original
        np.testing.assert_allclose(moved, np.broadcast_to(SHIFT, moved.shape), atol=1e-5)


def test_displacement_is_that_of_each_joint_of_those_who_are_there(audit):
    found = Findings(audit, 'test', 0.0).displacement()
    np.testing.assert_allclose(found['m'], np.full(20, 50), rtol=1e-3)
    store = audit.original.store

    def one_joint(index):
        """Half of the frames have nobody, and the seventh joint alone moves, in test clips."""
        clip = store.camera(index).copy()
        clip[:, 3:] = 0
        return clip

    def elsewhere(index):
        clip = one_joint(index)
        clip[:, :3, 7, 0] += 0.2 if index in audit.recognition.fold.test else 9
        return clip

    findings = Findings(audit, 'test', 0.0)
    before = SimpleNamespace(layout=store.layout, camera=one_joint)
    findings.audit = SimpleNamespace(
        original=SimpleNamespace(store=before),
        recognition=audit.recognition,
        methods=dict(m=SimpleNamespace(stores=[SimpleNamespace(camera=elsewhere)])),
    )
    expected = np.where(np.arange(20) == 7, 200, 0)
    np.testing.assert_allclose(findings.displacement()['m'], expected, atol=1e-3)


@pytest.mark.parametrize('named', [['apart'], []])
def test_without_control_attackers_that_count_the_controls_are_not_looked_at(audit, named):
    audit.control_right = dict(noise=dict.fromkeys(named, 90), identity=dict.fromkeys(named, 90))
    entry = judged(audit)
    passed = {gate['name']: gate['passed'] for gate in entry['gates']}
    assert passed['noise gives chance'] is passed['identity reproduces the control'] is None
    assert entry['verdict']['claim'] == 'not_shown'


def test_an_audit_needs_an_attacker_that_counts(audited):
    blind = dict(a=dict(type='PlantedBystander'), b=dict(type='PlantedBystander'))
    with pytest.raises(ValueError, match=r"key attackers: none of \['a', 'apart', 'b'\] counts"):
        audited(attackers=blind)
