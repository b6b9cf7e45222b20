# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Data sets brought to the annotation schema, in pure NumPy and SciPy."""

from .summary import print_summary, split_summary
from .synthetic import (
    CUES,
    SyntheticConfig,
    Traits,
    generate_synthetic,
    iter_synthetic,
    subject_traits,
    synthetic_sample,
)
from .utd_mhad import UTD_MHAD_ACTIONS, UTD_MHAD_LAYOUT, missing_trials, read_utd_mhad

__all__ = [
    'CUES',
    'SyntheticConfig',
    'Traits',
    'UTD_MHAD_ACTIONS',
    'UTD_MHAD_LAYOUT',
    'generate_synthetic',
    'iter_synthetic',
    'missing_trials',
    'print_summary',
    'read_utd_mhad',
    'split_summary',
    'subject_traits',
    'synthetic_sample',
]
