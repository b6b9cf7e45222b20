# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pipeline transforms: normalization that can be undone, and packing with private labels."""

from .formatting import PackSkeletonInputs
from .normalize import NormalizeSkeleton

__all__ = ['NormalizeSkeleton', 'PackSkeletonInputs']
