# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The attacker who sees where people stand and which way they turn, not what they do."""

from __future__ import annotations

import numpy as np

from mmskanon.audit.clips import View
from mmskanon.registry import ATTACKERS

from .statistics import StatisticsAttacker


@ATTACKERS.register_module()
class Placement(StatisticsAttacker):
    """Names people by the place before the camera and the turn of the body in the first frame, and their squares.

    Recordings of one person often share a session, and with it the place; that is a leak of the file, not of the body.
    """

    family = 'placement before the camera'
    counts = False

    def features(self, view: View) -> np.ndarray:
        """Origin and turn with their squares and products, shape (n, D)."""
        place = view.placement()
        first, second = np.triu_indices(place.shape[1])
        return np.concatenate([place, place[:, first] * place[:, second]], axis=1)
