# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Evaluation: pure measures in ``functional``, registered metrics in ``metrics``."""

from . import functional
from .metrics import (
    ActionAccuracy,
    FreshAttacker,
    PredictionDump,
    PrivacyAccuracy,
    PrivacyRegression,
    PrivacyUtilityArea,
    SkeletonFidelity,
)

__all__ = [
    'ActionAccuracy',
    'FreshAttacker',
    'PredictionDump',
    'PrivacyAccuracy',
    'PrivacyRegression',
    'PrivacyUtilityArea',
    'SkeletonFidelity',
    'functional',
]
