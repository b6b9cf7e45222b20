# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The attackers of the audit, one file each."""

from .anthropometrics import Anthropometrics
from .base import Attacker, FitReport, Scores
from .class_aware import ClassAware
from .class_centred import ClassCentred
from .content import ContentBaseline
from .duration import Duration
from .gcn import GCN
from .gru import VelocityGRU
from .kinematics import Kinematics
from .placement import Placement
from .temporal_cnn import TemporalCNN
from .training import Training

__all__ = [
    'GCN',
    'Anthropometrics',
    'Attacker',
    'ClassAware',
    'ClassCentred',
    'ContentBaseline',
    'Duration',
    'FitReport',
    'Kinematics',
    'Placement',
    'Scores',
    'TemporalCNN',
    'Training',
    'VelocityGRU',
]
