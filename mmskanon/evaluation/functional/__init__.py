# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pure functions on arrays and tensors: no registry, no runner, no state."""

from .accuracy import (
    balanced_accuracy,
    class_recall,
    mean_class_accuracy,
    top_k_accuracy,
    top_k_credit,
)
from .baselines import chance_level, content_level, majority_level
from .bootstrap import chance_upper_bound, mean_interval, pair_interval
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
from .identification import per_group_accuracy, worst_decile
from .linkability import linkability
from .motion_fidelity import motion_figures, motion_sums
from .regression import correlation, guess_errors, mean_absolute_error
from .tradeoff import area
from .verification import area_under_roc, equal_error_rate, roc_points, tpr_at_fpr
from .within_class import (
    instance_linkage,
    residual_amplitude,
    speed_correlation,
    trial_match,
)

__all__ = [
    'MIN_BONE_LENGTH',
    'SUM_KEYS',
    'area',
    'area_under_roc',
    'balanced_accuracy',
    'batch_fidelity_sums',
    'bone_deviation_from_sums',
    'bone_length_deviation',
    'chance_level',
    'chance_upper_bound',
    'class_recall',
    'content_level',
    'correlation',
    'equal_error_rate',
    'fidelity_sums',
    'guess_errors',
    'instance_linkage',
    'linkability',
    'majority_level',
    'mean_absolute_error',
    'mean_class_accuracy',
    'mean_interval',
    'merge_fidelity_sums',
    'motion_energy',
    'motion_figures',
    'motion_sums',
    'mpjpe_from_sums',
    'mpjpe_mm',
    'mse',
    'mse_from_sums',
    'pair_interval',
    'per_group_accuracy',
    'residual_amplitude',
    'roc_points',
    'speed_correlation',
    'top_k_accuracy',
    'top_k_credit',
    'tpr_at_fpr',
    'trial_match',
    'worst_decile',
]
