# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""ETRI-Activity3D: tables to bodies, people, and a whole collection."""

from .collection import DTYPES, TEST_CAMERAS, TWO_PERSON_ACTIONS, ETRIOptions, convert_etri
from .report import print_etri_report

__all__ = [
    'DTYPES',
    'ETRIOptions',
    'TEST_CAMERAS',
    'TWO_PERSON_ACTIONS',
    'convert_etri',
    'print_etri_report',
]
