# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pure functions on NumPy arrays: no registry, no runner, no state."""

from .accuracy import (
    balanced_accuracy,
    class_recall,
    mean_class_accuracy,
    top_k_accuracy,
    top_k_credit,
)
from .baselines import chance_level, majority_level
from .fidelity import (
    SUM_KEYS,
    bone_deviation_from_sums,
    bone_length_deviation,
    fidelity_sums,
    merge_fidelity_sums,
    mpjpe_from_sums,
    mpjpe_mm,
    mse,
    mse_from_sums,
)
from .tradeoff import area

__all__ = [
    'SUM_KEYS',
    'area',
    'balanced_accuracy',
    'bone_deviation_from_sums',
    'bone_length_deviation',
    'chance_level',
    'class_recall',
    'fidelity_sums',
    'majority_level',
    'mean_class_accuracy',
    'merge_fidelity_sums',
    'mpjpe_from_sums',
    'mpjpe_mm',
    'mse',
    'mse_from_sums',
    'top_k_accuracy',
    'top_k_credit',
]
