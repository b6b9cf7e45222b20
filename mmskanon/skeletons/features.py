# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Joint, bone and motion features as differentiable tensor operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from .layouts import SkeletonLayout, check_joint_count, get_layout

FEATURES = ('j', 'b', 'jm', 'bm')


def skeleton_features(
    x: Tensor,
    features: Sequence[str] = ('j',),
    layout: str | Mapping | SkeletonLayout = 'nturgb+d',
) -> Tensor:
    """Compute the input streams of multi-stream recognizers from joints; differentiable.

    ``'j'`` are the joints, ``'b'`` the bones (joint minus the joint it is measured from, by the layout's ``bone_pairs``), ``'jm'`` and
    ``'bm'`` their motion (next frame minus this frame, zero in the last frame). In a 2-D layout with scores, the score of a bone
    or motion is the mean of the two scores. Results are those of MMAction2's ``GenSkeFeat``, to the bit.

    Args:
        x (Tensor): Joints of shape (..., T, V, C), any unit.
        features (Sequence[str]): Features among ``'j'``, ``'b'``, ``'jm'``, ``'bm'``, in the order wanted. Defaults to ``('j',)``.
        layout (str | dict | SkeletonLayout): Skeleton layout. Defaults to ``'nturgb+d'``.

    Returns:
        Tensor: Features of shape (..., T, V, C * len(features)), same unit.

    Raises:
        ValueError: If a feature is unknown, none is named, or the joints are not those of the layout.

    Example:
        >>> import torch
        >>> from mmskanon.skeletons.features import skeleton_features
        >>> skeleton_features(torch.randn(4, 2, 64, 25, 3), ('j', 'bm')).shape
        torch.Size([4, 2, 64, 25, 6])
    """
    layout = get_layout(layout)
    origins = torch.tensor(_bone_origins(layout), device=x.device)
    return _compute(x, check_features(features), layout, origins)


class SkeletonFeatures(nn.Module):
    """:func:`skeleton_features` as a module, which keeps the indices of the bones on the device. It has no state to save.

    Args:
        features (Sequence[str]): Features among ``'j'``, ``'b'``, ``'jm'``, ``'bm'``, in the order wanted. Defaults to ``('j',)``.
        layout (str | dict | SkeletonLayout): Skeleton layout. Defaults to ``'nturgb+d'``.

    Raises:
        ValueError: If a feature is unknown or none is named.

    Example:
        >>> import torch
        >>> from mmskanon.skeletons.features import SkeletonFeatures
        >>> SkeletonFeatures(('b', 'jm'), 'coco')(torch.randn(4, 2, 64, 17, 3)).shape
        torch.Size([4, 2, 64, 17, 6])
    """

    def __init__(
        self,
        features: Sequence[str] = ('j',),
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
    ) -> None:
        super().__init__()
        self.features = check_features(features)
        self.layout = get_layout(layout)
        origins = torch.tensor(_bone_origins(self.layout))
        self.register_buffer('origins', origins, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Compute features of shape (..., T, V, C * len(features)) from joints of shape (..., T, V, C)."""
        return _compute(x, self.features, self.layout, self.origins)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f'features={self.features}, layout={self.layout.name!r}'


def check_features(features: Sequence[str]) -> tuple[str, ...]:
    """Check names of features.

    Args:
        features (Sequence[str]): Names.

    Returns:
        tuple[str, ...]: The names.

    Raises:
        ValueError: If a name is unknown or none is given.
    """
    features = (features,) if isinstance(features, str) else tuple(features)
    unknown = [name for name in features if name not in FEATURES]
    if unknown or not features:
        raise ValueError(f'features must be one or more of {FEATURES}, found {unknown or "none"}')
    return features


def _bone_origins(layout: SkeletonLayout) -> list[int]:
    """Return the joint that each joint is measured from."""
    origins = dict(layout.bone_pairs)
    return [origins[joint] for joint in range(layout.num_joints)]


def _compute(
    x: Tensor, features: tuple[str, ...], layout: SkeletonLayout, origins: Tensor
) -> Tensor:
    check_joint_count(layout, x.shape[-2], 'the input of the skeleton features')
    # Channels from here on are scores, to be averaged instead of subtracted.
    dims = min(layout.dims, x.shape[-1])
    streams = {'j': x}
    if 'b' in features or 'bm' in features:
        streams['b'] = _difference(x, x.index_select(-2, origins), dims)
    for source in ('j', 'b'):
        if source + 'm' in features:
            stream = streams[source]
            motion = _difference(stream[..., 1:, :, :], stream[..., :-1, :, :], dims)
            streams[source + 'm'] = torch.cat([motion, torch.zeros_like(stream[..., :1, :, :])], -3)
    return torch.cat([streams[name] for name in features], dim=-1)


def _difference(minuend: Tensor, subtrahend: Tensor, dims: int) -> Tensor:
    difference = minuend - subtrahend
    if difference.shape[-1] == dims:
        return difference
    score = (minuend[..., dims:] + subtrahend[..., dims:]) / 2
    return torch.cat([difference[..., :dims], score], dim=-1)
