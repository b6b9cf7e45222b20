# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Adversaries read private attributes and train against the anonymizer."""

from .adversary_bank import AdversaryBank
from .privacy_head import PrivacyHead, private_labels

__all__ = ['AdversaryBank', 'PrivacyHead', 'private_labels']
