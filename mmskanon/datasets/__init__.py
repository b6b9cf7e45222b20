# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Skeleton data with private attributes: the dataset, its annotation schema, splits and checks, its samplers and transforms."""

from .private_pose_dataset import PrivatePoseDataset
from .samplers import ClassBatchSampler
from .transforms import LoadTarget, NormalizeSkeleton, PackSkeletonInputs

__all__ = [
    'ClassBatchSampler',
    'LoadTarget',
    'NormalizeSkeleton',
    'PackSkeletonInputs',
    'PrivatePoseDataset',
]
