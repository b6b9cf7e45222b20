# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest

from mmskanon.audit.report.key_figures import (
    lowest_eer,
    strongest_attack,
    strongest_of_tiers,
    utility,
)


def test_the_strongest_attack_is_never_the_control(doc):
    attack = strongest_attack(doc, 'unet', 'subject')
    assert (attack.tier, attack.attacker) == ('adaptive', 'tcn')
    assert attack.interval == (pytest.approx(0.951), 1.0)
    tiers = doc['methods']['unet']['privacy']['subject']['tiers']
    for name in list(tiers):
        if name not in ('control', 'ignorant'):
            del tiers[name]
    assert strongest_attack(doc, 'unet', 'subject').tier == 'ignorant'
    del tiers['ignorant']
    assert strongest_attack(doc, 'unet', 'subject') is None


def test_of_equal_attacks_the_one_that_knows_less_is_quoted(doc):
    assert strongest_attack(doc, 'identity', 'subject').tier == 'ignorant'


def test_an_attacker_that_does_not_count_has_no_lowest_eer(doc):
    tiers = doc['methods']['unet']['privacy']['subject']['tiers']
    tiers['adaptive']['attackers']['content']['eer'] = 0.0
    tiers['control']['attackers']['tcn']['eer'] = 0.0
    tiers['lazy_informed']['attackers']['anthropometrics']['eer'] = 0.001
    attack = lowest_eer(doc, 'unet', 'subject')
    assert (attack.tier, attack.attacker) == ('lazy_informed', 'anthropometrics')
    assert lowest_eer(doc, 'unet', 'gender') is None


def test_what_was_not_run_is_none(doc):
    last = list(doc['methods'])[-1]
    assert strongest_of_tiers(doc, last, 'gender') == {}
    assert strongest_attack(doc, last, 'gender') is None
    assert utility(doc, last, 'unseen_architecture') is None
    doc['methods'][last]['utility'] = None
    assert utility(doc, last, 'fixed') is None


def test_tiers_come_in_their_order_whatever_that_of_the_file(doc):
    entry = doc['methods']['unet']['privacy']['subject']
    entry['tiers'] = dict(reversed(entry['tiers'].items()))
    assert list(strongest_of_tiers(doc, 'unet', 'subject'))[:3] == [
        'control',
        'ignorant',
        'lazy_informed',
    ]
