# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Hooks for reproducible and watched training."""

from .collapse import CollapseWarningHook, collapse_warnings
from .reproducibility import ReproducibilityHook
from .restart import RestartAdversaryHook

__all__ = [
    'CollapseWarningHook',
    'ReproducibilityHook',
    'RestartAdversaryHook',
    'collapse_warnings',
]
