# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recognizers read the action; they are trained first and then frozen."""

from .frozen import FrozenRecognizer, classify, with_head
from .skeleton_recognizer import SkeletonRecognizer

__all__ = ['FrozenRecognizer', 'SkeletonRecognizer', 'classify', 'with_head']
