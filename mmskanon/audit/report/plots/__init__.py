# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pictures of an audit, as figures of matplotlib: :func:`png` makes a file of one, :func:`svg` a part of a page."""

from .displacement import displacement
from .people import class_bars, confusion, confusion_matrices
from .privacy_utility import privacy_utility, tiers_by_method
from .style import PALETTE, png, svg
from .tradeoff import pareto_picture, tradeoff_curve
from .verification import roc, roc_curves, score_histograms

__all__ = [
    'PALETTE',
    'class_bars',
    'confusion',
    'confusion_matrices',
    'displacement',
    'pareto_picture',
    'png',
    'privacy_utility',
    'roc',
    'roc_curves',
    'score_histograms',
    'svg',
    'tiers_by_method',
    'tradeoff_curve',
]
