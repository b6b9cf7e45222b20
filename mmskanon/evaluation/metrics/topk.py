# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the accuracy metrics share: their ``topk``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from ..functional import top_k_accuracy


class TopKMetric(BaseMetric):
    """Base of the metrics that report top-k accuracies.

    Args:
        topk (int | Sequence[int]): The k to report, 1 in any case. Defaults to (1, 5).
        collect_device (str): ``'cpu'`` or ``'gpu'``, where processes exchange results. Defaults to ``'cpu'``.
        prefix (str, optional): Replaces the metric's own prefix in the keys. Defaults to None.
    """

    def __init__(
        self,
        topk: int | Sequence[int] = (1, 5),
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.topk = checked_topk(topk)


def checked_topk(topk: int | Sequence[int]) -> tuple[int, ...]:
    """Return ``topk`` as a tuple of positive integers.

    Args:
        topk (int | Sequence[int]): One or several k.

    Returns:
        tuple[int, ...]: The k, in order, 1 always among them.

    Raises:
        ValueError: If one is no positive integer.
    """
    values = (topk,) if isinstance(topk, int) else tuple(topk)
    if not values or not all(
        isinstance(k, int) and not isinstance(k, bool) and k >= 1 for k in values
    ):
        raise ValueError(f'topk must be positive integers such as (1, 5), found {topk!r}')
    return tuple(dict.fromkeys((1, *values)))


def top_k_values(scores: np.ndarray, labels: np.ndarray, topk: Sequence[int]) -> dict[str, float]:
    """Return ``{'top1': ..., 'top5': ...}``, leaving out every k that all K classes satisfy (k >= K, k > 1)."""
    num_classes = scores.shape[1]
    return {f'top{k}': top_k_accuracy(scores, labels, k) for k in topk if k == 1 or k < num_classes}
