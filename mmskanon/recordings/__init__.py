# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Raw recordings in the formats in which data sets hand them out: read, and written again with other joints and names."""

from .arrays import NpyFormat, NpzFormat
from .base import NobodyError, Recording, RecordingFormat
from .etri import ETRIFormat
from .formats import FORMATS, detect_format
from .names import release_names
from .ntu import NTUFormat
from .scan import scan_recording
from .utd_mhad import UTDMHADFormat

__all__ = [
    'ETRIFormat',
    'FORMATS',
    'NTUFormat',
    'NobodyError',
    'NpyFormat',
    'NpzFormat',
    'Recording',
    'RecordingFormat',
    'UTDMHADFormat',
    'detect_format',
    'release_names',
    'scan_recording',
]
