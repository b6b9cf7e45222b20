# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pictures of skeletons."""

from .heat_map import draw_heat_map
from .skeleton_plot import draw_comparison

__all__ = ['draw_comparison', 'draw_heat_map']
