# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Publishing data so that nobody is named by what stands beside the motion: pseudonyms, keys, the final search, provenance."""

from .fields import HARMLESS, FieldPolicy, print_fates, rows_of
from .pseudonyms import Pseudonyms, read_key
from .scan import (
    UNCHANGED,
    Finding,
    digest_of_joints,
    first_of_each,
    provenance_path,
    scan_annotations,
    scan_bytes,
    scan_data,
    scan_instructions,
    scan_provenance,
    scan_provenance_file,
    scan_provenance_text,
    told,
)
from .sought import Sought, names_of, seek

__all__ = [
    'FieldPolicy',
    'Finding',
    'HARMLESS',
    'Pseudonyms',
    'Sought',
    'UNCHANGED',
    'digest_of_joints',
    'first_of_each',
    'names_of',
    'print_fates',
    'provenance_path',
    'read_key',
    'rows_of',
    'scan_annotations',
    'scan_bytes',
    'scan_data',
    'scan_instructions',
    'scan_provenance',
    'scan_provenance_file',
    'scan_provenance_text',
    'seek',
    'told',
]
