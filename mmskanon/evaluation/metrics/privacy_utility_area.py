# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The paper's trade-off of action and privacy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric

from mmskanon.registry import METRICS

from ..functional import area, top_k_accuracy
from .private_records import STRONGEST, private_record, stack_private, strongest_accuracy
from .records import action_record, stack_action


@METRICS.register_module()
class PrivacyUtilityArea(BaseMetric):
    """``action * (1 - privacy)``, the trade-off measure of Moon et al. (AAAI 2023).

    Key ``area/<attribute>``, in [0, 1], higher is better. Both accuracies are top-1 over the same, whole split; the paper's
    code draws a different random subset for each. Here privacy is by default that of the strongest classifier, there that
    of the adversary's own initial weights. With K balanced classes a value above ``1 - 1 / K`` means an attacker below chance, not
    more privacy.

    Args:
        attribute (str, optional): Private attribute. Defaults to None, every attribute that is predicted.
        privacy (str): Name of the classifier that counts, or ``'strongest'``. Defaults to ``'strongest'``.
        collect_device (str): ``'cpu'`` or ``'gpu'``, where processes exchange results. Defaults to ``'cpu'``.
        prefix (str, optional): Replaces ``area`` in the keys. Defaults to None.

    Raises:
        ValueError: While evaluating, if a sample lacks action or private scores; says what should produce them.
    """

    default_prefix = 'area'

    def __init__(
        self,
        attribute: str | None = None,
        privacy: str = STRONGEST,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.attribute = attribute
        self.privacy = privacy

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep action and private scores of each sample.

        Args:
            data_batch (Any): Not read.
            data_samples (Sequence[dict]): Predictions.
        """
        metric = type(self).__name__
        for sample in data_samples:
            private = self._selected(private_record(sample, metric))
            self.results.append((action_record(sample, metric), private))

    def _selected(self, record: dict) -> dict:
        """Keep the classifiers that count."""
        selected = {
            name: entry
            for name, entry in record.items()
            if self.privacy in (STRONGEST, name) and self.attribute in (None, entry[0])
        }
        if not selected:
            raise ValueError(
                f'PrivacyUtilityArea found no classifier with privacy={self.privacy!r} and attribute={self.attribute!r}; '
                f'the model has { ({name: entry[0] for name, entry in record.items()}) }'
            )
        return selected

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the area over the whole split.

        Args:
            results (list): Action record and private records of each sample.

        Returns:
            dict[str, float]: Area by attribute.
        """
        metric = type(self).__name__
        action = top_k_accuracy(*stack_action([r[0] for r in results], metric))
        privacy = strongest_accuracy(stack_private([r[1] for r in results], metric))
        return {attribute: area(action, accuracy) for attribute, accuracy in privacy.items()}
