# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Figures that are published twice, as a table to read and as a file to compare with, are the same."""

import csv

from doc_blocks import REPO

from mmskanon.audit.report.compare import read_comparison
from mmskanon.audit.report.tables import FIDELITY_COLUMNS, PERCENT
from mmskanon.audit.tiers import CONTROL, TIERS

FILE = REPO / 'docs' / 'results' / 'utd_mhad_64.csv'
with open(FILE, newline='', encoding='utf-8') as _file:
    ROWS = list(csv.DictReader(_file))
COLUMNS = {
    'action_fixed': PERCENT,
    'action_retrained': PERCENT,
    **dict.fromkeys(TIERS, PERCENT),
    'eer': PERCENT,
    **{key: form for key, (_, form) in FIDELITY_COLUMNS.items()},
}


def test_the_tables_of_the_readme_and_their_file_agree():
    lines = (REPO / 'README.md').read_text(encoding='utf-8').splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith('| method | action | ')]
    assert len(starts) == 2
    table = []
    for start in starts:
        for line in lines[start + 2 :]:
            if not line.startswith('|'):
                break
            table.append([cell.strip() for cell in line.strip('|').split('|')])
    assert table == [
        [row['name'], *(row[k] and form.format(float(row[k])) for k, form in COLUMNS.items())]
        for row in ROWS
    ]


def test_the_strongest_attacker_is_that_of_all_tiers_but_the_control():
    for row in ROWS:
        assert float(row['strongest']) == max(
            float(row[t]) for t in TIERS if row[t] and t != CONTROL
        )


def test_the_file_can_be_compared_with():
    assert [row['name'] for row in read_comparison(FILE)] == [row['name'] for row in ROWS]
