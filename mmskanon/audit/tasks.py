# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Who is to be found, and which clips attackers learn from, enrol and are tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from mmskanon.datasets.schema import label_map, take_key, take_number
from mmskanon.datasets.splits import select_split

from .inputs import Recording


@dataclass(frozen=True)
class Fold:
    """Clips that attackers train on, and clips that they are tried on.

    Args:
        train (np.ndarray): Positions of the former.
        test (np.ndarray): Positions of the latter.
        enrol (np.ndarray, optional): Positions of the clips by which people are enrolled. Defaults to None, the test clips: each is
            compared with those that show other takes.
    """

    train: np.ndarray
    test: np.ndarray
    enrol: np.ndarray | None = None

    @property
    def enrolment(self) -> np.ndarray:
        """np.ndarray: Positions of the clips by which people are enrolled."""
        return self.test if self.enrol is None else self.enrol


@dataclass(frozen=True)
class Task:
    """One question to attackers.

    Args:
        name (str): Name in the report: the attribute, or ``subject_open``.
        attribute (str): The private attribute.
        kind (str): ``'closed'``: the subjects tried are those trained on, in other takes. ``'open'``: they are others, so that only
            verification has a meaning. ``'attribute'``: any other attribute, tried on other people than those trained on.
        labels (np.ndarray): Class of each sample, shape (N,).
        values (list): Value of each of the K classes.
        folds (tuple[Fold]): Each test clip is in one of them.
        sentence (str): The partition in words.
    """

    name: str
    attribute: str
    kind: str
    labels: np.ndarray
    values: list[int | str]
    folds: tuple[Fold, ...]
    sentence: str

    @property
    def num_classes(self) -> int:
        """int: Number of classes K."""
        return len(self.values)

    @property
    def test(self) -> np.ndarray:
        """np.ndarray: Positions of all clips tried, those of the first fold first."""
        return np.concatenate([fold.test for fold in self.folds])


def class_labels(original: Recording, attribute: str) -> tuple[np.ndarray, list[int | str]]:
    """Number the values of an attribute.

    Returns:
        tuple[np.ndarray, list]: Class of each sample (N,), and the value of each class.

    Raises:
        ValueError: If a sample has no value, or all have the same.
    """
    values = original.values(attribute)
    classes = label_map(original.samples, attribute)
    if len(classes) < 2:
        raise ValueError(
            f'{original.file}, key {attribute!r}: expected at least two values to tell apart, found only {classes[0]!r}; '
            f'take {attribute!r} out of the attributes'
        )
    number = {v: i for i, v in enumerate(classes)}
    return np.array([number[v] for v in values]), classes


def closed_task(original: Recording, partition: Mapping | Sequence[Mapping] | None = None) -> Task:
    """Re-identification of the people that attackers trained on, in takes that they have not seen.

    Args:
        original (Recording): The samples.
        partition (Mapping | Sequence[Mapping], optional): ``train`` and ``test``, each the name of a split or a rule for
            :func:`~mmskanon.datasets.splits.select_split`; or several such folds, no clip in the test parts of two. Defaults to None: the
            splits ``train`` and ``test`` of the file if they have no take in common and share their subjects; else the rule ``xrep``
            where there are two repetitions of each action; else the lower half of the repetitions against the upper half.

    Returns:
        Task: The task.

    Raises:
        KeyError, ValueError: If there is no such partition, or it shares takes, or someone tried was not trained on.
    """
    labels, values = class_labels(original, 'subject')
    if partition is None:
        candidates = _candidates(original)
        partition = next(
            (c for c in candidates if not _faults(original, labels, *_parts(original, c))), None
        )
    if partition is None:
        raise ValueError(
            f'{original.file}: found no partition into takes that attackers train on and takes that they are tried on; the samples '
            'need subject and trial (or replication) with at least two repetitions, or name partition.train and partition.test'
        )
    parts = [partition] if isinstance(partition, Mapping) else list(partition)
    folds = tuple(_closed_fold(original, labels, dict(part)) for part in parts)
    tried, times = np.unique(np.concatenate([f.test for f in folds]), return_counts=True)
    if (times > 1).any():
        name = original.samples[tried[times > 1][0]]['frame_dir']
        raise ValueError(
            f'{original.file}, partition: {int((times > 1).sum())} clips are tried in more than one fold, the first is {name!r}; give '
            'each clip one test part'
        )
    sentence = ' '.join(
        f'Attackers train on {len(fold.train)} clips ({_words(part["train"])}) and are tried on {len(fold.test)} clips of the same '
        f'{len(np.unique(labels[fold.test]))} people in other takes ({_words(part["test"])}).'
        for fold, part in zip(folds, parts, strict=True)
    )
    if any(fold.enrol is not None for fold in folds):
        sentence += ' For verification people are enrolled by clips that attackers have trained on.'
    return Task('subject', 'subject', 'closed', labels, values, folds, sentence)


def _closed_fold(original: Recording, labels: np.ndarray, partition: dict) -> Fold:
    if set(partition) != {'train', 'test'}:
        raise ValueError(
            f'partition must have the keys train and test, found {sorted(partition)}; give each a split name or a rule'
        )
    train, test = _parts(original, partition)
    faults = _faults(original, labels, train, test)
    if faults:
        raise ValueError(f'{original.file}, partition {partition}: {faults[0]}')
    # Where nobody was filmed twice doing one thing in the test part (with two repetitions of an action, one was trained on),
    # people are enrolled by training clips.
    return Fold(train, test, None if _has_genuine_pair(original, labels, test) else train)


def open_task(original: Recording, folds: int = 2) -> Task:
    """Verification of people whom attackers have never seen: trained on some subjects, tried on the others.

    Args:
        original (Recording): The samples.
        folds (int): Number of groups of subjects, each tried once. Defaults to 2.

    Returns:
        Task: The task.

    Raises:
        ValueError: If there are fewer than two subjects a fold.
    """
    labels, values = class_labels(original, 'subject')
    if len(values) < 2 * folds:
        raise ValueError(
            f'{original.file}: {folds} folds of unseen people need at least {2 * folds} subjects, found {len(values)}; lower open_folds'
        )
    splitter = GroupKFold(folds)
    parts = tuple(Fold(a, b) for a, b in splitter.split(labels, groups=labels))
    sentence = f'Attackers train on the clips of some of the {len(values)} people and link clips of the others, in {folds} folds.'
    return Task('subject_open', 'subject', 'open', labels, values, parts, sentence)


def attribute_task(original: Recording, attribute: str, folds: int = 4, seed: int = 0) -> Task:
    """An attribute such as gender, read from people whom attackers have not trained on.

    Args:
        original (Recording): The samples; all need a subject.
        attribute (str): Key of the attribute.
        folds (int): Most groups of subjects, each tried once; fewer where the rarest value has fewer subjects. Defaults to 4.
        seed (int): Seed of the grouping. Defaults to 0.

    Returns:
        Task: The task.

    Raises:
        ValueError: If a value is that of one subject only, or a subject has several values.
    """
    labels, values = class_labels(original, attribute)
    people, _ = class_labels(original, 'subject')
    of_person = {int(p): {int(v) for v in labels[people == p]} for p in np.unique(people)}
    several = [p for p, v in of_person.items() if len(v) > 1]
    if several:
        raise ValueError(
            f'{original.file}, key {attribute!r}: expected one value a subject, found several for {len(several)} subjects; '
            'correct the annotations'
        )
    rarest = min(sum(k in v for v in of_person.values()) for k in range(len(values)))
    if rarest < 2:
        raise ValueError(
            f'{original.file}, key {attribute!r}: expected at least two subjects of each value, so that attackers can learn it from '
            'one and be tried on another; merge rare values or take the attribute out'
        )
    splitter = StratifiedGroupKFold(min(folds, rarest), shuffle=True, random_state=seed)
    parts = tuple(Fold(a, b) for a, b in splitter.split(labels, labels, people))
    sentence = f'Attackers learn {attribute} from the clips of some people and are tried on those of the others, in {len(parts)} folds.'
    return Task(attribute, attribute, 'attribute', labels, values, parts, sentence)


def _candidates(original: Recording) -> list[dict]:
    """Partitions worth trying, best first."""
    found = []
    for test in ('test', 'val'):
        if {'train', test} <= set(original.split):
            found.append(dict(train='train', test=test))
    takes = sorted({take_number(s) for s in original.samples} - {None}, key=str)
    if len(takes) == 2:
        found.append(
            dict(train=dict(rule='xrep', part='train'), test=dict(rule='xrep', part='test'))
        )
    if len(takes) >= 2:
        half = takes[: len(takes) // 2]
        rule = dict(by='trial', values=half)
        found.append(dict(train=rule, test=dict(rule, exclude=True)))
    return found


def _parts(original: Recording, partition: Mapping) -> tuple[np.ndarray, np.ndarray]:
    data = dict(annotations=original.samples, split=original.split)
    return tuple(np.array(select_split(data, partition[part])) for part in ('train', 'test'))


def _faults(
    original: Recording, labels: np.ndarray, train: np.ndarray, test: np.ndarray
) -> list[str]:
    """What is wrong with a partition, as ends of sentences."""
    faults = []
    keys = [take_key(s) for s in original.samples]
    known = {keys[i] for i in train} - {None}
    shared = [i for i in test if keys[i] in known]
    if shared:
        name = original.samples[shared[0]]['frame_dir']
        faults.append(
            f'{len(shared)} of {len(test)} test clips show a take that training shows too, the first is {name!r}; '
            'choose parts without common takes, such as the rule xrep'
        )
    strangers = np.setdiff1d(labels[test], labels[train])
    if len(strangers):
        faults.append(
            f'{len(strangers)} of the subjects tried are not among those trained on; choose parts that share their subjects'
        )
    if len(np.unique(labels[test])) < 2:
        faults.append('the test part shows fewer than two subjects; choose a larger one')
    return faults


def _has_genuine_pair(original: Recording, labels: np.ndarray, test: np.ndarray) -> bool:
    """Whether two test clips show one person and action in different takes."""
    takes = original.take_numbers()
    seen: dict[tuple, int] = {}
    return any(
        seen.setdefault((labels[i], original.actions[i]), takes[i]) != takes[i] for i in test
    )


def _words(split: str | Mapping) -> str:
    if isinstance(split, str):
        return f'split {split}'
    if 'rule' in split:
        return f'rule {split["rule"]}, {split["part"]}'
    values: Sequence = split['values'] if np.ndim(split['values']) else [split['values']]
    return f'{split["by"]} {"not " if split.get("exclude") else ""}{", ".join(map(str, values))}'
