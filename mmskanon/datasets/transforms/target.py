# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Target motions beside the skeletons of a sample."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping, Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from mmskanon.io.pickles import load_annotations
from mmskanon.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadTarget(BaseTransform):
    """Append the motion that a sample should be turned into, so that all following transforms treat both alike.

    It comes before all others. Targets are annotation files with samples of the same names, lengths and joints, such as
    ``tools/anonymize.py`` writes; where there are several, one is drawn for each sample each time. The persons of the target follow
    those of the sample, so ``FormatGCNInput`` needs twice ``num_person``; ``PackSkeletonInputs`` parts them again and hands the model the
    target as ``target`` of the data sample.

    Required keys: ``frame_dir`` and ``keypoint`` of shape (M, T, V, C). Modified key: ``keypoint``, shape (2 * num_person, T, V, C).
    Added key: ``num_target``, persons of the target.

    Args:
        ann_files (str | Sequence[str]): The annotation files. They are held in memory.
        num_person (int): Persons M of sample and target each; absent ones are zero.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If there is none; in use, if a sample has no target, or one that does not fit.
    """

    def __init__(self, ann_files: str | Sequence[str], num_person: int) -> None:
        self.ann_files = [ann_files] if isinstance(ann_files, str) else list(ann_files)
        self.num_person = num_person
        if not self.ann_files:
            raise ValueError('LoadTarget: ann_files is empty; name at least one annotation file')
        self._targets = [self._load(file) for file in self.ann_files]

    @staticmethod
    def _load(file: str) -> dict[str, np.ndarray]:
        if not osp.isfile(file):
            raise FileNotFoundError(
                f'target file {file!r} is not there: make it with tools/anonymize.py, or set ann_files of LoadTarget'
            )
        data = load_annotations(file)
        samples = data['annotations'] if isinstance(data, Mapping) else data
        return {sample['frame_dir']: sample['keypoint'] for sample in samples}

    def transform(self, results: dict) -> dict:
        """Append a target.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same dict, with ``keypoint`` replaced and ``num_target`` added.
        """
        number = np.random.randint(len(self._targets)) if len(self._targets) > 1 else 0
        name, own = results['frame_dir'], results['keypoint']
        target = self._targets[number].get(name)
        if target is None or target.shape[1:] != own.shape[1:]:
            found = 'none' if target is None else f'one of shape {target.shape}'
            raise ValueError(
                f'{self.ann_files[number]}: sample {name!r} of shape {own.shape} needs a target of the same frames, joints and coordinates, '
                f'found {found}; make the target file from the annotation file that is trained on'
            )
        results['keypoint'] = np.concatenate([self._pad(own), self._pad(target)])
        results['num_target'] = self.num_person
        return results

    def _pad(self, keypoint: np.ndarray) -> np.ndarray:
        out = np.zeros((self.num_person, *keypoint.shape[1:]), keypoint.dtype)
        out[: len(keypoint)] = keypoint[: self.num_person]
        return out

    def __repr__(self) -> str:
        return f'{type(self).__name__}(ann_files={self.ann_files}, num_person={self.num_person})'
