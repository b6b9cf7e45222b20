# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Loss terms: pure functions and the registered, weighted modules on top of them."""

from .anonymizer_losses import (
    ActionCrossEntropy,
    AnonymizerLoss,
    PartyOutputs,
    PrivacyEntropy,
    PrivacyLoss,
    PrivacyNegatedCrossEntropy,
    PrivacySquaredEstimate,
    PrivacyUniformKL,
    ReconstructionMSE,
)
from .functional import (
    between_group_share,
    neighbour_divergence,
    present_mse,
    softmax_entropy,
    squared_estimate,
    uniform_kl,
)
from .imitation import TargetImitation
from .separation import BetweenSubjectVariance, SoftNearestNeighbour

__all__ = [
    'ActionCrossEntropy',
    'AnonymizerLoss',
    'BetweenSubjectVariance',
    'PartyOutputs',
    'PrivacyEntropy',
    'PrivacyLoss',
    'PrivacyNegatedCrossEntropy',
    'PrivacySquaredEstimate',
    'PrivacyUniformKL',
    'ReconstructionMSE',
    'SoftNearestNeighbour',
    'TargetImitation',
    'between_group_share',
    'neighbour_divergence',
    'present_mse',
    'softmax_entropy',
    'squared_estimate',
    'uniform_kl',
]
