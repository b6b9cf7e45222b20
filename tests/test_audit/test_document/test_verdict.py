# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""From planted answers of attackers to the verdict: what is a leak, whose it is, and when nothing may be said."""

import numpy as np
import pytest
from audit_recordings import recordings
from planted_audits import CLIPS, GUESSED, failed, judged
from scipy.stats import binom

from mmskanon.audit.attackers import FitReport
from mmskanon.audit.document import Findings
from mmskanon.audit.tiers import TIERS

KINDS = 2  # of figures: who it is, and whether two clips show one person
ATTACKS = [t for t in TIERS if t != 'control']


def most_by_guessing(clips, chance, guesses):
    """Hits that the best of independent guessers exceeds in at most one audit of twenty, Bonferroni's."""
    hits = np.arange(clips + 1)
    beyond = 1 - np.cumsum(binom.pmf(hits, clips, chance))
    return int(hits[guesses * beyond <= 0.05][0])


def test_where_nobody_is_found_nothing_is_shown_to_leak(audit):
    entry = judged(audit)
    assert entry['verdict']['claim'] == 'not_shown' and failed(entry) == []
    limit = most_by_guessing(CLIPS, 1 / 4, KINDS * 2 * 6) / CLIPS
    sentence = entry['verdict']['sentence']
    assert 'names 25.0% of the people (' in sentence and 'links clips of a person with' in sentence
    assert f'the luckiest of as many guesses names {limit:.1%} and links them with ' in sentence


@pytest.mark.parametrize('tier', ATTACKS)
def test_a_leak_is_what_the_best_guess_of_all_does_not_reach(audit, tier):
    """Two attackers that count, six tiers, and two kinds of figures: the best of twenty-four."""
    most = most_by_guessing(CLIPS, 1 / 4, KINDS * 2 * 6)
    audit.right['m', 'subject', tier, 'b'] = most
    assert judged(audit)['verdict']['claim'] == 'not_shown'
    audit.right['m', 'subject', tier, 'b'] = most + 1
    verdict = judged(audit)['verdict']
    assert verdict['claim'] == 'leaks'
    assert f'{(most + 1) / CLIPS:.1%} of the people ({TIERS[tier].title}, b;' in verdict['sentence']


def test_fewer_tiers_are_fewer_guesses(audited):
    audit = audited(tiers=['control', 'ignorant'])
    most = most_by_guessing(CLIPS, 1 / 4, KINDS * 2)
    assert most < most_by_guessing(CLIPS, 1 / 4, KINDS * 12)
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
    most = most_by_guessing(clips, 1 / 2, KINDS * 12)
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
    assert entry['verdict']['claim'] == 'leaks'
    assert 'names' not in entry['verdict']['sentence']
    audit.apart.clear()
    assert judged(audit)['verdict']['claim'] == 'not_shown'


def test_another_attribute_is_under_suspicion_by_a_bound_of_its_own(audited):
    audit = audited(attributes=['subject', 'gender'])
    clips, tiers = (
        2 * CLIPS,
        3,
    )  # all are tried; lazy, enrolled and inverting attackers have no meaning
    audit.right[None, 'gender', 'control', 'a'] = clips
    questions = 2
    most = most_by_guessing(clips, 1 / 2, KINDS * 2 * tiers * questions)
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


@pytest.mark.parametrize('named', [['apart'], []])
def test_without_control_attackers_that_count_the_controls_are_not_looked_at(audit, named):
    audit.control_right = dict(noise=dict.fromkeys(named, 90), identity=dict.fromkeys(named, 90))
    entry = judged(audit)
    passed = {gate['name']: gate['passed'] for gate in entry['gates']}
    assert passed['noise gives chance'] is passed['identity reproduces the control'] is None
    assert entry['verdict']['claim'] == 'no_claim'
    assert 'identity reproduces the control; noise gives chance' in entry['verdict']['sentence']


def test_an_audit_needs_an_attacker_that_counts(audited):
    blind = dict(a=dict(type='PlantedBystander'), b=dict(type='PlantedBystander'))
    with pytest.raises(ValueError, match=r"key attackers: none of \['a', 'apart', 'b'\] counts"):
        audited(attackers=blind)
