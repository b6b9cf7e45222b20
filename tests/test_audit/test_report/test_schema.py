# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import json
import re

import pytest

from mmskanon.audit.report import check_results, load_results
from mmskanon.io import CorruptFileError


def control(doc):
    return doc['methods']['unet']['privacy']['subject']['tiers']['control']


CASES = {
    'format': (lambda d: d.update(format='mmskanon-audit/0'), "format 'mmskanon-audit/1', found 'mmskanon-audit/0'"),
    'missing': (lambda d: d.pop('seed'), "the document lacks 'seed', a whole number"),
    'kind': (lambda d: d.update(seed='0'), "seed must be a whole number, found '0'"),
    'no method': (lambda d: d.update(methods={}), 'no method: expected at least one'),
    'values': (lambda d: d['data']['attributes']['gender'].update(values=['f']), "attribute 'gender': values must be 2 texts"),
    'hash': (lambda d: d['data']['original'].pop('sha256'), "data.original lacks 'sha256', a text"),
    'claim': (lambda d: d['methods']['unet']['verdict'].update(claim='anonymous'), "method 'unet': verdict: claim must be one of"),
    'gate': (lambda d: d['methods']['unet']['gates'][0].update(passed='yes'), 'gate 0: passed must be true or false'),
    'tier': (
        lambda d: d['methods']['unet']['privacy']['subject']['tiers'].update(informed=dict(strongest=None, attackers={})),
        'subject, informed: no such tier',
    ),
    'attribute': (lambda d: d['methods']['unet']['privacy'].update(age=dict(tiers={})), 'unet\', age: data.attributes does not'),
    'attacker': (lambda d: d['attackers'].pop('anthropometrics'), 'attackers does not describe this attacker'),
    'percentage': (lambda d: control(d)['attackers']['tcn'].update(rank1=99.1), 'control, tcn: rank1 must be a fraction .* 99.1'),
    'NaN': (lambda d: control(d)['attackers']['tcn'].update(eer=float('nan')), 'eer must be a fraction between 0 and 1, found nan'),
    'interval': (
        lambda d: control(d)['attackers']['tcn'].update(rank1_interval=[0.9, 0.8]),
        r'rank1_interval must be two fractions \[low, high\]',
    ),
    'class': (lambda d: control(d)['attackers']['tcn']['per_class'].update(nobody=1.0), r"per_class has \['nobody'\]"),
    'weaker': (lambda d: control(d).update(strongest='anthropometrics'), "strongest is 'anthropometrics', which is not the attacker"),
    'does not count': (lambda d: control(d).update(strongest='content'), "strongest is 'content', which is not the attacker"),
    'none': (lambda d: control(d).update(strongest=None), "strongest is null, though .*'tcn'"),
    'utility': (lambda d: d['methods']['unet']['utility']['fixed'].update(top1=97), 'utility.fixed: top1 must be a fraction'),
    'fidelity': (lambda d: d['methods']['unet']['fidelity'].update(mpjpe_mm='far'), 'fidelity: mpjpe_mm must be a finite number'),
    'trials': (lambda d: d['data']['trials']['subject']['across'].pop('pairs'), "data.trials.subject 'across' lacks 'pairs'"),
}  # fmt: skip


def test_a_document_with_nulls_and_further_keys_has_no_problem(doc):
    doc['methods']['unet'].update(utility=None, fidelity=None, later=1)
    assert check_results(doc) == []


@pytest.mark.parametrize('case', CASES)
def test_each_problem_is_one_sentence(doc, case):
    change, sentence = CASES[case]
    change(doc)
    problems = check_results(doc)
    assert [p for p in problems if re.search(sentence, p)], problems
    assert all(p.endswith('.') for p in problems)


@pytest.mark.parametrize('doc', [None, [], 'text', {}])
def test_other_things_are_refused(doc):
    (problem,) = check_results(doc)
    assert "must have the format 'mmskanon-audit/1'" in problem


def test_documents_are_read_back(doc, tmp_path):
    path = tmp_path / 'report.json'
    path.write_text(json.dumps(doc), encoding='utf-8')
    assert load_results(path) == doc


def test_files_that_are_no_document_end_in_a_sentence(doc, tmp_path):
    path = tmp_path / 'report.json'
    with pytest.raises(FileNotFoundError, match='report.json does not exist; expected the report'):
        load_results(path)
    path.write_text('{"format": ')
    with pytest.raises(CorruptFileError, match='report.json is not the report.json of an audit'):
        load_results(path)
    for key in ('created', 'budget', 'seed', 'seconds'):
        del doc[key]
    path.write_text(json.dumps(doc))
    with pytest.raises(ValueError, match="lacks 'created'.*lacks 'seed'.*There are 1 more") as e:
        load_results(path)
    assert "'seconds'" not in str(e.value)
