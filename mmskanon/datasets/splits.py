# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Splits of a data set, by name or by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .schema import attribute_value, parse_ntu_name, take_number

TRAIN_WORD = 'train'
_TEST_WORDS = ('val', 'test')


def sample_name(sample: dict) -> str | None:
    """Return the name by which splits refer to a sample: its ``frame_dir``, or its ``filename`` where it has one.

    Args:
        sample (dict): One annotation.

    Returns:
        str | None: The name.
    """
    return sample['filename'] if 'filename' in sample else sample.get('frame_dir')


def train_counterpart(names: Sequence[str], split: str) -> str | None:
    """Find the training split that belongs to a test split.

    Args:
        names (Sequence[str]): The splits there are.
        split (str): A split name, such as ``'xsub_val'`` or ``'test'``.

    Returns:
        str | None: The name with ``train`` for the final ``val`` or ``test``, None where there is none.

    Example:
        >>> train_counterpart(['xsub_train', 'xsub_val'], 'xsub_val')
        'xsub_train'
    """
    for word in _TEST_WORDS:
        if split == word or split.endswith(f'_{word}'):
            name = split[: -len(word)] + TRAIN_WORD
            return name if name in names else None
    return None


def _by_name(data: dict | list, split: str) -> list[int]:
    splits = data.get('split') if isinstance(data, Mapping) else None
    if not splits:
        raise KeyError(
            f'split {split!r} was asked for, but the annotations have no splits: use a rule such as dict(by="trial", values=[1, 2])'
        )
    if split not in splits:
        raise KeyError(
            f'the annotations have no split {split!r}: choose one of {sorted(splits, key=str)}, or use a rule'
        )
    members = set(splits[split])
    annotations = data['annotations']
    return [i for i, sample in enumerate(annotations) if sample_name(sample) in members]


def _fact(sample: dict, key: str, rule: Mapping) -> int | str:
    value = attribute_value(sample, key)
    if value is None and key in ('trial', 'replication'):
        value = take_number(sample)
    if value is None:
        raise ValueError(
            f'sample {sample_name(sample)!r} has no {key!r}, which the split {dict(rule)} needs: add the key to each sample'
        )
    return value


def _by_value(data: dict | list, split: Mapping) -> list[int]:
    annotations = data['annotations'] if isinstance(data, Mapping) else data
    key, wanted, exclude = split['by'], split['values'], split.get('exclude', False)
    if isinstance(wanted, (str, int)):
        wanted = [wanted]
    wanted = set(wanted)
    facts = {i: _fact(annotations[i], key, split) for i in select_split(data, split.get('of'))}
    _check_kinds(wanted, set(facts.values()), split)
    chosen = [i for i, value in facts.items() if (value in wanted) != bool(exclude)]
    if not chosen:
        found = _sorted(set(facts.values()))
        raise ValueError(
            f'the split {dict(split)} holds no sample: the {key} values found are {found[:20]}'
        )
    return chosen


def _check_kinds(wanted: set, found: set[int | str], rule: Mapping) -> None:
    """Raise for a text where all samples have numbers, or the other way round: it would choose, or exclude, nobody."""
    kinds = {isinstance(value, str) for value in found}
    for value in wanted:
        if isinstance(value, str) not in kinds:
            expected = 'strings' if True in kinds else 'integers'
            raise ValueError(
                f'the split {dict(rule)} names {value!r}: the {rule["by"]} values found are {_sorted(found)[:20]}, all {expected}'
            )


def _sorted(values: set[int | str]) -> list[int | str]:
    """Integers before strings."""
    return sorted(values, key=lambda v: (isinstance(v, str), v))


def _by_replication(annotations: list, split: Mapping) -> list[int]:
    part = split['part']
    chosen = []
    subjects, numbers = (
        _numbers([_fact(sample, key, split) for sample in annotations])
        for key in ('subject', 'replication')
    )
    for index, (sample, subject, number) in enumerate(
        zip(annotations, subjects, numbers, strict=True)
    ):
        name = parse_ntu_name(sample.get('frame_dir'))
        action = name['action'] if name else attribute_value(sample, 'label') + 1
        is_train = action % 2 == (subject - number) % 2
        if is_train == (part == 'train'):
            chosen.append(index)
    if not chosen:
        raise ValueError(
            f'the split {dict(split)} holds no sample of {len(annotations)}: use a split by name or by value'
        )
    return chosen


def _numbers(values: list[int | str]) -> list[int]:
    """The values themselves, or, where one is a text, their ranks from 1 on."""
    if all(isinstance(value, int) for value in values):
        return values
    ranks = {value: rank for rank, value in enumerate(sorted(set(values), key=str), start=1)}
    return [ranks[value] for value in values]


def _by_holdout(data: dict | list, split: Mapping) -> list[int]:
    annotations = data['annotations'] if isinstance(data, Mapping) else data
    chosen = select_split(data, split.get('of'))
    takes: dict[tuple, dict] = {}
    for index in chosen:
        sample = annotations[index]
        key = (str(_fact(sample, 'subject', split)), int(_fact(sample, 'label', split)))
        take = _fact(sample, 'replication', split)
        takes.setdefault(key, {}).setdefault(take, []).append(index)
    people = {name: i for i, name in enumerate(sorted({name for name, _ in takes}))}
    held = set()
    for (name, label), found in takes.items():
        if (people[name] + label) % 2 == 0 and len(found) > 1:
            held.update(found[max(found, key=lambda take: (str(type(take)), take))])
    return [i for i in chosen if (i in held) == (split['part'] == 'val')]


def select_split(data: dict | list, split: str | Mapping | None) -> list[int]:
    """Choose the samples of a split.

    A rule is a dict:

    - ``dict(by=KEY, values=[...])``: samples whose KEY (``'subject'``, ``'camera'``, ``'trial'`` or any other) has one of
      these values; with ``exclude=True``, all others; with ``of=SPLIT`` (a name or a rule), of those of that split. ``trial`` and
      ``replication`` stand in for each other.
    - ``dict(rule='xrep', part='train' | 'test')``: one of two replications of each performance, so that both parts hold
      every subject and every action but share no take. A sample is in ``train`` if its action, counted from 1, is odd
      exactly where subject minus replication is odd. Names such as ``'P03'`` count as their ranks in alphabetic order, from 1 on.
    - ``dict(rule='holdout', part='train' | 'val', of=SPLIT)``: a part of SPLIT (a name, a rule or None) held out for choosing settings.
      For every other pair of subject and action that was filmed more than once, the last take is in ``val``, everything else in
      ``train``: both parts hold every subject and nearly every action, and share no take.

    Args:
        data (dict | list): Annotations, or a dict with ``annotations`` and ``split``, completed by
            :func:`~mmskanon.datasets.schema.complete_annotations`.
        split (str | dict, optional): Name of a split, a rule, or None for all samples.

    Returns:
        list[int]: Positions of the samples, ascending.

    Raises:
        KeyError: If there is no split of that name.
        TypeError: If ``split`` is of another type.
        ValueError: If the split is empty, the rule is not one of those above, or a sample lacks what it needs.
    """
    annotations = data['annotations'] if isinstance(data, Mapping) else data
    if split is None:
        chosen = list(range(len(annotations)))
        if not chosen:
            raise ValueError('the annotations hold no sample at all: convert the recordings again')
        return chosen
    if isinstance(split, str):
        chosen = _by_name(data, split)
        if not chosen:
            raise ValueError(
                f'the split {split!r} is empty: none of its {len(data["split"][split])} names belongs to one of the '
                f'{len(annotations)} samples'
            )
        return chosen
    if not isinstance(split, Mapping):
        raise TypeError(f'a split is a name or a dict, found {type(split).__name__} {split!r}')
    keys = set(split)
    if {'by', 'values'} <= keys <= {'by', 'values', 'exclude', 'of'}:
        return _by_value(data, split)
    if keys == {'rule', 'part'} and split['rule'] == 'xrep' and split['part'] in ('train', 'test'):
        return _by_replication(annotations, split)
    if keys <= {'rule', 'part', 'of'} and split.get('rule') == 'holdout':
        if split.get('part') in ('train', 'val'):
            chosen = _by_holdout(data, split)
            if chosen:
                return chosen
            raise ValueError(
                f'the split {dict(split)} holds no sample: nobody was filmed twice in one action; choose settings on people or on a split '
                'of your own instead'
            )
    raise ValueError(
        f'the split {dict(split)} is not a rule: use dict(by=KEY, values=[...]), optionally with exclude=True or of=SPLIT, '
        f'dict(rule="xrep", part="train") or part="test", or dict(rule="holdout", part="train", of=SPLIT) or part="val"'
    )
