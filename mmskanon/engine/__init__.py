# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Training: loops, optimizer wrappers, distributed wrapper and hooks."""

from .hooks import (
    CollapseWarningHook,
    ReproducibilityHook,
    RestartAdversaryHook,
    SkeletonVisualizationHook,
)
from .loops import AlternatingIterTrainLoop, AlternatingTrainLoop, PhaseSchedule
from .optimizers import CPUAmpOptimWrapper, PartyOptimWrapperConstructor
from .wrappers import PartyDistributedDataParallel

__all__ = [
    'AlternatingIterTrainLoop',
    'AlternatingTrainLoop',
    'CPUAmpOptimWrapper',
    'CollapseWarningHook',
    'PartyDistributedDataParallel',
    'PartyOptimWrapperConstructor',
    'PhaseSchedule',
    'ReproducibilityHook',
    'RestartAdversaryHook',
    'SkeletonVisualizationHook',
]
