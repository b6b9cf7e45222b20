# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The attacker who watches how people move."""

import numpy as np

from mmskanon.audit.clips import View
from mmskanon.audit.features import kinematic_features
from mmskanon.registry import ATTACKERS

from .statistics import StatisticsAttacker


@ATTACKERS.register_module()
class Kinematics(StatisticsAttacker):
    """Names people by hand-made statistics of gait and movement."""

    family = 'gait and kinematic statistics'

    def features(self, view: View) -> np.ndarray:
        """Statistics of the movement, shape (n, D)."""
        return view.features('kinematics', kinematic_features)
