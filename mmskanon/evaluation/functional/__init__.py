# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pure functions on arrays and tensors: no registry, no runner, no state."""

from .accuracy import (
    balanced_accuracy,
    class_recall,
    mean_class_accuracy,
    top_k_accuracy,
    top_k_credit,
)
from .baselines import chance_level, majority_level
from .fidelity import (
    MIN_BONE_LENGTH,
    SUM_KEYS,
    batch_fidelity_sums,
    bone_deviation_from_sums,
    bone_length_deviation,
    fidelity_sums,
    merge_fidelity_sums,
    motion_energy,
    mpjpe_from_sums,
    mpjpe_mm,
    mse,
    mse_from_sums,
)
from .regression import correlation, guess_errors, mean_absolute_error
from .tradeoff import area

__all__ = [
    'MIN_BONE_LENGTH',
    'SUM_KEYS',
    'area',
    'balanced_accuracy',
    'batch_fidelity_sums',
    'bone_deviation_from_sums',
    'bone_length_deviation',
    'chance_level',
    'class_recall',
    'correlation',
    'fidelity_sums',
    'guess_errors',
    'majority_level',
    'mean_absolute_error',
    'mean_class_accuracy',
    'merge_fidelity_sums',
    'motion_energy',
    'mpjpe_from_sums',
    'mpjpe_mm',
    'mse',
    'mse_from_sums',
    'top_k_accuracy',
    'top_k_credit',
]
