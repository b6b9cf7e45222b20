# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Networks and losses: anonymizers, recognizers, adversaries, and the model that joins them."""

import mmaction.models  # noqa: F401  registers the stock backbones and heads that configs name

from .adversaries import AdversaryBank, PrivacyHead
from .anonymization import AdversarialAnonymization
from .anonymizers import (
    BaseAnonymizer,
    GaussianNoiseAnonymizer,
    IdentityAnonymizer,
    ResNetAnonymizer,
    UNetAnonymizer,
)
from .data_preprocessors import AnonymizingDataPreprocessor
from .losses import (
    ActionCrossEntropy,
    PrivacyEntropy,
    PrivacyNegatedCrossEntropy,
    PrivacyUniformKL,
    ReconstructionMSE,
)
from .recognizers import FrozenRecognizer, SkeletonRecognizer

__all__ = [
    'ActionCrossEntropy',
    'AdversarialAnonymization',
    'AdversaryBank',
    'AnonymizingDataPreprocessor',
    'BaseAnonymizer',
    'FrozenRecognizer',
    'GaussianNoiseAnonymizer',
    'IdentityAnonymizer',
    'PrivacyEntropy',
    'PrivacyHead',
    'PrivacyNegatedCrossEntropy',
    'PrivacyUniformKL',
    'ReconstructionMSE',
    'ResNetAnonymizer',
    'SkeletonRecognizer',
    'UNetAnonymizer',
]
