# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Using trained anonymizers from Python."""

from .anonymize import (
    anonymize_annotations,
    anonymize_keypoints,
    build_anonymizer,
    normalization_of,
)
from .skeletons import anonymize_skeletons, init_anonymizer
from .streaming import StreamingAnonymizer

__all__ = [
    'StreamingAnonymizer',
    'anonymize_annotations',
    'anonymize_keypoints',
    'anonymize_skeletons',
    'build_anonymizer',
    'init_anonymizer',
    'normalization_of',
]
