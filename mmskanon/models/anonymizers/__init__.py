# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymizers: modules that map skeletons of shape (N, M, T, V, C) to skeletons of the same shape."""

from .autoencoder import AutoencoderAnonymizer
from .base import BaseAnonymizer
from .canonical_body import CanonicalBodyAnonymizer
from .canonical_bones import CanonicalBonesAnonymizer
from .canonical_rest_pose import CanonicalRestPoseAnonymizer
from .centred_timing import CentredTimingAnonymizer
from .class_substitution import ClassSubstitutionAnonymizer
from .gaussian_noise import GaussianNoiseAnonymizer
from .identity import IdentityAnonymizer
from .k_same import KSameAnonymizer
from .lstm_autoencoder import LSTMAutoencoderAnonymizer
from .noisy_code import NoisyCodeAnonymizer
from .resnet import ResNetAnonymizer
from .smoothing import SmoothingAnonymizer
from .timing_code import TimingCodeAnonymizer
from .unet import UNetAnonymizer

__all__ = [
    'AutoencoderAnonymizer',
    'BaseAnonymizer',
    'CanonicalBodyAnonymizer',
    'CanonicalBonesAnonymizer',
    'CanonicalRestPoseAnonymizer',
    'CentredTimingAnonymizer',
    'ClassSubstitutionAnonymizer',
    'GaussianNoiseAnonymizer',
    'IdentityAnonymizer',
    'KSameAnonymizer',
    'LSTMAutoencoderAnonymizer',
    'NoisyCodeAnonymizer',
    'ResNetAnonymizer',
    'SmoothingAnonymizer',
    'TimingCodeAnonymizer',
    'UNetAnonymizer',
]
