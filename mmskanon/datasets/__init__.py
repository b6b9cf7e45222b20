# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Skeleton data with private attributes: the dataset, its annotation schema, splits and checks, and its transforms."""

from .private_pose_dataset import PrivatePoseDataset
from .transforms import NormalizeSkeleton, PackSkeletonInputs

__all__ = ['NormalizeSkeleton', 'PackSkeletonInputs', 'PrivatePoseDataset']
