# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Optimizer wrappers: one per party, with mixed precision on CPU and GPU."""

from .cpu_amp_wrapper import CPUAmpOptimWrapper, cpu_has_bfloat16, enable_amp
from .party_constructor import PartyOptimWrapperConstructor

__all__ = ['CPUAmpOptimWrapper', 'PartyOptimWrapperConstructor', 'cpu_has_bfloat16', 'enable_amp']
