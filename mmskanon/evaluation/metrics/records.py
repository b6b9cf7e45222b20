# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the metrics keep of a prediction: small, plain records, one a sample, so that padding can be cut off exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch


def describe(sample: Mapping) -> str:
    """Name a sample for a message."""
    name = sample.get('frame_dir')
    return 'a sample' if name is None else f'sample {name!r}'


def require_field(sample: Mapping, key: str, metric: str, producer: str) -> Any:
    """Return a field of a prediction, or say which part of the model should have produced it.

    Args:
        sample (Mapping): Prediction of the model for one sample.
        key (str): Name of the field.
        metric (str): Name of the metric that needs it.
        producer (str): What produces the field, and what to do to have it.

    Returns:
        Any: The field, never None and never an empty dict.

    Raises:
        ValueError: If the field is absent or empty.
    """
    value = sample.get(key)
    if value is None or (isinstance(value, Mapping) and not value):
        found = sorted(k for k in sample if isinstance(k, str))
        raise ValueError(
            f'{metric} needs the field {key!r}, which {describe(sample)} lacks (found {found}): {producer}'
        )
    return value


def score_vector(value: Any, sample: Mapping, name: str) -> np.ndarray:
    """Return scores as float32 (K,) on the CPU.

    Args:
        value (torch.Tensor | np.ndarray | Sequence[float]): Scores (K,).
        sample (Mapping): The sample, for messages.
        name (str): What gave the scores, for messages.

    Returns:
        np.ndarray: Scores (K,).

    Raises:
        ValueError: If they are no vector, or hold NaN.
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().to('cpu', torch.float32).numpy()
    scores = np.array(value, dtype=np.float32)
    if scores.ndim != 1:
        raise ValueError(
            f'the scores of {name} for {describe(sample)} must be a vector (K,), found shape {scores.shape}'
        )
    if np.isnan(scores).any():
        raise ValueError(
            f'the scores of {name} for {describe(sample)} hold NaN: the model has diverged; '
            'lower the learning rate or clip the gradients, and start again from the last good checkpoint'
        )
    return scores


def class_index(value: Any, num_classes: int, sample: Mapping, name: str) -> int:
    """Return a label as int.

    Args:
        value (torch.Tensor | np.ndarray | Sequence[int] | int): One class index.
        num_classes (int): Number of scores that the classifier gives.
        sample (Mapping): The sample, for messages.
        name (str): What the label is of, for messages.

    Returns:
        int: Class index.

    Raises:
        ValueError: If there is not exactly one, or no score belongs to it.
    """
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    label = np.asarray(value).reshape(-1)
    if label.size != 1:
        raise ValueError(
            f'{describe(sample)} has {label.size} labels for {name}, expected exactly one'
        )
    label = int(label[0])
    if not 0 <= label < num_classes:
        raise ValueError(
            f'{describe(sample)} has label {label} for {name}, but only the classes 0 to {num_classes - 1} have scores: '
            f'the classifier was built for {num_classes} classes, set num_classes to that of the data'
        )
    return label


def action_record(sample: Mapping, metric: str) -> tuple[np.ndarray, int]:
    """Return action scores (K,) and label of a prediction.

    Args:
        sample (Mapping): Prediction with ``pred_score`` and ``gt_label``.
        metric (str): Name of the metric, for messages.

    Returns:
        tuple[np.ndarray, int]: Scores and class index.

    Raises:
        ValueError: If a field is missing or unusable.
    """
    scores = require_field(
        sample,
        'pred_score',
        metric,
        'the recognizer of the model gives it; configure one, or drop this metric',
    )
    label = require_field(
        sample,
        'gt_label',
        metric,
        'the pipeline gives it; end the pipeline with PackSkeletonInputs',
    )
    scores = score_vector(scores, sample, 'the recognizer')
    return scores, class_index(label, len(scores), sample, 'the action')


def stack_action(
    records: Sequence[tuple[np.ndarray, int]], metric: str
) -> tuple[np.ndarray, np.ndarray]:
    """Stack action records of all samples to scores (N, K) and labels (N,)."""
    require_samples(records, metric)
    scores, labels = zip(*records, strict=True)
    return np.stack(scores), np.array(labels)


def require_samples(records: Sequence, metric: str) -> None:
    """Refuse an evaluation over nothing."""
    if not records:
        raise ValueError(f'{metric} has no samples: the evaluation data loader is empty')
