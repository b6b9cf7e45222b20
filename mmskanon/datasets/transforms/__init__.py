# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pipeline transforms: normalization that can be undone, targets to imitate, and packing with private labels."""

from .formatting import PackSkeletonInputs
from .normalize import NormalizeSkeleton
from .target import LoadTarget

__all__ = ['LoadTarget', 'NormalizeSkeleton', 'PackSkeletonInputs']
