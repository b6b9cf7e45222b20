# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The attacker with a measuring tape."""

import numpy as np

from mmskanon.audit.clips import View
from mmskanon.audit.features import anthropometric_features
from mmskanon.registry import ATTACKERS

from .statistics import StatisticsAttacker


@ATTACKERS.register_module()
class Anthropometrics(StatisticsAttacker):
    """Names people by bone lengths, their ratios and their spread over time."""

    family = 'static anthropometrics'

    def features(self, view: View) -> np.ndarray:
        """Measures of the bodies, shape (n, D)."""
        return view.features('anthropometrics', anthropometric_features)
