# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Distance of anonymized skeletons from the original ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric

from mmskanon.registry import METRICS

from ..functional import (
    SUM_KEYS,
    bone_deviation_from_sums,
    merge_fidelity_sums,
    mpjpe_from_sums,
    mse_from_sums,
)
from .records import describe, require_field, require_samples


@METRICS.register_module()
class SkeletonFidelity(BaseMetric):
    """MSE, mean per-joint position error and bone-length deviation between original and anonymized skeletons.

    Keys ``fidelity/mse`` (squared units of the model's input), ``fidelity/mpjpe_mm`` (millimetres) and
    ``fidelity/bone_deviation`` (mean relative change of bone lengths): 0 for unchanged skeletons, lower is more useful, and
    neither direction says anything about privacy. Averaged over joints, coordinates and bones of all bodies present in the whole
    split, not over batches or clips. Computed from the sums in ``fidelity``, see
    :func:`~mmskanon.evaluation.functional.fidelity_sums`.

    Args:
        unit_mm (float, optional): Millimetres in a unit of the coordinates. None for coordinates without a metric scale, such
            as pixels: the key is then ``fidelity/mpjpe``, in units of the coordinates. Defaults to 1000.0, for metres.
        collect_device (str): ``'cpu'`` or ``'gpu'``, where processes exchange results. Defaults to ``'cpu'``.
        prefix (str, optional): Replaces ``fidelity`` in the keys. Defaults to None.

    Raises:
        ValueError: While evaluating, if a sample has no sums; says what should produce them.
    """

    default_prefix = 'fidelity'

    def __init__(
        self,
        unit_mm: float | None = 1000.0,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if unit_mm is not None and not unit_mm > 0:
            raise ValueError(f'unit_mm must be positive or None, found {unit_mm}')
        self.unit_mm = unit_mm

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the sums of each sample.

        Args:
            data_batch (Any): Not read.
            data_samples (Sequence[dict]): Predictions.
        """
        for sample in data_samples:
            sums = require_field(
                sample,
                'fidelity',
                type(self).__name__,
                'the anonymizer of the model gives it; configure one, or drop this metric',
            )
            missing = [key for key in SUM_KEYS if key not in sums]
            if missing:
                raise ValueError(f"the field 'fidelity' of {describe(sample)} lacks {missing}")
            self.results.append(tuple(float(sums[key]) for key in SUM_KEYS))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the distances over the whole split.

        Args:
            results (list): Sums of each sample.

        Returns:
            dict[str, float]: Values by key without prefix.
        """
        require_samples(results, type(self).__name__)
        sums = merge_fidelity_sums(dict(zip(SUM_KEYS, row, strict=True)) for row in results)
        error = mpjpe_from_sums(sums)
        return {
            'mse': mse_from_sums(sums),
            **({'mpjpe': error} if self.unit_mm is None else {'mpjpe_mm': self.unit_mm * error}),
            'bone_deviation': bone_deviation_from_sums(sums),
        }
