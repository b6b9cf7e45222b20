# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Accuracy of everything that reads private attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmskanon.registry import METRICS

from ..functional import balanced_accuracy, chance_level, majority_level
from .private_records import (
    STRONGEST,
    private_record,
    refuse_summary_name,
    stack_private,
    strongest_accuracy,
)
from .topk import TopKMetric, top_k_values


@METRICS.register_module()
class PrivacyAccuracy(TopKMetric):
    """Accuracy of each adversary, attacker or privacy classifier, beside chance, and of the strongest of them.

    For every name in ``pred_private``: ``privacy/<name>/top1``, ``top5`` (left out up to 5 classes), ``balanced``,
    ``chance`` (one over the number of classes that occur, the mark for ``balanced``) and ``majority`` (the most frequent class, the mark
    for ``top1``). For every attribute: ``privacy/strongest/<attribute>``, the highest top-1 of any name. All are fractions.
    At chance an attacker reads nothing; lower is more private down to there and no further. Who estimates a number, such as an
    age, is left to :class:`PrivacyRegression`.

    None of these shows that data are anonymous, only what these classifiers read. The adversary that an anonymizer was trained
    against is the weakest evidence. ``save_best`` on one of these keys needs ``rule='less'``, since MMEngine takes every key
    with ``top`` in it for one to increase.

    Args:
        topk (int | Sequence[int]): The k to report, 1 in any case. Defaults to (1, 5).
        collect_device (str): ``'cpu'`` or ``'gpu'``, where processes exchange results. Defaults to ``'cpu'``.
        prefix (str, optional): Replaces ``privacy`` in the keys. Defaults to None.

    Raises:
        ValueError: While evaluating, if a sample lacks private scores or labels; says what should produce them.
    """

    default_prefix = 'privacy'

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores and labels of each sample.

        Args:
            data_batch (Any): Not read.
            data_samples (Sequence[dict]): Predictions.
        """
        for sample in data_samples:
            record = private_record(sample, type(self).__name__)
            refuse_summary_name(record)
            self.results.append(record)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the accuracies of the whole split.

        Args:
            results (list): Attribute, scores (K,) and label of each classifier, for each sample.

        Returns:
            dict[str, float]: Values by key without prefix.
        """
        stacked = stack_private(results, type(self).__name__)
        metrics: dict[str, float] = {}
        for name, (_, scores, labels) in stacked.items():
            values = {
                **top_k_values(scores, labels, self.topk),
                'balanced': balanced_accuracy(scores, labels),
                'chance': chance_level(labels),
                'majority': majority_level(labels),
            }
            metrics.update({f'{name}/{key}': value for key, value in values.items()})
        for attribute, accuracy in strongest_accuracy(stacked).items():
            metrics[f'{STRONGEST}/{attribute}'] = accuracy
        return metrics
