# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Adversaries read private attributes and train against the anonymizer."""

from .adversary_bank import AdversaryBank
from .base_head import BasePrivacyHead, private_values
from .class_conditional_head import ClassConditionalPrivacyHead
from .privacy_head import PrivacyHead, private_labels
from .regression_head import PrivacyRegressionHead

__all__ = [
    'AdversaryBank',
    'BasePrivacyHead',
    'ClassConditionalPrivacyHead',
    'PrivacyHead',
    'PrivacyRegressionHead',
    'private_labels',
    'private_values',
]
