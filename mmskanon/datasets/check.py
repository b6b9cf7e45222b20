# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Check annotations and return every problem found; raising is the caller's choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mmskanon.skeletons.layouts import SkeletonLayout, get_layout

from .schema import attribute_value, take_key
from .splits import sample_name, train_counterpart

IMBALANCE_RATIO = 10
"""int: A class with over this many times the samples of another draws a warning."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an annotation file; ``str()`` of it is one sentence.

    Args:
        level (str): ``'error'`` (training or testing would fail or mislead) or ``'warning'``.
        kind (str): What is wrong, as a short fixed term that programs can compare.
        file (str): The annotation file, or ''.
        sample (str, optional): Name of the sample, where it concerns one.
        key (str, optional): Key of the sample or of the file.
        expected (str): What was expected.
        found (str): What was found.
        advice (str): What to do next.
    """

    level: str
    kind: str
    file: str
    sample: str | None
    key: str | None
    expected: str
    found: str
    advice: str

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        parts += [f'sample {self.sample!r}'] if self.sample is not None else []
        parts += [f'key {self.key!r}'] if self.key is not None else []
        place = ', '.join(parts)
        sentence = f'expected {self.expected}, found {self.found}; {self.advice}'
        return f'{place}: {sentence}' if place else sentence


_error = partial(Problem, 'error')
_warning = partial(Problem, 'warning')
_CONVERT = 'convert the recordings again'
_LISTS = (list, tuple, set, frozenset, np.ndarray)


def _quiet(function: Any, *args: Any) -> Any:
    """A value or take, None also where it is of a type that :func:`check_attributes` reports."""
    try:
        return function(*args)
    except TypeError:
        return None


def _label(sample: Any, index: int) -> str:
    """How messages call a sample."""
    name = sample_name(sample) if isinstance(sample, Mapping) else None
    return name if isinstance(name, str) and name else f'#{index}'


def _annotations(data: Any) -> Any:
    return data.get('annotations') if isinstance(data, Mapping) else data


def check_structure(data: Any, file: str = '') -> list[Problem]:
    """Check the outer form: annotations, the names of the samples, and the splits that refer to them.

    Args:
        data (dict | list): Annotations, or a dict with ``annotations`` and ``split``.
        file (str): Name of the file, for the messages. Defaults to ''.

    Returns:
        list[Problem]: All problems, in the order of the file.
    """
    annotations = _annotations(data)
    if not isinstance(annotations, list):
        expected, found = "a dict with a list 'annotations', or a list", type(annotations).__name__
        return [_error('form', file, None, 'annotations', expected, found, _CONVERT)]
    problems = []
    if not annotations:
        expected = 'at least one sample'
        problems.append(_error('no-sample', file, None, 'annotations', expected, 'none', _CONVERT))
    names = Counter()
    for index, sample in enumerate(annotations):
        label = _label(sample, index)
        if not isinstance(sample, dict):
            found = type(sample).__name__
            problems.append(_error('sample-type', file, label, None, 'a dict', found, _CONVERT))
            continue
        name = sample_name(sample)
        if not isinstance(name, str) or not name:
            found, advice = repr(name), 'give each sample a name of its own'
            problem = _error('frame-dir-missing', file, label, 'frame_dir', 'a name', found, advice)
            problems.append(problem)
            continue
        names[name] += 1
    for name, count in names.items():
        if count > 1:
            expected, found = 'a name of its own', f'{count} samples of this name'
            advice = 'rename or remove all but one'
            problem = _error(
                'frame-dir-duplicate', file, name, 'frame_dir', expected, found, advice
            )
            problems.append(problem)
    if isinstance(data, Mapping) and data.get('split') is not None:
        problems.extend(_check_splits(data['split'], names, file))
    return problems


def _check_splits(splits: Any, names: Mapping, file: str) -> Iterator[Problem]:
    if not isinstance(splits, Mapping):
        expected, found = 'a dict of lists of sample names', type(splits).__name__
        yield _error('split-form', file, None, 'split', expected, found, _CONVERT)
        return
    for split, members in splits.items():
        key = f'split/{split}'
        if not isinstance(members, _LISTS):
            expected, found = 'a list of sample names', type(members).__name__
            yield _error('split-form', file, None, key, expected, found, _CONVERT)
            continue
        if len(members) == 0:
            expected, advice = 'at least one sample name', 'fill the split or remove it'
            yield _error('split-empty', file, None, key, expected, 'none', advice)
        seen = set()
        for member in members:
            if not isinstance(member, str):
                expected, found = 'sample names', f'{type(member).__name__} {member!r}'
                yield _error('split-form', file, None, key, expected, found, _CONVERT)
            elif member in seen:
                expected, advice = 'each name once', 'remove the repetition'
                yield _warning(
                    'split-duplicate', file, member, key, expected, 'it more than once', advice
                )
            elif member not in names:
                expected, found = "the 'frame_dir' of a sample", 'no such sample'
                advice = 'add the sample, or remove its name from the split'
                yield _error('split-unknown-sample', file, member, key, expected, found, advice)
            if isinstance(member, str):
                seen.add(member)


def check_samples(
    annotations: Sequence[dict],
    file: str = '',
    layout: str | Mapping | SkeletonLayout | None = None,
    num_person: int | None = None,
    clip_len: int | None = None,
    need_keypoint: bool = True,
) -> list[Problem]:
    """Check label and keypoints of each sample; no keypoints are copied.

    Args:
        annotations (Sequence[dict]): The samples.
        file (str): Name of the file, for the messages. Defaults to ''.
        layout (str | dict | SkeletonLayout, optional): Layout that the joints must fit. Defaults to None, the number of
            joints that most samples have.
        num_person (int, optional): Persons that the pipeline keeps; further persons that are not empty are errors. Defaults
            to None, no limit.
        clip_len (int, optional): Frames of a clip; shorter samples are errors. Defaults to None, no limit.
        need_keypoint (bool): Whether a sample without keypoints is an error. Defaults to True.

    Returns:
        list[Problem]: All problems, in the order of the samples.
    """
    layout = None if layout is None else get_layout(layout)
    if layout is not None:
        joints, expected_joints = (
            layout.num_joints,
            f'{layout.num_joints} joints, as the layout {layout.name!r} has',
        )
    else:
        keypoints = (s.get('keypoint') for s in annotations if isinstance(s, dict))
        counts = Counter(k.shape[2] for k in keypoints if getattr(k, 'ndim', 0) == 4)
        joints = counts.most_common(1)[0][0] if counts else None
        expected_joints = f'{joints} joints, as most samples have'
    problems = []
    for index, sample in enumerate(annotations):
        if not isinstance(sample, dict):
            continue
        name, label = _label(sample, index), sample.get('label')
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or label < 0:
            expected, advice = 'an action class from 0 on', 'number the actions from 0'
            problems.append(_error('label', file, name, 'label', expected, repr(label), advice))
        if 'keypoint' not in sample and not need_keypoint:
            continue
        found = _shape_problem(sample.get('keypoint'), file, name)
        if found is not None:
            problems.append(found)
            continue
        if sample['keypoint'].shape[2] != joints:
            found = f'{sample["keypoint"].shape[2]} joints'
            advice = 'set the layout that the data has, or convert this sample again'
            problems.append(
                _error('joint-count', file, name, 'keypoint', expected_joints, found, advice)
            )
        problems.extend(_check_keypoint(sample, file, name, layout, num_person))
        problems.extend(_check_length(sample, file, name, clip_len))
    return problems


def _shape_problem(keypoint: Any, file: str, name: str) -> Problem | None:
    """What keeps the keypoints from being read as (M, T, V, C), if anything."""
    place, advice = (file, name, 'keypoint'), 'convert this sample again'
    if not isinstance(keypoint, np.ndarray) or keypoint.dtype.kind not in 'fiu':
        found = getattr(keypoint, 'dtype', type(keypoint).__name__)
        return _error('keypoint-type', *place, 'an array of numbers', f'{found}', advice)
    if keypoint.ndim != 4:
        expected, found = 'rank 4, (M, T, V, C)', f'rank {keypoint.ndim}, shape {keypoint.shape}'
        return _error('keypoint-rank', *place, expected, found, advice)
    return None


def _all_finite(keypoint: np.ndarray) -> bool:
    if keypoint.dtype.kind != 'f':
        return True
    if keypoint.dtype != np.float16:
        return bool(np.isfinite(keypoint).all())
    # NumPy is slow on the half precision of stock files. As integers, those of NaN and infinity are the greatest of each sign.
    signed, unsigned = keypoint.view(np.int16), keypoint.view(np.uint16)
    return bool(signed.max() < 0x7C00 and unsigned.max() < 0xFC00)


def _check_keypoint(
    sample: dict, file: str, name: str, layout: SkeletonLayout | None, num_person: int | None
) -> Iterator[Problem]:
    keypoint, place = sample['keypoint'], (file, name, 'keypoint')
    persons, frames, _, channels = shape = keypoint.shape
    low, high = (2, 4) if layout is None else (layout.dims, layout.dims + 1)
    if not low <= channels <= high:
        expected, found = f'{low} to {high} numbers a joint (coordinates, score)', f'{channels}'
        advice = 'set the layout that the data has, or convert this sample again'
        yield _error('coordinate-count', *place, expected, found, advice)
    if persons == 0:
        expected, found = 'at least one person', f'M = 0, shape {shape}'
        yield _error('no-person', *place, expected, found, 'remove this sample')
    if frames == 0:
        expected, found = 'at least one frame', f'T = 0, shape {shape}'
        yield _error('no-frame', *place, expected, found, 'remove this sample')
    if keypoint.size and not _all_finite(keypoint):
        bad = np.argwhere(~np.isfinite(keypoint))
        first = tuple(int(i) for i in bad[0])
        found = f'{len(bad)} NaN or infinite ones, the first at (m, t, v, c) = {first}'
        advice = 'set joints that were not seen to zero, or remove this sample'
        yield _error('not-finite', *place, 'finite coordinates', found, advice)
    # Nearly every sample shows a body in its first frame, so that the rest need not be read.
    if keypoint.size and not (keypoint[0, 0].any() or keypoint.any()):
        expected, advice = 'a body in at least one frame', 'remove this sample: nobody was tracked'
        yield _error('all-zero', *place, expected, 'only zeros', advice)
    if num_person is not None and persons > num_person and keypoint[num_person:].any():
        expected = f'at most {num_person} person(s), which the pipeline keeps (num_person)'
        advice = 'raise num_person, or set allow_dropped_persons=True to drop the others'
        yield _error('person-count', *place, expected, f'{persons} persons', advice)
    score = sample.get('keypoint_score')
    if score is not None and np.shape(score) != shape[:3]:
        expected, found = f'shape {shape[:3]}, a score for each joint', f'shape {np.shape(score)}'
        advice = 'convert this sample again'
        yield _error('score-shape', file, name, 'keypoint_score', expected, found, advice)


def _check_length(sample: dict, file: str, name: str, clip_len: int | None) -> Iterator[Problem]:
    total, frames = sample.get('total_frames'), sample['keypoint'].shape[1]
    if isinstance(total, bool) or not isinstance(total, (int, np.integer)) or total != frames:
        expected, advice = f'{frames}, the T of the keypoints', 'set it to keypoint.shape[1]'
        yield _error('total-frames', file, name, 'total_frames', expected, repr(total), advice)
    if clip_len is not None and 0 < frames < clip_len:
        expected = f'at least {clip_len} frames, the clip length of the pipeline (clip_len)'
        advice = (
            'lower clip_len, or set allow_short=True to repeat the sample until it fills the clip'
        )
        yield _error('too-short', file, name, 'keypoint', expected, f'{frames} frames', advice)


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
            place = (file, _label(sample, index), attribute)
            value = sample.get(attribute)
            if value is None:
                expected = f'the {attribute} of the person'
                advice = (
                    f'add the key, or give {attribute} by subject in a CSV file (attribute_files)'
                )
                problems.append(_error('attribute-missing', *place, expected, 'none', advice))
                continue
            value = _quiet(attribute_value, sample, attribute)
            if value is None:
                found = f'{type(sample[attribute]).__name__} {sample[attribute]!r}'
                expected, advice = 'an integer or a string', 'number or name the classes'
                problems.append(_error('attribute-type', *place, expected, found, advice))
                continue
            counts[value] += 1
        place = (file, None, attribute)
        if len({type(v) for v in counts}) > 1:
            examples = [next(v for v in counts if isinstance(v, kind)) for kind in (int, str)]
            expected = 'integers only or strings only'
            found = f'both, such as {examples[0]!r} and {examples[1]!r}{where}'
            problems.append(_error('attribute-type', *place, expected, found, 'use one kind'))
        if len(counts) == 1:
            found = f'only {next(iter(counts))!r}{where}'
            advice = (
                f'choose samples with several values, or take {attribute!r} out of the attributes'
            )
            problems.append(
                _error('attribute-one-class', *place, 'at least two values', found, advice)
            )
        problems.extend(_check_balance(counts, attribute, file, where))
    return problems


def _check_balance(counts: Counter, key: str, file: str, where: str = '') -> Iterator[Problem]:
    if len(counts) < 2:
        return
    (often, most), *_, (seldom, least) = counts.most_common()
    if most > IMBALANCE_RATIO * least:
        expected = f'classes of similar size (at most {IMBALANCE_RATIO}:1)'
        found = f'{most} samples of {often!r} and {least} of {seldom!r}{where}'
        measure = 'mean class accuracy' if key == 'label' else 'balanced accuracy'
        yield _warning(
            'imbalance', file, None, key, expected, found, f'read the {measure}, not only top-1'
        )


def check_train_test(
    train: Sequence[dict],
    test: Sequence[dict],
    attributes: Iterable[str] = (),
    file: str = '',
    names: tuple[str, str] = ('train', 'test'),
) -> list[Problem]:
    """Check a test part against its training part: values never trained on, and takes that both show.

    Args:
        train (Sequence[dict]): The training samples.
        test (Sequence[dict]): The test samples.
        attributes (Iterable[str]): Attributes of which each test value must occur in training. Defaults to ().
        file (str): Name of the file, for the messages. Defaults to ''.
        names (tuple[str, str]): How messages call the two parts. Defaults to ('train', 'test').

    Returns:
        list[Problem]: An error for each unseen value, and one warning for all shared takes.
    """
    problems = []
    train = [s for s in train if isinstance(s, dict)]
    test = [s for s in test if isinstance(s, dict)]
    for attribute in attributes:
        seen = {_quiet(attribute_value, s, attribute) for s in train}
        unseen = {}
        for index, sample in enumerate(test):
            value = _quiet(attribute_value, sample, attribute)
            if value is not None and value not in seen:
                unseen.setdefault(value, []).append(_label(sample, index))
        for value, samples in unseen.items():
            expected = f'a {attribute} that {names[0]} holds too'
            found = f'{value!r} in {len(samples)} sample(s) of {names[1]} only'
            advice = (
                f'use a split whose training part has every {attribute}, '
                f'or take {attribute!r} out of the attributes'
            )
            problem = _error(
                'attribute-unseen', file, samples[0], attribute, expected, found, advice
            )
            problems.append(problem)
    takes = {_quiet(take_key, s) for s in train} - {None}
    shared = [_label(s, i) for i, s in enumerate(test) if takes and _quiet(take_key, s) in takes]
    if shared:
        expected = f'performances that {names[0]} does not hold'
        found = f'{len(shared)} of {len(test)} samples of {names[1]} with one that it holds'
        advice = (
            'split by take, for example with dict(rule="xrep", part=...), '
            'or a re-identification score is in part recognition of the take'
        )
        problems.append(_warning('shared-take', file, shared[0], None, expected, found, advice))
    return problems


def check_annotations(
    data: Any,
    file: str = '',
    layout: str | Mapping | SkeletonLayout | None = None,
    attributes: Iterable[str] = (),
    splits: Iterable[str] | None = None,
    num_person: int | None = None,
    clip_len: int | None = None,
) -> list[Problem]:
    """Check a whole annotation file.

    Args:
        data (dict | list): Annotations, or a dict with ``annotations`` and ``split``, completed by
            :func:`~mmskanon.datasets.schema.complete_annotations`.
        file (str): Name of the file, for the messages. Defaults to ''.
        layout (str | dict | SkeletonLayout, optional): Layout that the joints must fit. Defaults to None, the number of
            joints that most samples have.
        attributes (Iterable[str]): Private attributes that each sample must have. Defaults to ().
        splits (Iterable[str], optional): Splits to compare with their training part: ``val`` and ``test`` (``xsub_val``)
            are compared with ``train`` (``xsub_train``). Defaults to None, all.
        num_person (int, optional): Persons that the pipeline keeps. Defaults to None, no limit.
        clip_len (int, optional): Frames of a clip. Defaults to None, no limit.

    Returns:
        list[Problem]: All problems; empty where there is none.

    Raises:
        KeyError: If ``splits`` names a split that is not there.
    """
    attributes = tuple(attributes)
    problems = check_structure(data, file)
    annotations = _annotations(data)
    if not isinstance(annotations, list):
        return problems
    problems += check_samples(annotations, file, layout, num_person, clip_len)
    problems += check_attributes(annotations, attributes, file)
    labels = (_quiet(attribute_value, s, 'label') for s in annotations if isinstance(s, dict))
    labels = Counter(k for k in labels if isinstance(k, int) and k >= 0)
    problems += _check_balance(labels, 'label', file)
    members = data.get('split') if isinstance(data, Mapping) else None
    members = members if isinstance(members, Mapping) else {}
    by_name = {_label(s, i): s for i, s in enumerate(annotations)}

    def part(split: str) -> list[dict]:
        names = members[split] if isinstance(members[split], _LISTS) else ()
        names = [n for n in names if isinstance(n, str)]
        return [by_name[n] for n in dict.fromkeys(names) if n in by_name]

    for test in members if splits is None else splits:
        if test not in members:
            raise KeyError(f'{file}: there is no split {test!r}: choose from {list(members)}')
        train = train_counterpart(list(members), str(test))
        if train is None:
            continue
        names = (f'split {train!r}', f'split {test!r}')
        problems += check_train_test(part(train), part(test), attributes, file, names)
        of_train = check_attributes(part(train), attributes, file, names[0])
        problems += [p for p in of_train if p.kind == 'attribute-one-class']
    return list(dict.fromkeys(problems))
