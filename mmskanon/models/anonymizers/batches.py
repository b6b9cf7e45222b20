# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymize a batch as a data loader gives it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

from mmskanon.datasets.schema import NTU_FACTS, take_of

from .base import BaseAnonymizer


def anonymize_batch(
    anonymizer: BaseAnonymizer, inputs: Tensor, data_samples: Sequence | None
) -> Tensor:
    """Anonymize a batch, telling anonymizers that ask for it whom each clip shows, and which performance.

    Args:
        anonymizer (BaseAnonymizer): The anonymizer.
        inputs (Tensor): Shape (N, num_clips, M, T, V, C).
        data_samples (Sequence, optional): N samples; for anonymizers that ask for the subject with ``subject`` as metainfo, as the
            annotations have it. Takes follow from their label and ``frame_dir`` (NTU RGB+D), or the metainfo ``subject`` and ``trial`` or
            ``replication``; they are not known otherwise.

    Returns:
        Tensor: Same shape.

    Raises:
        ValueError: If the anonymizer asks for subjects and a sample does not state one.
    """
    known = {}
    if anonymizer.asks_for_subject:
        subjects = [sample.get('subject') for sample in data_samples or []]
        if not subjects or None in subjects:
            raise ValueError(
                f'{type(anonymizer).__name__} needs the subject of each clip, and the samples do not state it: give PackSkeletonInputs '
                "meta_keys=('frame_dir', 'subject')"
            )
        known['subjects'] = [s for s in subjects for _ in range(inputs.shape[1])]
    if anonymizer.asks_for_take and data_samples:
        known['takes'] = [t for t in map(_take, data_samples) for _ in range(inputs.shape[1])]
    return anonymizer(inputs.flatten(0, 1), **known).view_as(inputs)


def _take(sample: Any) -> Hashable | None:
    """The performance that a data sample shows, as far as its metainfo tells."""
    facts = {key: sample.get(key) for key in ('frame_dir', 'subject', 'trial', *NTU_FACTS)}
    label = sample.get('gt_label')
    if label is not None and torch.as_tensor(label).numel() == 1:
        facts['label'] = int(label)
    return take_of(facts)
