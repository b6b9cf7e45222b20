# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import audit_documents
import pytest

from mmskanon.audit.report.compare import comparison_rows, comparison_table, comparison_warnings


def made(points, **options):
    """A document of methods given as action accuracy and rate of the strongest attacker."""
    methods = {
        name: (x, (0.99, *(min(y, 0.5) for _ in range(5)), y), 10.0, 'leaks')
        for name, (x, y) in points.items()
    }
    return audit_documents.document(methods, **options)


def front(rows):
    return {row['name'] for row in rows if row['pareto']}


def test_pareto_front_against_brute_force():
    points = dict(a=(0.97, 0.99), b=(0.95, 0.6), c=(0.95, 0.7), d=(0.9, 0.6), e=(0.5, 0.2), f=(0.4, 0.2), g=(0.97, 0.99))  # fmt: skip
    rows = comparison_rows({'x': made(points)})
    expected = {
        name
        for name, (x, y) in points.items()
        if not any((u >= x and v < y) or (u > x and v <= y) for u, v in points.values())
    }
    assert front(rows) == expected == {'a', 'b', 'e', 'g'}


def test_methods_on_other_data_never_beat_each_other():
    weak, strong = dict(a=(0.5, 0.9)), dict(b=(0.9, 0.5))
    same = comparison_rows({'x': made(weak), 'y': made(strong)})
    assert front(same) == {'b'} and comparison_warnings(same) == []
    other = comparison_rows({'x': made(weak), 'y': made(strong, sha256='ee' * 32)})
    assert front(other) == {'a', 'b'}
    (warning,) = comparison_warnings(other)
    assert 'different data (utd_mhad.pkl a1a1a1a1, utd_mhad.pkl eeeeeeee)' in warning
    heads, lines = comparison_table(other)
    assert [line[heads.index('data')] for line in lines] == [
        'utd_mhad.pkl a1a1a1a1',
        'utd_mhad.pkl eeeeeeee',
    ]


def test_budgets_are_told():
    points = dict(a=(0.9, 0.5))
    fast = comparison_rows({'x': made(points, budget='fast')})
    assert comparison_warnings(fast) == ['Budget fast: leakage is at least as large as shown.']
    both = comparison_rows({'x': made(points, budget='fast'), 'y': made(points)})
    assert 'different budgets (fast, standard)' in comparison_warnings(both)[0]
    assert [row['name'] for row in both] == ['a (x)', 'a (y)']


def test_a_method_without_accuracy_is_in_no_front():
    doc = made(dict(a=(0.9, 0.5), b=(0.5, 0.9)))
    doc['methods']['a']['utility'] = None
    rows = comparison_rows({'x': doc})
    assert front(rows) == {'b'}
    heads, lines = comparison_table(rows)
    assert lines[0][heads.index('action')] == '-'


def test_rows_are_those_of_one_attribute(doc):
    rows = comparison_rows({'x': doc}, 'gender')
    assert rows[1]['strongest'] == pytest.approx(0.9955) and rows[1]['chance'] == 0.5
    assert rows[2]['strongest'] is None and not any(key.startswith('subject_') for key in rows[0])
    with pytest.raises(KeyError, match="x has no attribute 'age': choose one of"):
        comparison_rows({'x': doc}, 'age')
