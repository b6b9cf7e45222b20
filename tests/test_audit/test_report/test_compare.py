# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import audit_documents
import pytest

from mmskanon.audit.report.compare import (
    comparison_rows,
    comparison_table,
    comparison_warnings,
    read_comparison,
)
from mmskanon.audit.report.tables import csv_text


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


def test_an_attribute_whose_name_begins_with_another_keeps_its_figures():
    doc = made(dict(a=(0.9, 0.5)))
    other = 'subject_group'
    doc['data']['attributes'][other] = doc['data']['attributes']['subject']
    for method in doc['methods'].values():
        method['privacy'][other] = method['privacy']['subject']
    rows = {name: comparison_rows({'x': doc}, name)[0] for name in ('subject', other)}
    assert rows[other]['strongest'] == rows['subject']['strongest'] == 0.5
    assert not any(key.startswith('group') for key in rows['subject'])


class TestPublished:
    """Figures of a comparison.csv beside those of audits."""

    @pytest.fixture
    def publish(self, tmp_path):
        def write(points, change=lambda text: text, **options):
            path = tmp_path / 'published.csv'
            path.write_text(change(csv_text(comparison_rows({'x': made(points, **options)}))))
            return path

        return write

    def test_tell_what_their_audits_told(self, publish):
        points = dict(a=(0.97, 0.99), b=(0.95, 0.6), c=(0.95, 0.7))
        whole = comparison_rows({'x': made(points)})
        read = comparison_rows({}, published={'x': read_comparison(publish(points))})
        assert comparison_table(read) == comparison_table(whole)
        assert front(read) == front(whole) == {'a', 'b'}
        for old, new in zip(whole, read, strict=True):
            assert {k: old[k] for k in new} == new

    def test_are_ranked_with_audits_of_the_same_data_and_those_alone(self, publish):
        known = {'paper': read_comparison(publish(dict(a=(0.9, 0.5), b=(0.8, 0.4))))}
        rows = comparison_rows({'mine': made(dict(b=(0.9, 0.3)))}, published=known)
        assert [row['name'] for row in rows] == ['b (mine)', 'a', 'b (paper)']
        assert front(rows) == {'b (mine)'}
        rows = comparison_rows(
            {'mine': made(dict(b=(0.9, 0.3)), sha256='ee' * 32)}, published=known
        )
        assert front(rows) == {'b (mine)', 'a', 'b (paper)'}

    def test_may_lack_what_was_not_measured(self, publish):
        def few(text):
            keep = (
                'name',
                'audit',
                'attribute',
                'budget',
                'data',
                'chance',
                'action_fixed',
                'strongest',
            )
            lines = [
                dict(zip(text.splitlines()[0].split(','), line.split(','), strict=True))
                for line in text.splitlines()
            ]
            return '\n'.join(','.join(line[key] for key in keep) for line in lines)

        rows = comparison_rows(
            {}, published={'x': read_comparison(publish(dict(a=(0.9, 0.5)), few))}
        )
        assert rows[0]['eer'] is None and rows[0]['strongest'] == 0.5
        assert comparison_table(rows)[1] == [['a', 'standard', '*', '90.0%', '50.0%']]

    @pytest.mark.parametrize(
        ('change', 'sentence'),
        [
            (lambda text: text.replace('strongest,', 'weakest,', 1), "column 'strongest' is missing"),
            (lambda text: text.replace(',0.9,', ',much,', 1), "line 2: action_fixed must be a number, found 'much'"),
            (lambda text: text.replace(',0.9,', ',nan,', 1), 'action_fixed must be a number'),
            (lambda text: text.splitlines()[0], 'has no rows'),
            (lambda text: '', 'is empty; expected a comparison.csv'),
        ],
    )  # fmt: skip
    def test_mistakes_are_told(self, publish, change, sentence):
        with pytest.raises(ValueError, match=sentence):
            read_comparison(publish(dict(a=(0.9, 0.5)), change))

    def test_another_attribute_is_refused(self, publish):
        known = {'x': read_comparison(publish(dict(a=(0.9, 0.5))))}
        with pytest.raises(KeyError, match="x has no attribute 'gender': choose one of"):
            comparison_rows({}, 'gender', known)
