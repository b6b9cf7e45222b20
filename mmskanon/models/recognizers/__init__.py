# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Recognizers read the action; they are trained first and then frozen."""

from .classifier import build_classifier
from .frozen import FrozenRecognizer, classify, with_head
from .fused import (
    FusedRecognizer,
    build_recognizer,
    fuse_scores,
    missing_checkpoints,
    without_checkpoints,
)
from .labels import action_labels
from .skeleton_recognizer import SkeletonRecognizer

__all__ = [
    'FrozenRecognizer',
    'FusedRecognizer',
    'SkeletonRecognizer',
    'action_labels',
    'build_classifier',
    'build_recognizer',
    'classify',
    'fuse_scores',
    'missing_checkpoints',
    'with_head',
    'without_checkpoints',
]
