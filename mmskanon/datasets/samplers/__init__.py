# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Samplers that compose batches."""

from .class_batches import ClassBatchSampler

__all__ = ['ClassBatchSampler']
