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
from .functional import present_mse, softmax_entropy, squared_estimate, uniform_kl

__all__ = [
    'ActionCrossEntropy',
    'AnonymizerLoss',
    'PartyOutputs',
    'PrivacyEntropy',
    'PrivacyLoss',
    'PrivacyNegatedCrossEntropy',
    'PrivacySquaredEstimate',
    'PrivacyUniformKL',
    'ReconstructionMSE',
    'present_mse',
    'softmax_entropy',
    'squared_estimate',
    'uniform_kl',
]
