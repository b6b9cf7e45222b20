# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Skeleton data set with private attributes, on MMAction2's PoseDataset."""

from __future__ import annotations

import logging
import os.path as osp
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmaction.datasets import PoseDataset
from mmengine.dataset import force_full_init
from mmengine.logging import print_log

from mmskanon.io.pickles import load_annotations
from mmskanon.registry import DATASETS
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout

from .check import (
    Problem,
    check_attributes,
    check_numbers,
    check_samples,
    check_structure,
    check_train_test,
    raise_errors,
)
from .labels import label_samples
from .randomness import seeded
from .schema import complete_annotations
from .splits import select_split, train_counterpart

_warned: set[str] = set()


def _flatten(transforms: Sequence) -> Iterator[Any]:
    for transform in transforms:
        yield transform
        nested = getattr(transform, 'transforms', ())
        if isinstance(nested, (list, tuple)):
            yield from _flatten(nested)


def _names(attributes: str | Sequence[str]) -> tuple[str, ...]:
    return (attributes,) if isinstance(attributes, str) else tuple(attributes)


def _warn(problems: Sequence[Problem]) -> None:
    """Log each warning, once in this process."""
    for problem in problems:
        sentence = str(problem)
        if problem.level == 'warning' and sentence not in _warned:
            _warned.add(sentence)
            print_log(sentence, logger='current', level=logging.WARNING)


@DATASETS.register_module()
class PrivatePoseDataset(PoseDataset):
    """Skeletons with action labels and private attributes.

    Reads the annotations that ``docs/annotations.md`` describes with an example, which include MMAction2's own NTU RGB+D
    files, through a restricted unpickler. All that the chosen samples need to be trained or tested on is checked while loading.

    The results of a sample have, besides what :class:`mmaction.datasets.PoseDataset` gives, ``private``: for each attribute
    its class index, an int, and for each regression attribute its number, a float. ``metainfo`` has ``layout`` (name), ``label_maps`` (for each attribute the list of its values,
    in which the position of a value is its class index) and ``num_classes`` (of the action). Both are made from the whole
    file, so that they are the same for training and test data.

    Randomness in the pipeline is left to the caller until :meth:`set_random_state` is called; from then on, what a sample
    looks like follows from seed, epoch and index alone, whichever process prepares it.

    Args:
        ann_file (str): Annotation file (.pkl).
        pipeline (list[dict | callable]): Transforms. The largest ``clip_len`` and the smallest ``num_person`` among their
            attributes are held against the samples.
        split (str | dict, optional): Name of a split, or a rule for :func:`~mmskanon.datasets.splits.select_split`.
            Defaults to None, all samples.
        layout (str | dict | SkeletonLayout): Skeleton layout of the data. Defaults to 'nturgb+d'.
        attributes (Sequence[str]): Private attributes, which each sample must have. Defaults to ('subject',).
        attribute_files (str | Sequence[str]): CSV files ``subject,<attribute>`` that supply further attributes. Defaults
            to ().
        regression_attributes (Sequence[str]): Private attributes, such as ``'age'``, that each sample must have as a number and
            that are passed on as such. ``metainfo['numbers']`` has mean, std, min and max of each over the samples of the split,
            in its own unit. Defaults to ().
        train_split (str | dict, optional): The split that the model is trained on, against which ``split`` is checked for
            values never seen in training and for shared takes. Defaults to None: with ``test_mode``, the split named
            ``train`` where this one is named ``val`` or ``test`` (``xsub_train`` for ``xsub_val``); otherwise none.
        repeat (int): How often an epoch passes over each sample, each time with other augmentation. Defaults to 1.
        allow_short (bool): Whether samples may be shorter than a clip, to be repeated until they fill it. Defaults to
            False.
        allow_dropped_persons (bool): Whether samples may show more persons than the pipeline keeps. Defaults to False.
        **kwargs: For :class:`mmaction.datasets.PoseDataset`: ``data_root``, ``data_prefix``, ``test_mode``,
            ``valid_ratio`` and others. With ``data_prefix=dict(skeleton=DIR)``, keypoints come from ``DIR/<frame_dir>.pkl``
            and are checked when they are read, the first while loading.

    Raises:
        FileNotFoundError: If a file is not there.
        KeyError: If there is no split or layout of that name.
        ValueError: If the annotations have an error; the message names file, sample, key, what was expected and found.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: list[dict | Callable],
        split: str | Mapping | None = None,
        layout: str | Mapping | SkeletonLayout = 'nturgb+d',
        attributes: Sequence[str] = ('subject',),
        attribute_files: str | Sequence[str] = (),
        regression_attributes: Sequence[str] = (),
        train_split: str | Mapping | None = None,
        repeat: int = 1,
        allow_short: bool = False,
        allow_dropped_persons: bool = False,
        **kwargs,
    ) -> None:
        if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 1:
            raise ValueError(f'repeat must be an integer of at least 1, found {repeat!r}')
        self.layout = get_layout(layout)
        self.attributes = _names(attributes)
        self.attribute_files = attribute_files
        self.regression_attributes = _names(regression_attributes)
        both = sorted(set(self.attributes) & set(self.regression_attributes))
        if both:
            raise ValueError(
                f'{both[0]!r} stands in attributes and in regression_attributes: an attribute is either classes or a number, '
                'so take it out of one of them'
            )
        self.train_split = train_split
        self.repeat = repeat
        self.allow_short = allow_short
        self.allow_dropped_persons = allow_dropped_persons
        # [is set, seed, epoch]: in shared memory, so that worker processes see what is set after they were started.
        self._random_state = torch.zeros(3, dtype=torch.int64).share_memory_()
        super().__init__(ann_file, pipeline, split=split, **kwargs)

    def set_random_state(self, seed: int | None, epoch: int = 0) -> None:
        """Make every training sample a function of seed, epoch and index, for worker processes already running, too.

        Without effect with ``test_mode``. Two passes over one sample (``repeat``) have different indices.

        Args:
            seed (int, optional): Seed, not negative. None returns randomness to the caller.
            epoch (int): Epoch, not negative. Defaults to 0.

        Raises:
            ValueError: If seed or epoch is negative.
        """
        if (seed is not None and seed < 0) or epoch < 0:
            raise ValueError(f'seed and epoch must not be negative, found {seed} and {epoch}')
        state = [0, 0, 0] if seed is None else [1, int(seed), int(epoch)]
        self._random_state.copy_(torch.tensor(state, dtype=torch.int64))

    @force_full_init
    def __len__(self) -> int:
        """int: Samples of an epoch, repetitions included."""
        return self.repeat * super().__len__()

    def __getitem__(self, idx: int) -> Any:
        """Prepare one sample.

        Args:
            idx (int): Index from 0 to ``len(self) - 1``.

        Returns:
            Any: What the pipeline makes of it.
        """
        is_set, seed, epoch = self._random_state.tolist()
        if not is_set or self.test_mode:
            return super().__getitem__(idx)
        with seeded(seed, epoch, idx % len(self)):
            return super().__getitem__(idx)

    def load_data_list(self) -> list[dict]:
        """Load, complete, check and label the samples of the split.

        Returns:
            list[dict]: The samples.
        """
        file = self.ann_file
        if not osp.isfile(file):
            raise FileNotFoundError(
                f'annotation file {file!r} is not there: set ann_file, or make it with a script in tools/data '
                f'(utd_mhad.py, synthetic.py)'
            )
        data = load_annotations(file)
        if isinstance(data, Mapping) and self.test_mode and self.train_split is None:
            if isinstance(self.split, str) and isinstance(data.get('split'), Mapping):
                self.train_split = train_counterpart(list(data['split']), self.split)
        used = {f'split/{s}' for s in (self.split, self.train_split) if isinstance(s, str)}
        problems = check_structure(data, file)
        raise_errors(p for p in problems if '/' not in (p.key or '') or p.key in used)

        annotations = data['annotations'] if isinstance(data, Mapping) else data
        samples, train = self._select(data, annotations)
        problems = self._check(samples, train)
        raise_errors(problems)
        _warn(problems)
        made = label_samples(
            samples, annotations, self.attributes, self.regression_attributes, file
        )
        self._metainfo.update(made, layout=self.layout.name)
        if 'skeleton' in self.data_prefix:
            self._load_skeleton(dict(samples[0]))
        return samples

    def _select(self, data: Any, annotations: list[dict]) -> tuple[list[dict], list[dict] | None]:
        """The samples of the split, and those of the training split to hold them against."""
        try:
            complete_annotations(annotations, self.attribute_files)
            samples = [annotations[i] for i in select_split(data, self.split)]
            if self.train_split is None:
                return samples, None
            return samples, [annotations[i] for i in select_split(data, self.train_split)]
        except (KeyError, TypeError, ValueError) as error:
            raise type(error)(f'{self.ann_file}: {error.args[0]}') from None

    def _check(self, samples: list[dict], train: list[dict] | None) -> list[Problem]:
        transforms = list(_flatten(self.pipeline.transforms))
        clips = [getattr(t, 'clip_len', None) for t in transforms]
        persons = [getattr(t, 'num_person', None) for t in transforms]
        self._limits = dict(
            clip_len=max((c for c in clips if type(c) is int), default=None),
            num_person=min((p for p in persons if type(p) is int), default=None),
        )
        if self.allow_short:
            self._limits['clip_len'] = None
        if self.allow_dropped_persons:
            self._limits['num_person'] = None
        file, part = self.ann_file, f'split {self.split!r}' if self.split else 'the file'
        problems = check_samples(
            samples,
            file,
            self.layout,
            need_keypoint='skeleton' not in self.data_prefix,
            **self._limits,
        )
        of_attributes = check_attributes(samples, self.attributes, file, part)
        of_attributes += check_numbers(samples, self.regression_attributes, file, part)
        if self.test_mode:
            # One value is enough to be tested on, as long as training saw it among others.
            of_attributes = [p for p in of_attributes if p.kind != 'attribute-one-class']
        problems += of_attributes
        if train is not None:
            names = (f'split {self.train_split!r}', part)
            problems += check_train_test(train, samples, self.attributes, file, names)
        return problems

    def filter_data(self) -> list[dict]:
        """Leave out samples with too few valid frames where ``valid_ratio`` is set, and log what is there.

        Returns:
            list[dict]: The samples.
        """
        samples = super().filter_data() if self.valid_ratio else self.data_list
        classes = {a: len(values) for a, values in self._metainfo['label_maps'].items()}
        part = f'split {self.split!r} of ' if self.split else ''
        print_log(
            f'{len(samples)} samples in {part}{self.ann_file}, '
            f'classes: {dict(action=self._metainfo["num_classes"], **classes)}',
            logger='current',
        )
        for attribute, number in self._metainfo.get('numbers', {}).items():
            print_log(
                f'{attribute} in {part}{self.ann_file}: '
                + ', '.join(f'{key} {value:.4g}' for key, value in number.items()),
                logger='current',
            )
        return samples

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of one sample.

        Args:
            idx (int): Index from ``-len(self)`` to ``len(self) - 1``; beyond the number of samples they repeat.

        Returns:
            dict: The annotation, with ``private`` and ``sample_idx``, the number of the sample without repetitions.

        Raises:
            IndexError: If there is no such index.
            ValueError: If its skeleton file is faulty.
        """
        length = len(self)
        if not -length <= idx < length:
            raise IndexError(f'sample {idx} was asked for, but the data set has {length}')
        # MMAction2's own step between would read the skeleton files without the restricted unpickler.
        data_info = super(PoseDataset, self).get_data_info(idx % (length // self.repeat))
        if 'skeleton' in self.data_prefix:
            self._load_skeleton(data_info)
        return data_info

    def _load_skeleton(self, data_info: dict) -> None:
        name = data_info['filename'] if 'filename' in data_info else data_info['frame_dir']
        path = osp.join(self.data_prefix['skeleton'], f'{name}.pkl')
        skeleton = load_annotations(path)
        if not isinstance(skeleton, dict):
            raise ValueError(
                f'skeleton file {path!r}: expected a dict with keypoint and total_frames, '
                f'found {type(skeleton).__name__}; convert the sample again'
            )
        data_info.update(skeleton)
        raise_errors(check_samples([data_info], path, self.layout, **self._limits))

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        """Serialize the samples one by one, releasing each, so that memory never holds them twice."""
        data, ends = bytearray(), []
        self.data_list.reverse()
        while self.data_list:
            data += pickle.dumps(self.data_list.pop(), protocol=4)
            ends.append(len(data))
        return np.frombuffer(data, dtype=np.uint8), np.asarray(ends, dtype=np.int64)

    def _copy_without_annotation(self, memo: dict | None = None) -> PrivatePoseDataset:
        other = super()._copy_without_annotation({} if memo is None else memo)
        other._random_state = self._random_state.clone().share_memory_()
        return other
