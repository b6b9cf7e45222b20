# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Several audits beside each other: one row a method, and which of them no other beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def comparison_rows(documents: Mapping[str, Mapping], attribute: str = 'subject') -> list[Row]:
    """One row for each method of each audit.

    A row holds ``name`` (of the method, with that of the audit where several audits have such a method), ``audit``, ``budget``,
    ``seed``, ``data`` (file and start of its sha256), ``pareto``, and what :func:`~mmskanon.audit.report.tables.method_rows`
    returns for the method, the columns of the attribute without its name. ``pareto`` tells whether no other method on the same
    data keeps at least as much action accuracy while its strongest attacker reads at most as much, one of them strictly.

    Args:
        documents (Mapping[str, Mapping]): For each audit a name and its document.
        attribute (str): Private attribute. Defaults to ``'subject'``.

    Returns:
        list[Row]: Rows, audits in their order.

    Raises:
        KeyError: If an audit is not about the attribute.
    """
    methods = [method for doc in documents.values() for method in doc['methods']]
    rows = []
    for audit, doc in documents.items():
        attributes = doc['data']['attributes']
        if attribute not in attributes:
            raise KeyError(
                f'{audit} has no attribute {attribute!r}: choose one of {sorted(attributes)}'
            )
        others = tuple(f'{name}_' for name in attributes if name != attribute)
        original = doc['data']['original']
        for row in method_rows(doc):
            method = row['method']
            mine = {
                key.removeprefix(f'{attribute}_'): value
                for key, value in row.items()
                if not key.startswith(others)
            }
            name = method if methods.count(method) == 1 else f'{method} ({audit})'
            about = dict(
                name=name,
                audit=audit,
                budget=doc['budget'],
                seed=doc['seed'],
                data=f'{original["file"]} {original["sha256"][:8]}',
            )
            rows.append(about | mine)
    for row in rows:
        rivals = [other for other in rows if other['data'] == row['data']]
        row['pareto'] = _is_complete(row) and not any(_beats(other, row) for other in rivals)
    return rows


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
