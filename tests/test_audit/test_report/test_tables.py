# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import csv
import io

import pytest
from audit_documents import HOSTILE

from mmskanon.audit.report.tables import (
    attacker_rows,
    csv_text,
    key_table,
    markdown_text,
    method_rows,
    print_methods,
)


def read(rows):
    return list(csv.DictReader(io.StringIO(csv_text(rows))))


def test_attackers_csv_holds_the_figures_of_the_document(doc):
    rows = read(attacker_rows(doc))
    # two methods with two attributes, one with one; seven tiers of three attackers
    assert len(rows) == 5 * 7 * 3
    keys = ('method', 'attribute', 'tier', 'attacker')
    found = {tuple(row[key] for key in keys): row for row in rows}
    assert len(found) == len(rows)
    for (method, attribute, tier, attacker), row in found.items():
        results = doc['methods'][method]['privacy'][attribute]['tiers'][tier]
        figures = results['attackers'][attacker]
        for key in ('rank1', 'eer', 'tpr_at_0.1_percent', 'train_accuracy'):
            expected = figures.get(key)
            assert (row[key] == '') if expected is None else (float(row[key]) == expected), key
        low, high = figures['rank1_interval'] or ('', '')
        assert (row['rank1_low'], row['rank1_high']) == (str(low), str(high))
        assert row['strongest'] == ('true' if attacker == 'tcn' else 'false')
        assert row['counts'] == ('false' if attacker == 'content' else 'true')


def test_methods_csv_holds_what_is_quoted(doc):
    identity, unet, last = read(method_rows(doc))
    assert float(unet['action_fixed']) == 0.949
    assert float(unet['subject_chance']) == 0.125
    assert float(unet['subject_semi_informed']) == 0.981
    assert float(unet['subject_strongest']) == 0.991
    assert float(unet['subject_strongest_low']) == pytest.approx(0.951)
    assert (unet['subject_strongest_tier'], unet['subject_strongest_attacker']) == (
        'adaptive',
        'tcn',
    )
    assert float(unet['subject_eer']) == pytest.approx(0.0045)
    assert float(unet['gender_strongest']) == pytest.approx(0.9955)
    assert unet['gender_eer'] == '' and float(unet['mpjpe_mm']) == 178.0
    assert last['method'] == HOSTILE
    assert last['gender_strongest'] == last['gender_control'] == last['tm'] == ''
    assert float(last['gender_chance']) == 0.5


def test_csv_is_the_same_each_time_and_empty_without_rows(doc):
    text = csv_text(method_rows(doc))
    assert text == csv_text(method_rows(doc)) and '\r' not in text
    assert csv_text([]) == ''


def test_key_table_leaves_out_what_no_method_has(doc):
    heads, lines = key_table(doc, 'gender')
    assert heads[:4] == ['method', 'action', 'action, retrained', 'control (chance 50.0%)']
    assert 'lowest EER' not in heads and 'action, unseen classes' not in heads
    assert [line[heads.index('adaptive')] for line in lines] == ['99.5%', '99.6%', '-']
    assert [line[heads.index('MPJPE mm')] for line in lines] == ['0.0', '178.0', '75.0']


def test_markdown_keeps_names_in_their_cell():
    text = markdown_text(['method', 'action'], [['a|b\n*c*', '97.0%']])
    assert text == '| method | action |\n| --- | ---: |\n| a\\|b \\*c\\* | 97.0% |\n'


def test_console_shows_every_figure_in_full_on_a_narrow_console(doc, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '40')
    doc['methods']['[red]k-same[/red]'] = doc['methods'].pop(HOSTILE)
    print_methods(doc)
    out = capsys.readouterr().out
    assert '[red]k-same[/red]' in out and '…' not in out
    for figure in ('94.9%', '98.1%', '99.1%', '12.6%', '178.0'):
        assert figure in out
    assert 'unet: Leaks: the adaptive attacker names 99.1% of the clips.' in out
