# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The last transform of a pipeline: tensors and labels for the model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real

import numpy as np
import torch
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmskanon.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackSkeletonInputs(BaseTransform):
    """Pack a skeleton clip, its action label and its private labels.

    Differs from MMAction2's ``PackActionInputs`` in that it packs private labels, always gives float32, and refuses to skip a
    meta key that is missing.

    Required keys: ``keypoint`` of shape (clips, M, T, V, C), as ``FormatGCNInput`` leaves it, and the ``meta_keys``. Optional keys:
    ``label`` (int) and ``private`` (dict of attribute name to class index, or to a number as float). Output: ``inputs``, a float32 tensor of the same
    shape, and ``data_samples``, an :class:`ActionDataSample` with ``gt_label``, ``gt_private`` (a dict of attribute name to int, or
    float where it is a number, empty without ``private``) and the meta keys as metainfo. With ``num_target``, as :class:`LoadTarget` adds
    it, the last persons are no input but the float32 tensor ``target`` of the data sample.

    Args:
        meta_keys (Sequence[str]): Keys to keep as metainfo of the data sample. Defaults to ``('frame_dir',)``.

    Example:
        >>> import numpy as np
        >>> from mmskanon.datasets.transforms import PackSkeletonInputs
        >>> clip = np.zeros((1, 2, 64, 25, 3), np.float32)
        >>> packed = PackSkeletonInputs()(
        ...     dict(keypoint=clip, label=3, private=dict(subject=0), frame_dir='a')
        ... )
        >>> packed['inputs'].shape, packed['data_samples'].gt_private
        (torch.Size([1, 2, 64, 25, 3]), {'subject': 0})
    """

    def __init__(self, meta_keys: Sequence[str] = ('frame_dir',)) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack one sample.

        Args:
            results (dict): What the transforms before have made of the sample.

        Returns:
            dict: ``inputs`` and ``data_samples``.

        Raises:
            KeyError: If ``keypoint`` or a meta key is missing.
            TypeError: If a private label is neither an integer nor a finite float.
            ValueError: If the skeletons do not have five axes.
        """
        sample = results.get('frame_dir', 'without frame_dir')
        for key in ('keypoint', *self.meta_keys):
            if key not in results:
                raise KeyError(
                    f'PackSkeletonInputs needs the key {key!r}, and sample {sample} has only {sorted(results)}'
                )
        keypoint = np.ascontiguousarray(results['keypoint'], dtype=np.float32)
        if keypoint.ndim != 5:
            raise ValueError(
                f'PackSkeletonInputs expects skeletons of shape (clips, M, T, V, C), found shape {keypoint.shape} in '
                f'sample {sample}: put FormatGCNInput before it'
            )
        data_sample = ActionDataSample(metainfo={key: results[key] for key in self.meta_keys})
        if 'label' in results:
            data_sample.set_gt_label(results['label'])
        data_sample.gt_private = _private_labels(results.get('private', {}), sample)
        inputs = torch.from_numpy(keypoint)
        if 'num_target' in results:
            inputs, data_sample.target = inputs.split(
                [inputs.shape[1] - results['num_target'], results['num_target']], dim=1
            )
        return dict(inputs=inputs, data_samples=data_sample)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'


def _private_labels(private: Mapping, sample: str) -> dict[str, int | float]:
    labels = {}
    for attribute, value in private.items():
        if isinstance(value, Integral) and not isinstance(value, bool):
            labels[attribute] = int(value)
        elif isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
            labels[attribute] = float(value)
        else:
            raise TypeError(
                f'the private label {attribute!r} of sample {sample} must be a class index (int) or a number (finite float), '
                f'found {value!r}: load the samples with PrivatePoseDataset, which makes indices of values'
            )
    return labels
