# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Networks and losses: anonymizers, recognizers, adversaries, and the model that joins them."""

import mmaction.engine.model  # noqa: F401  registers the initializer that AAGCN names
import mmaction.models  # noqa: F401  registers the stock backbones and heads that configs name

from .adversaries import AdversaryBank, PrivacyHead, PrivacyRegressionHead
from .anonymization import AdversarialAnonymization
from .anonymizers import (
    AutoencoderAnonymizer,
    BaseAnonymizer,
    CanonicalBodyAnonymizer,
    CanonicalBonesAnonymizer,
    CanonicalRestPoseAnonymizer,
    ClassSubstitutionAnonymizer,
    GaussianNoiseAnonymizer,
    IdentityAnonymizer,
    KSameAnonymizer,
    LSTMAutoencoderAnonymizer,
    ResNetAnonymizer,
    SmoothingAnonymizer,
    UNetAnonymizer,
)
from .backbones import MSG3D, ShiftGCN
from .data_preprocessors import AnonymizingDataPreprocessor
from .losses import (
    ActionCrossEntropy,
    PrivacyEntropy,
    PrivacyNegatedCrossEntropy,
    PrivacySquaredEstimate,
    PrivacyUniformKL,
    ReconstructionMSE,
)
from .recognizers import FrozenRecognizer, FusedRecognizer, SkeletonRecognizer, build_classifier

__all__ = [
    'MSG3D',
    'ActionCrossEntropy',
    'AdversarialAnonymization',
    'AdversaryBank',
    'AnonymizingDataPreprocessor',
    'AutoencoderAnonymizer',
    'BaseAnonymizer',
    'CanonicalBodyAnonymizer',
    'CanonicalBonesAnonymizer',
    'CanonicalRestPoseAnonymizer',
    'ClassSubstitutionAnonymizer',
    'FrozenRecognizer',
    'FusedRecognizer',
    'GaussianNoiseAnonymizer',
    'IdentityAnonymizer',
    'KSameAnonymizer',
    'LSTMAutoencoderAnonymizer',
    'PrivacyEntropy',
    'PrivacyHead',
    'PrivacyNegatedCrossEntropy',
    'PrivacyRegressionHead',
    'PrivacySquaredEstimate',
    'PrivacyUniformKL',
    'ReconstructionMSE',
    'ResNetAnonymizer',
    'ShiftGCN',
    'SkeletonRecognizer',
    'SmoothingAnonymizer',
    'UNetAnonymizer',
    'build_classifier',
]
