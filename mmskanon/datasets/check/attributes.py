# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Private attributes: whether they are there, can be learned, and occur in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..schema import attribute_value, take_key, take_number
from ..splits import sample_name
from .problems import Problem, called, error, quiet, warning

IMBALANCE_RATIO = 10
"""int: A class with over this many times the samples of another draws a warning."""


def check_attributes(
    annotations: Sequence[dict], attributes: Iterable[str], file: str = '', part: str = ''
) -> list[Problem]:
    """Check that each sample has each private attribute, and that its classes can be learned.

    Args:
        annotations (Sequence[dict]): The samples.
        attributes (Iterable[str]): Keys of the attributes.
        file (str): Name of the file, for the messages. Defaults to ''.
        part (str): What the samples are, for the messages, such as ``"split 'train'"``. Defaults to ''.

    Returns:
        list[Problem]: All problems, attribute by attribute.
    """
    problems = []
    where = f' in {part}' if part else ''
    for attribute in attributes:
        counts = Counter()
        for index, sample in enumerate(annotations):
            if not isinstance(sample, dict):
                continue
            place = (file, called(sample, index), attribute)
            value = sample.get(attribute)
            if value is None:
                expected = f'the {attribute} of the person'
                advice = (
                    f'add the key, or give {attribute} by subject in a CSV file (attribute_files)'
                )
                problems.append(error('attribute-missing', *place, expected, 'none', advice))
                continue
            value = quiet(attribute_value, sample, attribute)
            if value is None:
                found = f'{type(sample[attribute]).__name__} {sample[attribute]!r}'
                expected, advice = 'an integer or a string', 'number or name the classes'
                problems.append(error('attribute-type', *place, expected, found, advice))
                continue
            counts[value] += 1
        place = (file, None, attribute)
        if len({type(v) for v in counts}) > 1:
            examples = [next(v for v in counts if isinstance(v, kind)) for kind in (int, str)]
            expected = 'integers only or strings only'
            found = f'both, such as {examples[0]!r} and {examples[1]!r}{where}'
            problems.append(error('attribute-type', *place, expected, found, 'use one kind'))
        if len(counts) == 1:
            found = f'only {next(iter(counts))!r}{where}'
            advice = (
                f'choose samples with several values, or take {attribute!r} out of the attributes'
            )
            problems.append(
                error('attribute-one-class', *place, 'at least two values', found, advice)
            )
        problems.extend(check_balance(counts, attribute, file, where))
    return problems


def check_balance(counts: Counter, key: str, file: str, where: str = '') -> Iterator[Problem]:
    """Check that no class has very many times the samples of another.

    Args:
        counts (Counter): Samples of each class.
        key (str): The attribute, or ``'label'``.
        file (str): Name of the file, for the messages.
        where (str): Which samples these are, for the messages. Defaults to ''.

    Yields:
        Problem: A warning if one does.
    """
    if len(counts) < 2:
        return
    (often, most), *_, (seldom, least) = counts.most_common()
    if most > IMBALANCE_RATIO * least:
        expected = f'classes of similar size (at most {IMBALANCE_RATIO}:1)'
        found = f'{most} samples of {often!r} and {least} of {seldom!r}{where}'
        measure = 'mean class accuracy' if key == 'label' else 'balanced accuracy'
        yield warning(
            'imbalance', file, None, key, expected, found, f'read the {measure}, not only top-1'
        )


def check_takes(annotations: Sequence[dict], file: str = '') -> list[Problem]:
    """Check that samples of several cameras tell which performance they show.

    Args:
        annotations (Sequence[dict]): The samples.
        file (str): Name of the file, for the messages. Defaults to ''.

    Returns:
        list[Problem]: One warning if samples of several cameras have neither trial nor replication.
    """
    cameras = Counter()
    first = None
    for index, sample in enumerate(annotations):
        if not isinstance(sample, dict) or quiet(take_number, sample) is not None:
            continue
        camera = quiet(attribute_value, sample, 'camera')
        if camera is not None:
            first = called(sample, index) if first is None else first
            cameras[camera] += 1
    if len(cameras) < 2:
        return []
    expected = 'the number of the repetition where several cameras film'
    found = f'neither trial nor replication in {cameras.total()} samples of {len(cameras)} cameras'
    advice = 'add trial: which samples show one performance is unknown, and two views of one pass for two repetitions'
    return [warning('take-unknown', file, first, 'trial', expected, found, advice)]


def check_train_test(
    train: Sequence[dict],
    test: Sequence[dict],
    attributes: Iterable[str] = (),
    file: str = '',
    names: tuple[str, str] = ('train', 'test'),
) -> list[Problem]:
    """Check a test part against its training part: values never trained on, and samples or takes that both show or may show.

    Args:
        train (Sequence[dict]): The training samples.
        test (Sequence[dict]): The test samples.
        attributes (Iterable[str]): Attributes of which each test value must occur in training. Defaults to ().
        file (str): Name of the file, for the messages. Defaults to ''.
        names (tuple[str, str]): How messages call the two parts. Defaults to ('train', 'test').

    Returns:
        list[Problem]: An error for each unseen value, one warning for all shared samples and takes, and one where takes are unknown.
    """
    problems = []
    train = [s for s in train if isinstance(s, dict)]
    test = [s for s in test if isinstance(s, dict)]
    for attribute in attributes:
        seen = {quiet(attribute_value, s, attribute) for s in train}
        unseen = {}
        for index, sample in enumerate(test):
            value = quiet(attribute_value, sample, attribute)
            if value is not None and value not in seen:
                unseen.setdefault(value, []).append(called(sample, index))
        for value, samples in unseen.items():
            expected = f'a {attribute} that {names[0]} holds too'
            found = f'{value!r} in {len(samples)} sample(s) of {names[1]} only'
            advice = (
                f'use a split whose training part has every {attribute}, '
                f'or take {attribute!r} out of the attributes'
            )
            problem = error(
                'attribute-unseen', file, samples[0], attribute, expected, found, advice
            )
            problems.append(problem)
    takes = {quiet(take_key, s) for s in train} - {None}
    same = {name for s in train if isinstance(name := sample_name(s), str)}
    shared = [
        called(s, i)
        for i, s in enumerate(test)
        if called(s, i) in same or quiet(take_key, s) in takes
    ]
    if shared:
        expected = f'performances that {names[0]} does not hold'
        found = f'{len(shared)} of {len(test)} samples of {names[1]} with one that it holds'
        advice = (
            'split by take, for example with dict(rule="xrep", part=...), '
            'or a re-identification score is in part recognition of the take'
        )
        problems.append(warning('shared-take', file, shared[0], None, expected, found, advice))
    return problems + check_takes([*train, *test], file)
