# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The document of an audit, report.json: what it holds, and whether a document holds it.

docs/audit_report.md describes every key in words.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from typing import Any

from mmskanon.audit.tiers import TIERS
from mmskanon.io import CorruptFileError
from mmskanon.io.reading import check_file

FORMAT = 'mmskanon-audit/1'
"""str: Value of the key ``format``; it changes when the meaning of a key does."""

CLAIMS = {
    'leaks': 'leaks',
    'not_shown': 'not shown to leak by these attackers',
    'no_claim': 'no claim possible',
}
"""dict[str, str]: Values of ``verdict.claim`` and their words."""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_rate(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_interval(value: Any) -> bool:
    fits = isinstance(value, list) and len(value) == 2 and all(map(_is_rate, value))
    return fits and value[0] <= value[1]


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    'text': (lambda v: isinstance(v, str), 'a text'),
    'bool': (lambda v: isinstance(v, bool), 'true or false'),
    'whole': (lambda v: isinstance(v, int) and not isinstance(v, bool), 'a whole number'),
    'number': (_is_number, 'a finite number'),
    'rate': (_is_rate, 'a fraction between 0 and 1'),
    'interval': (_is_interval, 'two fractions [low, high]'),
    'list': (lambda v: isinstance(v, list), 'a list'),
    'object': (lambda v: isinstance(v, Mapping), 'an object'),
    'layout': (lambda v: isinstance(v, (str, Mapping)), 'a name or an object'),
    'rates': (lambda v: isinstance(v, Mapping) and all(map(_is_rate, v.values())), 'fractions'),
    'claim': (lambda v: v in list(CLAIMS), f'one of {list(CLAIMS)}'),
}
# Kinds that end in "?" may be null or absent.
_TOP = dict(
    created='text',
    budget='text',
    seed='whole',
    seconds='number',
    command='text',
    software='object',
    machine='text',
    data='object',
    attackers='object',
    methods='object',
)
_DATA = dict(
    original='object',
    layout='layout',
    num_actions='whole',
    attributes='object',
    partition='object',
    trials='object?',
)
_FILE = dict(file='text', sha256='text')
_PARTITION = dict(kind='text', train='whole', test='whole', sentence='text')
_ATTRIBUTE = dict(
    classes='whole',
    values='list',
    chance='rate',
    majority='rate',
    content='rate?',
    eer_bound='rate?',
)
_TRIALS = dict(pairs='whole', genuine='whole', sha256='text')
_ATTACKER = dict(family='text', counts='bool')
_METHOD = dict(
    files='list',
    verdict='object',
    gates='list',
    privacy='object',
    utility='object?',
    fidelity='object?',
    groups='object?',
)
_VERDICT = dict(claim='claim', sentence='text')
_GATE = dict(name='text', passed='bool?', sentence='text')
_FIGURES = dict(
    rank1='rate?',
    rank1_interval='interval?',
    rank5='rate?',
    balanced='rate?',
    eer='rate?',
    eer_interval='interval?',
    eer_across='rate?',
    auc='rate?',
    d_sys='rate?',
    tpr_at_1_percent='rate?',
    worst_decile='rate?',
    per_class='rates?',
    train_accuracy='rate?',
    converged='bool?',
    how='text?',
    epochs='number?',
    seconds='number?',
) | {'tpr_at_0.1_percent': 'rate?'}
_UTILITY = dict(
    fixed=('top1', 'mean_class'),
    retrained=('top1', 'mean_class'),
    retrained_on_original=('top1', 'mean_class'),
    unseen_architecture=('top1', 'mean_class'),
    unseen_actions=('top1', 'mean_class', 'top1_among', 'chance'),
)


class _Checker:
    """Collects the problems of a document."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def fields(self, holder: Any, kinds: Mapping[str, str], where: str) -> bool:
        """Check the keys of an object; tell whether all of them are as they should be."""
        if not isinstance(holder, Mapping):
            self.problems.append(f'{where} must be an object, found {_shown(holder)}.')
            return False
        before = len(self.problems)
        for key, kind in kinds.items():
            value = holder.get(key)
            if value is None and kind.endswith('?'):
                continue
            fits, expected = _KINDS[kind.rstrip('?')]
            if key not in holder:
                self.problems.append(f'{where} lacks {key!r}, {expected}.')
            elif not fits(value):
                self.problems.append(f'{where}: {key} must be {expected}, found {_shown(value)}.')
        return len(self.problems) == before

    def each(self, holder: Mapping, kinds: Mapping[str, str], where: str) -> None:
        """Check the keys of every object in an object."""
        for name, value in holder.items():
            self.fields(value, kinds, f'{where} {name!r}')


def check_results(doc: Any) -> list[str]:
    """Tell what is wrong with the document of an audit.

    Keys that are not described are let pass. Figures that were not computed are null or absent; NaN and infinity are refused.

    Args:
        doc (Any): The document, as read from report.json or about to be written there.

    Returns:
        list[str]: Problems, a sentence each; empty if there is none.
    """
    if not isinstance(doc, Mapping) or doc.get('format') != FORMAT:
        found = doc.get('format') if isinstance(doc, Mapping) else doc
        return [f'the document must have the format {FORMAT!r}, found {_shown(found)}.']
    checker = _Checker()
    if checker.fields(doc, _TOP, 'the document') and _check_data(checker, doc['data']):
        checker.each(doc['attackers'], _ATTACKER, 'attacker')
        if not doc['methods']:
            checker.problems.append('the document has no method: expected at least one.')
        if not checker.problems:
            for name, method in doc['methods'].items():
                _check_method(checker, doc, method, f'method {name!r}')
    return checker.problems


def _check_data(checker: _Checker, data: Mapping) -> bool:
    if not checker.fields(data, _DATA, 'data'):
        return False
    before = len(checker.problems)
    checker.fields(data['original'], _FILE | dict(samples='whole'), 'data.original')
    checker.fields(data['partition'], _PARTITION, 'data.partition')
    if not data['attributes']:
        checker.problems.append('data has no attribute: expected at least one, such as subject.')
    for name, attribute in data['attributes'].items():
        where = f'attribute {name!r}'
        if checker.fields(attribute, _ATTRIBUTE, where):
            classes, values = attribute['classes'], attribute['values']
            if len(values) != classes or not all(isinstance(value, str) for value in values):
                checker.problems.append(
                    f'{where}: values must be {classes} texts, one a class, found {_shown(values)}.'
                )
    for name, lists in (data.get('trials') or {}).items():
        if checker.fields({name: lists}, {name: 'object'}, 'data.trials'):
            checker.each(lists, _TRIALS, f'data.trials.{name}')
    return len(checker.problems) == before


def _check_method(checker: _Checker, doc: Mapping, method: Any, where: str) -> None:
    if not checker.fields(method, _METHOD, where):
        return
    for i, file in enumerate(method['files']):
        checker.fields(file, _FILE, f'{where}: file {i}')
    checker.fields(method['verdict'], _VERDICT, f'{where}: verdict')
    for i, gate in enumerate(method['gates']):
        checker.fields(gate, _GATE, f'{where}: gate {i}')
    for attribute, entry in method['privacy'].items():
        at = f'{where}, {attribute}'
        if attribute not in doc['data']['attributes']:
            checker.problems.append(f'{at}: data.attributes does not describe this attribute.')
        elif checker.fields(entry, dict(tiers='object'), at):
            values = doc['data']['attributes'][attribute]['values']
            for tier, results in entry['tiers'].items():
                _check_tier(checker, doc, tier, results, values, f'{at}, {tier}')
    for part, keys in _UTILITY.items():
        figures = (method.get('utility') or {}).get(part)
        if figures is not None:
            kinds = dict.fromkeys(keys, 'rate?') | dict(drop='number?')
            checker.fields(figures, kinds, f'{where}: utility.{part}')
    fidelity = method.get('fidelity') or {}
    checker.fields(fidelity, dict.fromkeys(fidelity, 'number?'), f'{where}: fidelity')
    checker.each(method.get('groups') or {}, dict(rank1='rate?'), f'{where}: group')


def _check_tier(
    checker: _Checker, doc: Mapping, tier: str, results: Any, values: list[str], where: str
) -> None:
    if tier not in TIERS:
        checker.problems.append(f'{where}: no such tier, expected one of {list(TIERS)}.')
    if not checker.fields(results, dict(strongest='text?', attackers='object'), where):
        return
    counting = {}
    for name, figures in results['attackers'].items():
        at = f'{where}, {name}'
        if name not in doc['attackers']:
            checker.problems.append(f'{at}: attackers does not describe this attacker.')
        elif checker.fields(figures, _FIGURES, at):
            strange = sorted(set(figures.get('per_class') or ()) - set(values))
            if strange:
                checker.problems.append(
                    f'{at}: per_class has {strange}, which are no values of the attribute.'
                )
            if doc['attackers'][name]['counts'] and figures.get('rank1') is not None:
                counting[name] = figures['rank1']
    strongest = results.get('strongest')
    if strongest is None and counting:
        checker.problems.append(f'{where}: strongest is null, though {sorted(counting)} count.')
    elif strongest is not None and (
        strongest not in counting or counting[strongest] < max(counting.values())
    ):
        checker.problems.append(
            f'{where}: strongest is {strongest!r}, which is not the attacker with the highest rank1 among those that count.'
        )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def load_results(path: str | os.PathLike) -> dict:
    """Read the document of an audit.

    Args:
        path (str | os.PathLike): A report.json.

    Returns:
        dict: The document, without problems.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If it is a folder.
        CorruptFileError: If it is no JSON.
        ValueError: If it is the document of another format or has problems; the first of them are named.
    """
    path = check_file(path, 'the report.json of an audit')
    try:
        doc = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise CorruptFileError(
            f'{path} is not the report.json of an audit: no JSON ({error}); audit again'
        ) from error
    problems = check_results(doc)
    if problems:
        more = f' There are {len(problems) - 3} more.' if len(problems) > 3 else ''
        raise ValueError(
            f'{path} is not the report.json of an audit: {" ".join(problems[:3])}{more}'
        )
    return doc
