# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Features of one clip that attackers without a network read: pure functions from (M, T, V, C) to a vector."""

from .body import anthropometric_features
from .motion import kinematic_features
from .parts import present_frames, unit_bones
from .style import centred_position, motion_residual, speed_profile

__all__ = [
    'anthropometric_features',
    'centred_position',
    'kinematic_features',
    'motion_residual',
    'present_frames',
    'speed_profile',
    'unit_bones',
]
