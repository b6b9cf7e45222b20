# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymize annotations at full length and in their original coordinates."""

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings

from mmskanon.datasets.schema import attribute_value, take_of
from mmskanon.datasets.splits import sample_name
from mmskanon.models.anonymizers import BaseAnonymizer
from mmskanon.models.weights import load_weights
from mmskanon.registry import MODELS
from mmskanon.skeletons.geometry import normalize_skeleton
from mmskanon.skeletons.placement import PLACEMENTS, place
from mmskanon.skeletons.resampling import resample_clip


def build_anonymizer(cfg: Config, checkpoint: str | None, device: str = 'cpu') -> BaseAnonymizer:
    """The anonymizer of a config, with weights, in eval mode.

    Args:
        cfg (Config): Config of an :class:`AdversarialAnonymization` model.
        checkpoint (str, optional): Its checkpoint; None only for anonymizers without weights.
        device (str): Where to run. Defaults to ``'cpu'``.

    Raises:
        ValueError: If the config has no anonymizer, the checkpoint does not fit, or it is missing though needed.
    """
    init_default_scope(cfg.get('default_scope', 'mmskanon'))
    # Done where the file was read, but not in a process that was sent the config.
    if cfg.get('custom_imports'):
        import_modules_from_strings(**cfg.custom_imports)
    if 'anonymizer' not in cfg.get('model', {}):
        raise ValueError(
            f'config {cfg.filename} has no model.anonymizer (its model is {cfg.get("model", {}).get("type")}); '
            'give the config that trained an anonymizer.'
        )
    anonymizer = MODELS.build(cfg.model.anonymizer)
    if checkpoint is not None:
        load_weights(anonymizer, checkpoint, 'anonymizer', prefix='anonymizer.')
    elif any(True for _ in anonymizer.parameters()):
        raise ValueError(
            f'{type(anonymizer).__name__} has weights; give the checkpoint of a trained anonymizer.'
        )
    return anonymizer.requires_grad_(False).eval().to(device)


def normalization_of(cfg: Config) -> dict:
    """Arguments of the ``NormalizeSkeleton`` in the config's test pipeline.

    Raises:
        ValueError: If the test pipeline has none: without it the original coordinates cannot be restored.
    """
    dataset = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    pipeline = dataset.get('pipeline', [])
    for step in pipeline:
        if step['type'] in ('NormalizeSkeleton', 'mmskanon.NormalizeSkeleton'):
            return {k: v for k, v in step.items() if k not in ('type', '_scope_')}
    raise ValueError(
        f'the test pipeline of config {cfg.filename} has no NormalizeSkeleton, but {[s["type"] for s in pipeline]}; '
        'only its normalization can be undone.'
    )


def anonymize_keypoints(
    keypoint: np.ndarray,
    anonymizer: BaseAnonymizer,
    normalization: Mapping,
    name: str = 'sample',
    subject: int | str | None = None,
    placement: str = 'keep',
    take: Hashable | None = None,
) -> np.ndarray:
    """Anonymize one recording at full length.

    Args:
        keypoint (np.ndarray): Shape (M, T, V, C), camera space in metres.
        anonymizer (BaseAnonymizer): A trained anonymizer in eval mode.
        normalization (Mapping): Arguments of :func:`normalize_skeleton` beside the keypoints.
        name (str): Name of the recording for error messages. Defaults to ``'sample'``.
        subject (int | str, optional): Whose recording it is, for anonymizers that ask for it. Defaults to None.
        placement (str): ``'keep'`` restores camera coordinates; ``'smooth'`` too, along a smoothed path; ``'canonical'`` leaves the body at
            the origin, upright and to the front (:func:`~mmskanon.skeletons.placement.place`). Defaults to ``'keep'``.
        take (Hashable, optional): Which performance it shows (:func:`~mmskanon.datasets.schema.take_of`), for anonymizers that make use of
            it. Defaults to None, not known.

    Returns:
        np.ndarray: Same shape and dtype, in the same or in canonical coordinates, metres; absent persons are exactly zero.

    Raises:
        ValueError: If the recording shows more persons than the anonymizer was trained for, its subject is needed and unknown, or the
            placement is unknown.
    """
    made = anonymize_together(
        [keypoint], anonymizer, normalization, [name], [subject], placement, [take]
    )
    return made[0]


def anonymize_together(
    keypoints: Sequence[np.ndarray],
    anonymizer: BaseAnonymizer,
    normalization: Mapping,
    names: Sequence[str],
    subjects: Sequence[int | str | None],
    placement: str = 'keep',
    takes: Sequence[Hashable | None] | None = None,
) -> list[np.ndarray]:
    """Anonymize recordings of equal length in one call of the anonymizer.

    Args:
        keypoints (Sequence[np.ndarray]): Recordings as in :func:`anonymize_keypoints`, with the same T and C.
        anonymizer (BaseAnonymizer): See there.
        normalization (Mapping): See there.
        names (Sequence[str]): Name of each.
        subjects (Sequence[int | str | None]): Subject of each.
        placement (str): See there. Defaults to ``'keep'``.
        takes (Sequence[Hashable | None], optional): Take of each. Defaults to None, not known.

    Returns:
        list[np.ndarray]: Each in its shape and dtype.

    Raises:
        ValueError: See there.
    """
    if placement not in PLACEMENTS:
        raise ValueError(f'placement must be one of {PLACEMENTS}, found {placement!r}')
    known = {}
    if anonymizer.asks_for_subject:
        for name, subject in zip(names, subjects, strict=True):
            if subject is None:
                raise ValueError(
                    f'{name} has no subject, which {type(anonymizer).__name__} needs; give every sample the key subject, or the argument subject.'
                )
        known['subjects'] = list(subjects)
    if anonymizer.asks_for_take:
        known['takes'] = takes
    bodies, records = [], []
    for keypoint, name in zip(keypoints, names, strict=True):
        shown = shown_persons(keypoint, anonymizer.num_person, name)
        body, record = normalize_skeleton(shown.astype(np.float32), **normalization)
        bodies.append(body)
        records.append(record)
    made = []
    outputs = anonymize_bodies(bodies, anonymizer, **known)
    for keypoint, output, record in zip(keypoints, outputs, records, strict=True):
        joint = normalization.get('center_joint')
        placed = place(output, record, normalization['layout'], placement, joint)
        placed = placed.astype(keypoint.dtype)
        shown, surplus = np.split(keypoint, [anonymizer.num_person])
        scores = slice(max(anonymizer.num_coords, anonymizer.layout.dims), None)
        placed[..., scores] = shown[..., scores]  # as they were, also in double precision
        made.append(np.concatenate([placed, surplus]))
    return made


def shown_persons(keypoint: np.ndarray, persons: int, name: str) -> np.ndarray:
    """Return the persons of a recording that an anonymizer takes.

    Args:
        keypoint (np.ndarray): Shape (M, T, V, C).
        persons (int): The most that it takes.
        name (str): Name of the recording, for the message.

    Returns:
        np.ndarray: Shape (M', T, V, C), a view.

    Raises:
        ValueError: If others are shown besides.
    """
    if keypoint[persons:].any():
        raise ValueError(
            f'{name} shows {keypoint.shape[0]} persons, the anonymizer was trained for {persons}; '
            'train it with num_person at least that large, or remove the surplus persons first.'
        )
    return keypoint[:persons]


@torch.no_grad()
def anonymize_bodies(
    bodies: Sequence[np.ndarray], anonymizer: BaseAnonymizer, **known
) -> list[np.ndarray]:
    """Anonymize skeletons that are normalized already, in one call.

    Args:
        bodies (Sequence[np.ndarray]): Shape (M, T, V, C) each, body space, float32, with the same T and C and not more persons than the
            anonymizer's.
        anonymizer (BaseAnonymizer): A trained anonymizer in eval mode.
        **known: Further arguments of its call, such as ``subjects``.

    Returns:
        list[np.ndarray]: Same shapes and space.
    """
    padded = np.zeros((len(bodies), anonymizer.num_person, *bodies[0].shape[1:]), np.float32)
    for row, body in zip(padded, bodies, strict=True):
        row[: len(body)] = body
    tensors = itertools.chain(anonymizer.parameters(), anonymizer.buffers())
    device = next((t.device for t in tensors), torch.device('cpu'))
    output = anonymizer(torch.from_numpy(padded).to(device), **known).cpu().numpy()
    return [made[: len(body)] for made, body in zip(output, bodies, strict=True)]


def anonymize_annotations(
    annotations: Iterable[dict],
    anonymizer: BaseAnonymizer,
    normalization: Mapping,
    frames: int | None = None,
    placement: str = 'keep',
) -> Iterator[dict]:
    """Anonymize the samples of an annotation file one by one.

    Args:
        annotations (Iterable[dict]): Samples with ``keypoint`` of shape (M, T, V, C).
        anonymizer (BaseAnonymizer): A trained anonymizer in eval mode.
        normalization (Mapping): See :func:`normalization_of`.
        frames (int, optional): Bring every clip to this number of frames first, since how long somebody takes tells who it is. Defaults to
            None, as they are.
        placement (str): See :func:`anonymize_keypoints`. Defaults to ``'keep'``.

    Yields:
        dict: The sample with anonymized ``keypoint``; every other field as it was, but for ``total_frames`` and ``keypoint_score``
        where the number of frames changes.
    """
    for sample in annotations:
        if frames is not None:
            sample = retimed(sample, frames, anonymizer.layout.dims)
        keypoint = anonymize_keypoints(
            sample['keypoint'],
            anonymizer,
            normalization,
            f'sample {sample_name(sample)}',
            attribute_value(sample, 'subject'),
            placement,
            take_of(sample) if anonymizer.asks_for_take else None,
        )
        yield {**sample, 'keypoint': keypoint}


def retimed(sample: dict, frames: int, dims: int) -> dict:
    """Bring a sample to another number of frames, with its scores and ``total_frames`` if it has them.

    Args:
        sample (dict): The sample; left as it is.
        frames (int): Number of frames.
        dims (int): Coordinates of a joint; channels after them are scores. A joint whose coordinates are all zero is absent.

    Returns:
        dict: A new one.
    """
    keypoint = sample['keypoint']
    present = keypoint[..., :dims].any(-1)
    changed = dict(keypoint=resample_clip(keypoint, frames, present).astype(keypoint.dtype))
    if 'total_frames' in sample:
        changed['total_frames'] = frames
    if 'keypoint_score' in sample:
        score = np.asarray(sample['keypoint_score'])
        changed['keypoint_score'] = resample_clip(score[..., None], frames, present)[..., 0].astype(
            score.dtype
        )
    return {**sample, **changed}
