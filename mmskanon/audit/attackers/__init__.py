# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The attackers of the audit, one file each."""

from .base import Attacker, FitReport, Scores

__all__ = ['Attacker', 'FitReport', 'Scores']
