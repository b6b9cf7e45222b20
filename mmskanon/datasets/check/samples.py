# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Label and keypoints of each sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mmskanon.skeletons.layouts import SkeletonLayout, beyond_scores, get_layout

from .bodies import BodyCheck
from .persons import PersonCheck
from .problems import Problem, called, error


def check_samples(
    annotations: Sequence[dict],
    file: str = '',
    layout: str | Mapping | SkeletonLayout | None = None,
    num_person: int | None = None,
    clip_len: int | None = None,
    need_keypoint: bool = True,
    samples: Iterable[dict] | None = None,
) -> list[Problem]:
    """Check label and keypoints of each sample; of the keypoints no more than a few frames are copied.

    Args:
        annotations (Sequence[dict]): The samples.
        file (str): Name of the file, for the messages. Defaults to ''.
        layout (str | dict | SkeletonLayout, optional): Layout that the joints must fit. Defaults to None, the number of
            joints that most samples have.
        num_person (int, optional): Persons that the pipeline keeps; further persons that are not empty are errors. Defaults
            to None, no limit.
        clip_len (int, optional): Frames of a clip; shorter samples are errors. Defaults to None, no limit.
        need_keypoint (bool): Whether a sample without keypoints is an error. Defaults to True.
        samples (Iterable[dict], optional): The samples one by one, where ``annotations`` has their heads. Defaults to None, the
            annotations.

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
    bodies = None if layout is None else BodyCheck(layout, file)
    persons = PersonCheck(file)
    problems = []
    for index, sample in enumerate(annotations if samples is None else samples):
        if not isinstance(sample, dict):
            continue
        name, label = called(sample, index), sample.get('label')
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)) or label < 0:
            expected, advice = 'an action class from 0 on', 'number the actions from 0'
            problems.append(error('label', file, name, 'label', expected, repr(label), advice))
        if 'keypoint' not in sample and not need_keypoint:
            continue
        found = _shape_problem(sample.get('keypoint'), file, name)
        if found is not None:
            problems.append(found)
            continue
        if joints is None:  # no head tells
            joints = sample['keypoint'].shape[2]
            expected_joints = f'{joints} joints, as {name!r} has'
        if sample['keypoint'].shape[2] != joints:
            found = f'{sample["keypoint"].shape[2]} joints'
            advice = 'set the layout that the data has, or convert this sample again'
            problems.append(
                error('joint-count', file, name, 'keypoint', expected_joints, found, advice)
            )
        faulty = list(_check_keypoint(sample, file, name, layout, num_person))
        problems.extend(faulty)
        problems.extend(_check_length(sample, file, name, clip_len))
        if faulty or sample['keypoint'].shape[2] != joints:
            continue
        persons.look(sample['keypoint'][..., : None if layout is None else layout.dims], name)
        if bodies is not None:
            bodies.look(sample['keypoint'], name)
    return problems + persons.problems() + ([] if bodies is None else bodies.problems())


def _shape_problem(keypoint: Any, file: str, name: str) -> Problem | None:
    """What keeps the keypoints from being read as (M, T, V, C), if anything."""
    place, advice = (file, name, 'keypoint'), 'convert this sample again'
    if not isinstance(keypoint, np.ndarray) or keypoint.dtype.kind not in 'fiu':
        found = getattr(keypoint, 'dtype', type(keypoint).__name__)
        return error('keypoint-type', *place, 'an array of numbers', f'{found}', advice)
    if keypoint.ndim != 4:
        expected, found = 'rank 4, (M, T, V, C)', f'rank {keypoint.ndim}, shape {keypoint.shape}'
        return error('keypoint-rank', *place, expected, found, advice)
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
        yield error('coordinate-count', *place, expected, found, advice)
    elif layout is not None and (span := beyond_scores(keypoint, layout.dims)) is not None:
        expected = f'{layout.dims} coordinates and a score from 0 to 1'
        found = f'numbers from {span[0]:g} to {span[1]:g} in the place of the score'
        advice = (
            f'a further coordinate? the layout {layout.name!r} has {layout.dims}: set the layout that the data has, '
            'leave the number out, or bring scores to 0 to 1'
        )
        yield error('score-range', *place, expected, found, advice)
    if persons == 0:
        expected, found = 'at least one person', f'M = 0, shape {shape}'
        yield error('no-person', *place, expected, found, 'remove this sample')
    if frames == 0:
        expected, found = 'at least one frame', f'T = 0, shape {shape}'
        yield error('no-frame', *place, expected, found, 'remove this sample')
    if keypoint.size and not _all_finite(keypoint):
        bad = np.argwhere(~np.isfinite(keypoint))
        first = tuple(int(i) for i in bad[0])
        found = f'{len(bad)} NaN or infinite ones, the first at (m, t, v, c) = {first}'
        advice = 'set joints that were not seen to zero, or remove this sample'
        yield error('not-finite', *place, 'finite coordinates', found, advice)
    # Nearly every sample shows a body in its first frame, so that the rest need not be read.
    if keypoint.size and not (keypoint[0, 0].any() or keypoint.any()):
        expected, advice = 'a body in at least one frame', 'remove this sample: nobody was tracked'
        yield error('all-zero', *place, expected, 'only zeros', advice)
    if num_person is not None and persons > num_person and keypoint[num_person:].any():
        expected = f'at most {num_person} person(s), which the pipeline keeps (num_person)'
        advice = 'raise num_person, or set allow_dropped_persons=True to drop the others'
        yield error('person-count', *place, expected, f'{persons} persons', advice)
    score = sample.get('keypoint_score')
    if 'keypoint_score' in sample and np.shape(score) != shape[:3]:
        expected, found = f'shape {shape[:3]}, a score for each joint', f'shape {np.shape(score)}'
        found = 'None' if score is None else found
        advice = 'convert this sample again, or leave the key out'
        yield error('score-shape', file, name, 'keypoint_score', expected, found, advice)


def _check_length(sample: dict, file: str, name: str, clip_len: int | None) -> Iterator[Problem]:
    total, frames = sample.get('total_frames'), sample['keypoint'].shape[1]
    if isinstance(total, bool) or not isinstance(total, (int, np.integer)) or total != frames:
        expected, advice = f'{frames}, the T of the keypoints', 'set it to keypoint.shape[1]'
        yield error('total-frames', file, name, 'total_frames', expected, repr(total), advice)
    if clip_len is not None and 0 < frames < clip_len:
        expected = f'at least {clip_len} frames, the clip length of the pipeline (clip_len)'
        advice = (
            'lower clip_len, or set allow_short=True to repeat the sample until it fills the clip'
        )
        yield error('too-short', file, name, 'keypoint', expected, f'{frames} frames', advice)
