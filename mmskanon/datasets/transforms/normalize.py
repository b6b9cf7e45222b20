# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Normalization as a pipeline step."""

from __future__ import annotations

from collections.abc import Mapping

from mmcv.transforms import BaseTransform

from mmskanon.registry import TRANSFORMS
from mmskanon.skeletons.geometry import check_normalization, normalize_skeleton
from mmskanon.skeletons.layouts import SkeletonLayout, check_joint_count, get_layout


@TRANSFORMS.register_module()
class NormalizeSkeleton(BaseTransform):
    """Move the body to the origin, turn it upright and to the front, and keep what undoes it.

    See :func:`~mmskanon.skeletons.geometry.normalize_skeleton`, also for how it differs from MMAction2's ``PreNormalize3D``. It
    belongs before frames are sampled.

    Required key: ``keypoint`` of shape (M, T, V, C), metres in camera space. Modified key: ``keypoint``, float32, metres in
    body space. Added key: ``normalization``, the record that
    :func:`~mmskanon.skeletons.geometry.denormalize_skeleton` takes.

    Args:
        layout (str | dict | SkeletonLayout): Skeleton layout of the data. Defaults to ``'nturgb+d'``.
        center (str, optional): ``'first_frame'``, ``'every_frame'`` or None for no centring. Defaults to ``'first_frame'``.
        center_joint (int | str, optional): Index or name of the joint moved to the origin. Defaults to None, the layout's.
        rotate (bool): Whether to align spine and shoulders with the axes. Defaults to True.

    Example:
        >>> import numpy as np
        >>> from mmskanon.datasets.transforms import NormalizeSkeleton
        >>> keypoint = np.random.randn(1, 80, 25, 3)
        >>> results = NormalizeSkeleton('nturgb+d')(dict(keypoint=keypoint))
        >>> results['keypoint'].shape, results['normalization']['origin'].shape
        ((1, 80, 25, 3), (1, 3))
    """

    def __init__(
        self,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        center: str | None = 'first_frame',
        center_joint: int | str | None = None,
        rotate: bool = True,
    ) -> None:
        self.layout = get_layout(layout)
        self.center = center
        self.center_joint = check_normalization(self.layout, center, center_joint)
        self.rotate = rotate

    def transform(self, results: dict) -> dict:
        """Normalize one sample.

        Args:
            results (dict): The sample, with ``keypoint``.

        Returns:
            dict: The same dict, with ``keypoint`` replaced and ``normalization`` added.

        Raises:
            ValueError: If the skeletons do not fit the layout; names the sample.
        """
        keypoint = results['keypoint']
        if keypoint.ndim == 4:
            where = f'sample {results.get("frame_dir", "without frame_dir")}'
            check_joint_count(self.layout, keypoint.shape[2], where)
        results['keypoint'], results['normalization'] = normalize_skeleton(
            keypoint, self.layout, self.center, self.center_joint, self.rotate
        )
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(layout={self.layout.name!r}, center={self.center!r}, '
            f'center_joint={self.center_joint}, rotate={self.rotate})'
        )
