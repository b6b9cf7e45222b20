# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Data preprocessors bring anonymization into stock recipes."""

from .anonymizing import AnonymizingDataPreprocessor

__all__ = ['AnonymizingDataPreprocessor']
