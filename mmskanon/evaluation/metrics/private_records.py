# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the metrics keep of predictions of private attributes: scores of classes, or estimates of a number."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..functional import top_k_accuracy
from .records import class_index, describe, require_field, require_samples, score_vector

STRONGEST = 'strongest'


class PrivateEstimates(NamedTuple):
    """All estimates of one regressor of a private number: its attribute, estimates (N,) and true values (N,)."""

    attribute: str
    values: np.ndarray
    labels: np.ndarray


class PrivateScores(NamedTuple):
    """All scores of one privacy classifier: its attribute, scores (N, K) and labels (N,)."""

    attribute: str
    scores: np.ndarray
    labels: np.ndarray


def private_predictions(sample: Mapping, metric: str, key: str) -> dict[str, tuple[str, Any, Any]]:
    """Return attribute, prediction and label of all who predict private attributes of one kind.

    Args:
        sample (Mapping): Prediction with ``pred_private`` and ``gt_private``.
        metric (str): Name of the metric, for messages.
        key (str): What the kind predicts: ``'score'`` of classes, or ``'value'`` of a number.

    Returns:
        dict[str, tuple[str, Any, Any]]: By name of the classifier or regressor.

    Raises:
        ValueError: If a field is missing, or all predictions are of the other kind.
    """
    predictions = require_field(
        sample,
        'pred_private',
        metric,
        'the adversaries, attackers or privacy classifier of the model give it; configure one, or drop this metric',
    )
    truth = require_field(
        sample,
        'gt_private',
        metric,
        'the data set gives it; list the attributes in the data set and end the pipeline with PackSkeletonInputs',
    )
    of_kind = {}
    for name, prediction in predictions.items():
        attribute = prediction['attribute']
        if attribute not in truth:
            raise ValueError(
                f'{name!r} predicts the attribute {attribute!r}, but {describe(sample)} only has {sorted(truth)}: '
                f'add {attribute!r} to the attributes of the data set'
            )
        if key in prediction:
            of_kind[name] = attribute, prediction[key], truth[attribute]
    if not of_kind:
        other = (
            'numbers: use PrivacyRegression' if key == 'score' else 'classes: use PrivacyAccuracy'
        )
        raise ValueError(
            f'{metric} has nothing to evaluate, {sorted(predictions)} all predict {other}'
        )
    return of_kind


def private_record(sample: Mapping, metric: str) -> dict[str, tuple[str, np.ndarray, int]]:
    """Return attribute, scores (K,) and label of every privacy classifier of a prediction.

    Args:
        sample (Mapping): Prediction with ``pred_private`` and ``gt_private``.
        metric (str): Name of the metric, for messages.

    Returns:
        dict[str, tuple[str, np.ndarray, int]]: By name of the classifier; who estimates a number is left out.

    Raises:
        ValueError: If a field is missing or unusable.
    """
    record = {}
    for name, (attribute, score, label) in private_predictions(sample, metric, 'score').items():
        scores = score_vector(score, sample, repr(name))
        record[name] = attribute, scores, class_index(label, len(scores), sample, repr(attribute))
    return record


def estimate_record(sample: Mapping, metric: str) -> dict[str, tuple[str, float, float]]:
    """Return attribute, estimate and true value of every regressor of a prediction.

    Args:
        sample (Mapping): Prediction with ``pred_private`` and ``gt_private``.
        metric (str): Name of the metric, for messages.

    Returns:
        dict[str, tuple[str, float, float]]: By name of the regressor, in the unit of the attribute; who tells classes apart is
        left out.

    Raises:
        ValueError: If a field is missing, or an estimate is NaN or infinite.
    """
    record = {}
    for name, (attribute, value, label) in private_predictions(sample, metric, 'value').items():
        if not math.isfinite(float(value)):
            raise ValueError(
                f'the estimate of {name!r} for {describe(sample)} is {float(value)}: the model has diverged; '
                'lower the learning rate or clip the gradients, and start again from the last good checkpoint'
            )
        record[name] = attribute, float(value), float(label)
    return record


def refuse_summary_name(record: Mapping) -> None:
    """Raise ValueError if a predictor is named like a summary of all."""
    for name in (STRONGEST, f'{STRONGEST}_mae'):
        if name in record:
            raise ValueError(
                f'a privacy classifier may not be named {name!r}, the key of the summary; choose another name'
            )


def stack_private(records: Sequence[Mapping], metric: str) -> dict[str, PrivateScores]:
    """Stack private records of all samples, by name of the classifier in order of first appearance.

    Args:
        records (Sequence[Mapping]): Results of :func:`private_record`.
        metric (str): Name of the metric, for messages.

    Returns:
        dict[str, PrivateScores]: Scores and labels of each classifier over all samples.

    Raises:
        ValueError: If there is no sample, or a classifier did not predict every sample.
    """
    return {
        name: PrivateScores(attribute, np.stack(scores), np.array(labels))
        for name, (attribute, scores, labels) in _by_name(records, metric).items()
    }


def stack_estimates(records: Sequence[Mapping], metric: str) -> dict[str, PrivateEstimates]:
    """Stack estimates of all samples, as :func:`stack_private` does with scores.

    Args:
        records (Sequence[Mapping]): Results of :func:`estimate_record`.
        metric (str): Name of the metric, for messages.

    Returns:
        dict[str, PrivateEstimates]: Estimates and true values of each regressor over all samples.

    Raises:
        ValueError: If there is no sample, or a regressor did not predict every sample.
    """
    return {
        name: PrivateEstimates(attribute, np.array(values), np.array(labels))
        for name, (attribute, values, labels) in _by_name(records, metric).items()
    }


def _by_name(records: Sequence[Mapping], metric: str) -> dict[str, tuple[str, tuple, tuple]]:
    """Attribute, predictions and labels over all samples by name."""
    require_samples(records, metric)
    entries = defaultdict(list)
    for record in records:
        for name, entry in record.items():
            entries[name].append(entry)
    stacked = {}
    for name, rows in entries.items():
        if len(rows) != len(records):
            raise ValueError(
                f'{metric}: {name!r} predicted {len(rows)} of {len(records)} samples; '
                'every classifier must predict every sample of the split'
            )
        attributes, predictions, labels = zip(*rows, strict=True)
        stacked[name] = attributes[0], predictions, labels
    return stacked


def strongest_accuracy(stacked: Mapping[str, PrivateScores]) -> dict[str, float]:
    """Return the highest top-1 accuracy of any classifier, by attribute."""
    strongest: dict[str, float] = {}
    for attribute, scores, labels in stacked.values():
        accuracy = top_k_accuracy(scores, labels)
        strongest[attribute] = max(accuracy, strongest.get(attribute, 0.0))
    return strongest
