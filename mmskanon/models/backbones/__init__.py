# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Backbones that MMAction2 lacks, on skeletons of shape (N, M, T, V, C)."""

from .msg3d import MSG3D
from .shift_gcn import ShiftGCN
from .temporal_cnn import TemporalCNNBackbone

__all__ = ['MSG3D', 'ShiftGCN', 'TemporalCNNBackbone']
