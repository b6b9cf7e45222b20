# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Error of everything that estimates private numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric

from mmskanon.registry import METRICS

from ..functional import correlation, guess_errors, mean_absolute_error
from .private_records import STRONGEST, estimate_record, refuse_summary_name, stack_estimates


@METRICS.register_module()
class PrivacyRegression(BaseMetric):
    """Error of each adversary, attacker or stand-alone regressor of a number such as the age, beside that of guessing.

    For every name in ``pred_private`` that estimates a number: ``privacy/<name>/mae``, ``mean_mae`` and ``median_mae`` (the mean
    absolute errors of always saying the mean, or the median, of the labels), all in the unit of the attribute, and
    ``correlation`` (Pearson's). For every attribute: ``privacy/strongest_mae/<attribute>``, the lowest error of any name. At
    ``median_mae`` and a correlation of 0 an attacker reads nothing; a higher error is more private up to there and no further.
    Those who tell classes apart are left to :class:`PrivacyAccuracy`. ``save_best`` on an error that should be high needs
    ``rule='greater'``.

    Args:
        collect_device (str): ``'cpu'`` or ``'gpu'``, where processes exchange results. Defaults to ``'cpu'``.
        prefix (str, optional): Replaces ``privacy`` in the keys. Defaults to None.

    Raises:
        ValueError: While evaluating, if a sample lacks estimates or values; says what should produce them.
    """

    default_prefix = 'privacy'

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep estimates and values of each sample.

        Args:
            data_batch (Any): Not read.
            data_samples (Sequence[dict]): Predictions.
        """
        for sample in data_samples:
            record = estimate_record(sample, type(self).__name__)
            refuse_summary_name(record)
            self.results.append(record)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the errors over the whole split.

        Args:
            results (list): Attribute, estimate and value of each regressor, for each sample.

        Returns:
            dict[str, float]: Values by key without prefix.
        """
        metrics: dict[str, float] = {}
        lowest: dict[str, float] = {}
        for name, (attribute, values, labels) in stack_estimates(
            results, type(self).__name__
        ).items():
            error = mean_absolute_error(values, labels)
            lowest[attribute] = min(error, lowest.get(attribute, error))
            metrics[f'{name}/mae'] = error
            for guess, value in guess_errors(labels).items():
                metrics[f'{name}/{guess}_mae'] = value
            metrics[f'{name}/correlation'] = correlation(values, labels)
        metrics.update({f'{STRONGEST}_mae/{attribute}': e for attribute, e in lowest.items()})
        return metrics
