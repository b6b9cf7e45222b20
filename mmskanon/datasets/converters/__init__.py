# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Data sets brought to the annotation schema, in pure NumPy and SciPy."""

from .etri import ETRIOptions, convert_etri
from .ntu import convert_ntu, read_ntu_skeleton
from .summary import print_summary, split_summary
from .synthetic import generate_synthetic, iter_synthetic, synthetic_sample
from .synthetic_config import CUES, SyntheticConfig
from .synthetic_people import Traits, subject_traits
from .utd_mhad import UTD_MHAD_LAYOUT, missing_trials, read_utd_mhad
from .utd_mhad_files import UTD_MHAD_ACTIONS

__all__ = [
    'CUES',
    'ETRIOptions',
    'SyntheticConfig',
    'Traits',
    'UTD_MHAD_ACTIONS',
    'UTD_MHAD_LAYOUT',
    'convert_ntu',
    'convert_etri',
    'generate_synthetic',
    'iter_synthetic',
    'missing_trials',
    'print_summary',
    'read_ntu_skeleton',
    'read_utd_mhad',
    'split_summary',
    'subject_traits',
    'synthetic_sample',
]
