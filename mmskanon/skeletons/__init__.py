# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Skeletons as data: which joints there are, how they connect, and what can be computed from that."""

from .layout import SkeletonLayout
from .layouts import LAYOUTS, check_graph_layout, check_joint_count, get_layout, guess_layout

__all__ = [
    'LAYOUTS',
    'SkeletonLayout',
    'check_graph_layout',
    'check_joint_count',
    'get_layout',
    'guess_layout',
]
