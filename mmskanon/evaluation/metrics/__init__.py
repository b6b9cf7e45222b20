# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Metrics for MMEngine evaluators, each thin on top of :mod:`mmskanon.evaluation.functional`."""

from .action_accuracy import ActionAccuracy
from .fresh_attacker import FreshAttacker
from .prediction_dump import PredictionDump
from .privacy_accuracy import PrivacyAccuracy
from .privacy_regression import PrivacyRegression
from .privacy_utility_area import PrivacyUtilityArea
from .skeleton_fidelity import SkeletonFidelity

__all__ = [
    'ActionAccuracy',
    'FreshAttacker',
    'PredictionDump',
    'PrivacyAccuracy',
    'PrivacyRegression',
    'PrivacyUtilityArea',
    'SkeletonFidelity',
]
