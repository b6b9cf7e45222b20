# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Gates that hold and that do not, and what an audit says then."""

import copy
from types import SimpleNamespace

import pytest

from mmskanon.audit.gates import NOISE, judge_gates, judge_verdict
from mmskanon.audit.tiers import TIERS

ATTACKERS = dict(
    tcn=dict(family='a', counts=True),
    bones=dict(family='b', counts=True),
    placement=dict(family='c', counts=False),
)


class Yard:
    """Eight people, chance 12.5 %, and a bound that the tests choose."""

    chance = 0.125
    task = SimpleNamespace(kind='closed')

    def guess_bound(self, attackers):
        return 0.16 + 0.0005 * attackers

    leak_bound = guess_bound

    def eer_bound(self, attacks):
        return 0.44


def tier(tcn, bones=0.12, placement=0.9, converged=True, eer=0.46):
    figures = dict(tcn=tcn, bones=bones, placement=placement)
    best = 'tcn' if tcn >= bones else 'bones'
    return dict(
        strongest=best,
        attackers={
            n: dict(rank1=r, eer=eer, converged=converged or n == 'placement')
            for n, r in figures.items()
        },
    )


@pytest.fixture
def entry():
    tiers = {t: tier(0.13) for t in TIERS}
    tiers['control'] = tier(0.98)
    return dict(privacy=dict(subject=dict(tiers=tiers)))


@pytest.fixture
def document():
    return dict(
        attackers=ATTACKERS,
        budget='standard',
        lower_bound=False,
        controls=dict(
            noise=dict(tcn=dict(rank1=0.14), bones=dict(rank1=0.12)),
            identity=dict(tcn=dict(rank1=0.97), bones=dict(rank1=0.5)),
        ),
        data=dict(trials=dict(subject=dict(matched=dict(pairs=500, genuine=100)))),
    )


def judged(entry, document, min_genuine=30):
    gates = judge_gates(entry, document, Yard(), min_genuine)
    verdict = judge_verdict(entry, gates, document, dict(subject=Yard()))
    return {g.name: g.passed for g in gates}, verdict


def test_nothing_found_and_every_gate_holds(entry, document):
    gates, verdict = judged(entry, document)
    assert all(gates.values()) and len(gates) == 5
    assert verdict['claim'] == 'not_shown'
    assert verdict['sentence'].startswith(
        'Not shown to leak by these attackers at this budget (standard)'
    )
    assert 'anonym' not in verdict['sentence']


@pytest.mark.parametrize('where', [t for t in TIERS if t != 'control'])
def test_a_leak_in_any_tier_is_a_leak(entry, document, where):
    entry['privacy']['subject']['tiers'][where] = tier(0.4)
    _, verdict = judged(entry, document)
    assert verdict['claim'] == 'leaks' and '40.0% of the people' in verdict['sentence']
    assert TIERS[where].title in verdict['sentence']


def test_attackers_that_read_no_skeleton_do_not_count(entry, document):
    assert judged(entry, document)[1]['claim'] == 'not_shown'  # although placement reads 90 %


def test_a_fast_budget_says_that_more_may_be_found(entry, document):
    entry['privacy']['subject']['tiers']['adaptive'] = tier(0.4)
    document['lower_bound'] = True
    assert 'larger budget may find more' in judged(entry, document)[1]['sentence']


@pytest.mark.parametrize(
    ('break_it', 'gate'),
    [
        (
            lambda e, d: (
                e['privacy']['subject']['tiers'].update(control=tier(0.5)),
                d['controls'].update(identity=dict(tcn=dict(rank1=0.5))),
            ),
            'control attacker succeeds',
        ),
        (
            lambda e, d: d['controls'].update(identity=dict(tcn=dict(rank1=0.8))),
            'identity reproduces the control',
        ),
        (
            lambda e, d: e['privacy']['subject']['tiers'].update(
                adaptive=tier(0.13, converged=False)
            ),
            'attackers have converged',
        ),
        (
            lambda e, d: d['data']['trials']['subject']['matched'].update(genuine=20),
            'no trial is missing',
        ),
    ],
)
def test_without_a_gate_there_is_no_claim_of_privacy_but_a_leak_stays_one(
    entry, document, break_it, gate
):
    break_it(entry, document)
    gates, verdict = judged(entry, document)
    assert [n for n, passed in gates.items() if not passed] == [gate]
    assert verdict['claim'] == 'no_claim' and gate in verdict['sentence']
    entry['privacy']['subject']['tiers']['ignorant'] = tier(0.6)
    assert judged(entry, document)[1]['claim'] == 'leaks'


def test_who_finds_people_in_noise_may_say_nothing(entry, document):
    document['controls']['noise']['bones']['rank1'] = 0.3
    entry['privacy']['subject']['tiers']['adaptive'] = tier(0.9)
    gates, verdict = judged(entry, document)
    assert gates[NOISE] is False
    assert verdict['claim'] == 'no_claim' and 'at fault' in verdict['sentence']


def test_controls_that_were_not_run_allow_no_claim_of_privacy(entry, document):
    document['controls'] = dict(noise={}, identity={})
    gates, verdict = judged(entry, document)
    assert gates[NOISE] is None and gates['identity reproduces the control'] is None
    assert verdict['claim'] == 'no_claim' and NOISE in verdict['sentence']
    entry['privacy']['subject']['tiers']['ignorant'] = tier(0.6)
    assert judged(entry, document)[1]['claim'] == 'leaks'


def test_who_links_clips_of_a_person_has_found_a_leak_though_naming_nobody(entry, document):
    entry['privacy']['subject']['tiers']['lazy_informed'] = tier(0.13, eer=0.1)
    _, verdict = judged(entry, document)
    assert verdict['claim'] == 'leaks' and 'equal error rate of 10.0%' in verdict['sentence']
    assert 'names' not in verdict['sentence']
    entry['privacy']['subject']['tiers']['lazy_informed']['attackers']['placement']['eer'] = 0.01
    for name in ('tcn', 'bones'):
        entry['privacy']['subject']['tiers']['lazy_informed']['attackers'][name]['eer'] = 0.46
    assert judged(entry, document)[1]['claim'] == 'not_shown'  # placement is reported apart


def test_the_unfinished_attacker_is_named(entry, document):
    entry['privacy']['subject']['tiers']['adaptive'] = tier(0.13, converged=False)
    gates = judge_gates(entry, document, Yard(), 30)
    sentence = next(g.sentence for g in gates if g.name == 'attackers have converged')
    assert 'tcn (adaptive)' in sentence and 'placement' not in sentence


def test_another_attribute_can_leak_too(entry, document):
    entry['privacy']['gender'] = dict(tiers=dict(control=tier(0.9), semi_informed=tier(0.8)))
    gates = judge_gates(entry, document, Yard(), 30)
    verdict = judge_verdict(entry, gates, document, dict(subject=Yard(), gender=Yard()))
    assert verdict['claim'] == 'leaks' and '80.0% of the values of gender' in verdict['sentence']


class Strangers(Yard):
    task = SimpleNamespace(kind='open')


@pytest.mark.parametrize(('eer', 'claim'), [(0.46, 'not_shown'), (0.2, 'leaks')])
def test_people_never_trained_on_have_no_rank_and_are_linked(entry, document, eer, claim):
    nobody = copy.deepcopy(entry['privacy']['subject'])
    for tier_of in nobody['tiers'].values():
        tier_of['strongest'] = None
        for figures in tier_of['attackers'].values():
            figures.update(rank1=None, eer=eer)
    entry['privacy']['subject_open'] = nobody
    gates = judge_gates(entry, document, Yard(), 30)
    verdict = judge_verdict(entry, gates, document, dict(subject=Yard(), subject_open=Strangers()))
    assert verdict['claim'] == claim
    if claim == 'leaks':
        assert 'whom attackers have not trained on' in verdict['sentence']


class FewPeople(Yard):
    """Guesses about single clips stay within 20 %, those about people within 60 %."""

    chance = 0.5
    task = SimpleNamespace(kind='attribute')

    def __init__(self):
        self.asked = []

    def guess_bound(self, attackers):
        self.asked.append(attackers)
        return 0.2

    def leak_bound(self, attackers):
        self.asked.append(attackers)
        return 0.6


@pytest.mark.parametrize(
    ('rank1', 'claim'), [(0.15, 'not_shown'), (0.4, 'no_claim'), (0.7, 'leaks')]
)
def test_what_few_people_may_explain_is_no_claim(entry, document, rank1, claim):
    tiers = {t: tier(rank1) for t in TIERS}
    entry['privacy']['gender'] = dict(tiers=tiers)
    gates = judge_gates(entry, document, Yard(), 30)
    gender = FewPeople()
    verdict = judge_verdict(entry, gates, document, dict(subject=Yard(), gender=gender))
    assert verdict['claim'] == claim
    if claim == 'no_claim':
        assert 'values of gender' in verdict['sentence'] and 'more people' in verdict['sentence']
        assert 'of the people (' not in verdict['sentence']  # subject is not under suspicion
    assert set(gender.asked) == {
        2 * 2 * 6 * 2
    }  # kinds of figures, attackers that count, tiers, questions
