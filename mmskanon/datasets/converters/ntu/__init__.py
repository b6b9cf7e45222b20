# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""NTU RGB+D 60 and 120: from the owners' ``.skeleton`` files to annotations."""

from .bodies import BodyRules, Selection, skeleton_to_keypoint
from .collection import convert_ntu
from .names import standard_splits
from .parts import ConversionOptions
from .report import print_report
from .sample import read_ntu_skeleton, read_skeleton
from .skeleton_file import BodyRecords, parse_skeleton

__all__ = [
    'BodyRecords',
    'BodyRules',
    'ConversionOptions',
    'Selection',
    'convert_ntu',
    'parse_skeleton',
    'print_report',
    'read_ntu_skeleton',
    'read_skeleton',
    'skeleton_to_keypoint',
    'standard_splits',
]
