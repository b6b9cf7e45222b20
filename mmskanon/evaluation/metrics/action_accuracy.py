# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Accuracy of the recognizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmskanon.registry import METRICS

from ..functional import chance_level, mean_class_accuracy
from .records import action_record, stack_action
from .topk import TopKMetric, top_k_values


@METRICS.register_module()
class ActionAccuracy(TopKMetric):
    """Top-k and mean class accuracy of the action, beside chance.

    Keys ``action/top1``, ``action/top5``, ``action/mean_class`` (fractions, higher is more useful) and ``action/chance``
    (one over the number of classes that occur). A k that is not below the number of classes is left out. Computed over every
    sample of the split, from ``pred_score`` and ``gt_label``.

    Args:
        topk (int | Sequence[int]): The k to report, 1 in any case. Defaults to (1, 5).
        collect_device (str): ``'cpu'`` or ``'gpu'``, where processes exchange results. Defaults to ``'cpu'``.
        prefix (str, optional): Replaces ``action`` in the keys. Defaults to None.

    Raises:
        ValueError: While evaluating, if a sample has no action scores; says what should produce them.
    """

    default_prefix = 'action'

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores and label of each sample.

        Args:
            data_batch (Any): Not read.
            data_samples (Sequence[dict]): Predictions.
        """
        self.results.extend(action_record(s, type(self).__name__) for s in data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the accuracies of the whole split.

        Args:
            results (list): Scores (K,) and label of each sample.

        Returns:
            dict[str, float]: Values by key without prefix.
        """
        scores, labels = stack_action(results, type(self).__name__)
        return {
            **top_k_values(scores, labels, self.topk),
            'mean_class': mean_class_accuracy(scores, labels),
            'chance': chance_level(labels),
        }
