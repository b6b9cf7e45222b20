# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The report of an audit: document, page, tables, pictures, and the comparison of several audits."""

from mmskanon.audit.tiers import TIERS

from .animation import Example
from .compare import comparison_rows
from .schema import FORMAT, check_results, load_results
from .write import write_report

__all__ = [
    'FORMAT',
    'TIERS',
    'Example',
    'check_results',
    'comparison_rows',
    'load_results',
    'write_report',
]
