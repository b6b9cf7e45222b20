# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Training loops with alternating parties."""

from .alternating_loop import AlternatingIterTrainLoop, AlternatingTrainLoop
from .schedule import PhaseSchedule

__all__ = ['AlternatingIterTrainLoop', 'AlternatingTrainLoop', 'PhaseSchedule']
