# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Networks and losses: anonymizers, recognizers, adversaries, and the model that joins them."""

import mmaction.engine.model  # noqa: F401  registers the initializer that AAGCN names
import mmaction.models  # noqa: F401  registers the stock backbones and heads that configs name

from .adversaries import (
    AdversaryBank,
    ClassConditionalPrivacyHead,
    PrivacyHead,
    PrivacyRegressionHead,
)
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
    NoisyCodeAnonymizer,
    ResNetAnonymizer,
    SmoothingAnonymizer,
    TimingCodeAnonymizer,
    UNetAnonymizer,
)
from .backbones import MSG3D, ShiftGCN, TemporalCNNBackbone
from .data_preprocessors import AnonymizingDataPreprocessor
from .losses import (
    ActionCrossEntropy,
    BetweenSubjectVariance,
    PrivacyEntropy,
    PrivacyNegatedCrossEntropy,
    PrivacySquaredEstimate,
    PrivacyUniformKL,
    ReconstructionMSE,
    SoftNearestNeighbour,
    TargetImitation,
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
    'BetweenSubjectVariance',
    'CanonicalBodyAnonymizer',
    'CanonicalBonesAnonymizer',
    'CanonicalRestPoseAnonymizer',
    'ClassConditionalPrivacyHead',
    'ClassSubstitutionAnonymizer',
    'FrozenRecognizer',
    'FusedRecognizer',
    'GaussianNoiseAnonymizer',
    'IdentityAnonymizer',
    'KSameAnonymizer',
    'LSTMAutoencoderAnonymizer',
    'NoisyCodeAnonymizer',
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
    'SoftNearestNeighbour',
    'TargetImitation',
    'TemporalCNNBackbone',
    'TimingCodeAnonymizer',
    'UNetAnonymizer',
    'build_classifier',
]
