# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Hooks for reproducible and watched training."""

from .collapse import CollapseWarningHook, collapse_warnings
from .reproducibility import ReproducibilityHook
from .restart import RestartAdversaryHook
from .visualization import SkeletonVisualizationHook

__all__ = [
    'CollapseWarningHook',
    'ReproducibilityHook',
    'RestartAdversaryHook',
    'SkeletonVisualizationHook',
    'collapse_warnings',
]
