# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Using trained anonymizers from Python."""

from .anonymize import (
    anonymize_annotations,
    anonymize_keypoints,
    build_anonymizer,
    normalization_of,
)
from .anonymize_file import anonymize_file
from .release_file import Release, ReleaseOptions, release_file

__all__ = [
    'Release',
    'ReleaseOptions',
    'anonymize_annotations',
    'anonymize_file',
    'anonymize_keypoints',
    'build_anonymizer',
    'normalization_of',
    'release_file',
]
