# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Several audits beside each other: one row a method, and which of them no other beats."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Mapping, Sequence

from mmskanon.io.reading import check_file

from .tables import FIDELITY_COLUMNS, PERCENT, Row, method_rows

_TITLES = {
    'action_fixed': ('action', PERCENT),
    'action_retrained': ('action, retrained', PERCENT),
    'ignorant': ('ignorant', PERCENT),
    'semi_informed': ('semi-informed', PERCENT),
    'adaptive': ('adaptive', PERCENT),
    'strongest': ('strongest', PERCENT),
    'eer': ('lowest EER', PERCENT),
    **FIDELITY_COLUMNS,
}


_TEXT = ('name', 'audit', 'attribute', 'budget', 'data', 'method', 'claim')
_NEEDED = (*_TEXT[:5], 'chance', 'action_fixed', 'strongest')
_OPTIONAL = (*_TITLES, 'seed', 'strongest_low', 'strongest_high')


def comparison_rows(
    documents: Mapping[str, Mapping],
    attribute: str = 'subject',
    published: Mapping[str, Sequence[Row]] | None = None,
) -> list[Row]:
    """One row for each method of each audit.

    A row holds ``name`` (of the method, with that of the audit where several audits have such a method), ``audit``, ``attribute``, ``budget``,
    ``seed``, ``data`` (file and start of its sha256), ``pareto``, and what :func:`~mmskanon.audit.report.tables.method_rows`
    returns for the method, the columns of the attribute without its name. ``pareto`` tells whether no other method on the same
    data keeps at least as much action accuracy while its strongest attacker reads at most as much, one of them strictly.

    Args:
        documents (Mapping[str, Mapping]): For each audit a name and its document.
        attribute (str): Private attribute. Defaults to ``'subject'``.
        published (Mapping[str, Sequence[Row]], optional): Rows of earlier comparisons (:func:`read_comparison`), each with a name. Defaults to None.

    Returns:
        list[Row]: Rows, audits in their order, then what was published.

    Raises:
        KeyError: If an audit is not about the attribute, or nothing that was published is.
    """
    rows = []
    for audit, doc in documents.items():
        attributes = doc['data']['attributes']
        if attribute not in attributes:
            raise KeyError(_other_attribute(audit, attribute, attributes))
        original = doc['data']['original']
        for row in method_rows(doc):
            mine = {}
            for key, value in row.items():
                whose = [name for name in attributes if key.startswith(f'{name}_')]
                if not whose:
                    mine[key] = value
                elif max(whose, key=len) == attribute:  # one name may begin with another
                    mine[key.removeprefix(f'{attribute}_')] = value
            about = dict(
                name=row['method'],
                audit=audit,
                attribute=attribute,
                budget=doc['budget'],
                seed=doc['seed'],
                data=f'{original["file"]} {original["sha256"][:8]}',
            )
            rows.append(about | mine)
    for audit, known in (published or {}).items():
        mine = [dict(row, audit=audit) for row in known if row['attribute'] == attribute]
        if not mine:
            raise KeyError(_other_attribute(audit, attribute, {r['attribute'] for r in known}))
        rows += mine
    names = [row['name'] for row in rows]
    for row in rows:
        if names.count(row['name']) > 1:
            row['name'] = f'{row["name"]} ({row["audit"]})'
    for row in rows:
        rivals = [other for other in rows if other['data'] == row['data']]
        row['pareto'] = _is_complete(row) and not any(_beats(other, row) for other in rivals)
    keys = dict.fromkeys(key for row in rows for key in row)
    return [{key: row.get(key) for key in keys} for row in rows]


def _other_attribute(audit: str, attribute: str, known: Iterable[str]) -> str:
    return f'{audit} has no attribute {attribute!r}: choose one of {sorted(known)}'


def read_comparison(path: str | os.PathLike) -> list[Row]:
    """Read a comparison.csv that was written before, or figures that were published in its columns.

    Args:
        path (str | os.PathLike): File with at least ``name``, ``audit``, ``attribute``, ``budget``, ``data``, ``chance``, ``action_fixed``
            and ``strongest``; figures as shares of 1, an empty cell for what was not measured.

    Returns:
        list[Row]: Its rows; None for figures that it lacks. ``pareto`` is left out, since it depends on the company.

    Raises:
        FileNotFoundError, IsADirectoryError: If there is no such file.
        ValueError: If a column is missing, or a cell is no figure; the sentence names it.
    """
    path = check_file(path, 'a comparison.csv, or the report.json of an audit')
    with open(path, newline='', encoding='utf-8') as file:
        reader = csv.DictReader(file)
        missing = [key for key in _NEEDED if key not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(
                f'{path} is no comparison.csv: the column {missing[0]!r} is missing, found {reader.fieldnames}'
            )
        rows = [_row(cells, f'{path}, line {reader.line_num}') for cells in reader]
    if not rows:
        raise ValueError(f'{path} has no rows: expected one a method')
    return rows


def _row(cells: Mapping[str, str], where: str) -> Row:
    """One line of a comparison.csv."""
    row: Row = {key: cells[key] for key in _TEXT if key in cells}
    for key in dict.fromkeys(('chance', 'action_fixed', 'strongest', *_OPTIONAL)):
        cell = (cells.get(key) or '').strip()
        try:
            row[key] = float(cell) if cell else None
            if cell and not math.isfinite(row[key]):
                raise ValueError(cell)
        except ValueError:
            raise ValueError(f'{where}: {key} must be a number, found {cell!r}') from None
    if row['chance'] is None:
        raise ValueError(f'{where}: chance is empty: give it as a share of 1')
    return row


def _is_complete(row: Row) -> bool:
    return row['action_fixed'] is not None and row['strongest'] is not None


def _beats(row: Row, other: Row) -> bool:
    """Whether a method is at least as good as another in both respects, and better in one."""
    if not _is_complete(row):
        return False
    ours, theirs = ((r['action_fixed'], -r['strongest']) for r in (row, other))
    return ours != theirs and all(a >= b for a, b in zip(ours, theirs, strict=True))


def comparison_warnings(rows: Sequence[Row]) -> list[str]:
    """Tell what makes rows hard to compare: other data, other budgets.

    Args:
        rows (Sequence[Row]): What :func:`comparison_rows` returns.

    Returns:
        list[str]: Sentences; empty if all is alike.
    """
    warnings = []
    data = list(dict.fromkeys(row['data'] for row in rows))
    if len(data) > 1:
        warnings.append(
            f'Warning: these audits are on different data ({", ".join(data)}); compare methods within one of them only.'
        )
    budgets = list(dict.fromkeys(row['budget'] for row in rows))
    if len(budgets) > 1:
        warnings.append(
            f'Warning: these audits had different budgets ({", ".join(budgets)}); a smaller one finds less and flatters.'
        )
    elif budgets == ['fast']:
        warnings.append('Budget fast: leakage is at least as large as shown.')
    return warnings


def comparison_table(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """The rows as cells to print; methods that no other beats carry a star.

    Args:
        rows (Sequence[Row]): What :func:`comparison_rows` returns.

    Returns:
        tuple[list[str], list[list[str]]]: Heads and lines; columns that no row has are left out.
    """
    shown = {k: v for k, v in _TITLES.items() if any(row[k] is not None for row in rows)}
    several = len({row['data'] for row in rows}) > 1
    heads = ['method', *(['data'] if several else []), 'budget', 'Pareto']
    heads += [title for title, _ in shown.values()]
    lines = []
    for row in rows:
        line = [row['name'], *([row['data']] if several else []), row['budget']]
        line.append('*' if row['pareto'] else '')
        line += ['-' if row[k] is None else form.format(row[k]) for k, (_, form) in shown.items()]
        lines.append(line)
    return heads, lines
