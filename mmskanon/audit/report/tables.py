# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The figures of an audit as tables: CSV, Markdown and on the console."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from mmskanon.audit.tiers import CONTROL, TIERS

from .key_figures import (
    all_attacks,
    fidelity,
    lowest_eer,
    strongest_attack,
    strongest_of_tiers,
    tier_results,
    utility,
)

Row = dict[str, Any]

ATTACKER_FIGURES = (
    *('rank1', 'rank1_low', 'rank1_high', 'rank5', 'balanced', 'eer', 'eer_low', 'eer_high'),
    *('eer_across', 'auc', 'd_sys', 'tpr_at_1_percent', 'tpr_at_0.1_percent', 'worst_decile'),
    *('train_accuracy', 'converged', 'how', 'epochs', 'seconds'),
)
FIDELITY = (
    *('mpjpe_mm', 'bone_deviation', 'velocity_ratio', 'jerk_ratio', 'bone_variation_original'),
    *('bone_variation', 'ghost_frames', 'vanished_frames', 'tm', 'tm_chance', 'rho_sub', 'r1'),
    'r1_chance',
)
UTILITY = {
    'action_fixed': ('fixed', 'top1'),
    'action_fixed_mean_class': ('fixed', 'mean_class'),
    'action_drop': ('fixed', 'drop'),
    'action_retrained': ('retrained', 'top1'),
    'action_retrained_on_original': ('retrained_on_original', 'top1'),
    'action_unseen_architecture': ('unseen_architecture', 'top1'),
    'action_unseen_actions': ('unseen_actions', 'top1'),
    'action_unseen_actions_among': ('unseen_actions', 'top1_among'),
}
PERCENT = '{:.1%}'
FIDELITY_COLUMNS = {
    'mpjpe_mm': ('MPJPE mm', '{:.1f}'),
    'bone_deviation': ('bone deviation', PERCENT),
    'tm': ('TM', PERCENT),
    'rho_sub': ('rho_sub', '{:.2f}'),
    'r1': ('R1', PERCENT),
}


def attacker_rows(doc: Mapping) -> list[Row]:
    """One row for each method, attribute, tier and attacker.

    Args:
        doc (Mapping): Document of an audit.

    Returns:
        list[Row]: Rows with equal keys; None where a figure was not computed.
    """
    rows = []
    for method in doc['methods']:
        for attribute, about in doc['data']['attributes'].items():
            tiers = tier_results(doc, method, attribute)
            for attack in all_attacks(doc, method, attribute):
                figures = dict(attack.figures)
                for key in ('rank1', 'eer'):
                    interval = figures.get(f'{key}_interval') or (None, None)
                    figures[f'{key}_low'], figures[f'{key}_high'] = interval
                rows.append(
                    dict(
                        method=method,
                        attribute=attribute,
                        tier=attack.tier,
                        attacker=attack.attacker,
                        family=doc['attackers'][attack.attacker]['family'],
                        counts=doc['attackers'][attack.attacker]['counts'],
                        strongest=tiers[attack.tier].get('strongest') == attack.attacker,
                        chance=about['chance'],
                    )
                    | {key: figures.get(key) for key in ATTACKER_FIGURES}
                )
    return rows


def method_rows(doc: Mapping) -> list[Row]:
    """One row for each method, with the figures that are quoted.

    Columns of an attribute start with its name: chance, the strongest attacker of each tier, the strongest attacker of all tiers
    but the control with its interval, and the lowest equal error rate of such an attacker.

    Args:
        doc (Mapping): Document of an audit.

    Returns:
        list[Row]: Rows with equal keys; None where a figure was not computed.
    """
    rows = []
    for method, entry in doc['methods'].items():
        row: Row = dict(method=method, claim=entry['verdict']['claim'])
        row |= {name: utility(doc, method, *where) for name, where in UTILITY.items()}
        for attribute, about in doc['data']['attributes'].items():
            row |= _privacy_columns(doc, method, attribute, about['chance'])
        row |= {key: fidelity(doc, method, key) for key in FIDELITY}
        row['files'] = len(entry['files'])
        rows.append(row)
    return rows


def _privacy_columns(doc: Mapping, method: str, attribute: str, chance: float) -> Row:
    attacks = strongest_of_tiers(doc, method, attribute)
    strongest, verifier = (f(doc, method, attribute) for f in (strongest_attack, lowest_eer))
    low, high = (strongest and strongest.interval) or (None, None)
    columns = dict(chance=chance)
    columns |= {tier: attacks[tier].figures['rank1'] if tier in attacks else None for tier in TIERS}
    columns |= dict(
        strongest=strongest and strongest.figures['rank1'],
        strongest_low=low,
        strongest_high=high,
        strongest_tier=strongest and strongest.tier,
        strongest_attacker=strongest and strongest.attacker,
        eer=verifier and verifier.figures['eer'],
        eer_tier=verifier and verifier.tier,
        eer_attacker=verifier and verifier.attacker,
    )
    return {f'{attribute}_{key}': value for key, value in columns.items()}


def csv_text(rows: Sequence[Row]) -> str:
    """Write rows as CSV: a head line, numbers in full, true and false as such, an empty cell for None.

    Args:
        rows (Sequence[Row]): Rows; all have the keys of the first.

    Returns:
        str: The text, lines ended by a line feed; the same rows give the same text, no rows an empty one.
    """
    if not rows:
        return ''
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), lineterminator='\n')
    writer.writeheader()
    words = {None: '', True: 'true', False: 'false'}
    for row in rows:
        writer.writerow(
            {k: words[v] if v is None or isinstance(v, bool) else v for k, v in row.items()}
        )
    return file.getvalue()


def key_table(doc: Mapping, attribute: str) -> tuple[list[str], list[list[str]]]:
    """The figures of an attribute that a reader compares, formatted: one line a method.

    Args:
        doc (Mapping): Document of an audit.
        attribute (str): Private attribute.

    Returns:
        tuple[list[str], list[list[str]]]: Heads and lines of cells; ``-`` where a figure was not computed. Columns that no
        method has are left out; the column of the control carries chance in its head.
    """
    rows = method_rows(doc)
    chance = PERCENT.format(doc['data']['attributes'][attribute]['chance'])
    columns = {
        'action_fixed': ('action', PERCENT),
        'action_retrained': ('action, retrained', PERCENT),
        'action_unseen_actions': ('action, unseen classes', PERCENT),
        'action_unseen_actions_among': ('action, told it is one of these', PERCENT),
    }
    for tier, about in TIERS.items():
        title = f'{about.title} (chance {chance})' if tier == CONTROL else about.title
        columns[f'{attribute}_{tier}'] = (title, PERCENT)
    columns[f'{attribute}_eer'] = ('lowest EER', PERCENT)
    columns |= FIDELITY_COLUMNS
    shown = {k: v for k, v in columns.items() if any(row[k] is not None for row in rows)}
    heads = ['method', *(title for title, _ in shown.values())]
    lines = [
        [row['method'], *(_cell(row[key], form) for key, (_, form) in shown.items())]
        for row in rows
    ]
    return heads, lines


def _cell(value: float | None, form: str) -> str:
    return '-' if value is None else form.format(value)


def markdown_text(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown, figures to the right.

    Args:
        heads (Sequence[str]): Heads of the columns; the first column is text.
        lines (Sequence[Sequence[str]]): Lines of cells.

    Returns:
        str: The table, ended by a line feed.
    """
    rule = ['---', *('---:' for _ in heads[1:])]
    return ''.join(
        '| ' + ' | '.join(_markdown_cell(cell) for cell in line) + ' |\n'
        for line in (heads, rule, *lines)
    )


def _markdown_cell(text: str) -> str:
    for mark in '\\|`*<[':
        text = text.replace(mark, f'\\{mark}')
    return ' '.join(text.split())


def print_table(title: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table on standard output.

    Args:
        title (str): Heading of the table.
        heads (Sequence[str]): Heads of the columns; the first column is text.
        lines (Sequence[Sequence[str]]): Lines of cells.
    """
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify='left')
    for i, head in enumerate(heads):
        name = Text(head.replace(' ', '\n'))
        table.add_column(name, justify='right' if i else 'left', vertical='top', no_wrap=True)
    for line in lines:
        table.add_row(*map(Text, line))
    # On a narrow console lines run on, rather than that figures are cut.
    whole = Console(width=10_000)
    needed = Measurement.get(whole, whole.options, table).maximum
    Console(width=max(Console().width, needed)).print(table)


def print_methods(doc: Mapping) -> None:
    """Print the key figures of every attribute, and the verdict of every method.

    Args:
        doc (Mapping): Document of an audit.
    """
    for attribute in doc['data']['attributes']:
        title = f'Audit of {doc["data"]["original"]["file"]}, {attribute}: strongest attacker of each tier'
        print_table(title, *key_table(doc, attribute))
    for method, entry in doc['methods'].items():
        print(f'{method}: {entry["verdict"]["sentence"]}')
