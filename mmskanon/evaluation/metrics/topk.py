# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The ``topk`` argument of the accuracy metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..functional import top_k_accuracy


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
