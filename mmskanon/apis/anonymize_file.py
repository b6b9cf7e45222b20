# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymize an annotation file into another one."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from mmskanon.datasets.check import check_annotations, raise_errors
from mmskanon.io.atomic import PICKLE_PROTOCOL, atomic_path
from mmskanon.io.pickles import load_annotations

from .anonymize import anonymize_annotations
from .skeletons import init_anonymizer


def anonymize_file(
    cfg: Config,
    checkpoint: str | None,
    source: str | Path,
    target: str | Path,
    device: str = 'cpu',
    overwrite: bool = False,
    seed: int | None = None,
    frames: int | None = None,
    placement: str = 'keep',
    watch: Callable[[Iterable[Any], int], Iterable[Any]] = lambda samples, total: samples,
) -> int:
    """Write an anonymized copy of an annotation file, wholly or not at all.

    Args:
        cfg (Config): Config that trained the anonymizer.
        checkpoint (str, optional): Its checkpoint; None for anonymizers without weights.
        source (str | Path): Annotation file (.pkl).
        target (str | Path): Annotation file to write.
        device (str): Where to run. Defaults to ``'cpu'``.
        overwrite (bool): Whether an existing target may be replaced. Defaults to False.
        seed (int, optional): Seed of PyTorch's generators, for anonymizers that draw at random: the same seed gives the same file. Who
            knows it can draw the same. Defaults to None, their state as it is.
        frames (int, optional): Number of frames that every clip is brought to. Defaults to None, as they are.
        placement (str): ``'keep'`` for camera coordinates as recorded, ``'canonical'`` for bodies at the origin, upright and to the front.
            Defaults to ``'keep'``.
        watch (Callable): Passes the samples on, given their number, for a progress bar. Defaults to nothing more.

    Returns:
        int: Number of samples written.

    Raises:
        FileExistsError: If the target exists and ``overwrite`` is False.
        ValueError: If ``frames`` is not positive.
        FileNotFoundError, ValueError: If config, checkpoint or source is missing, faulty or does not fit the others.
    """
    if frames is not None and frames < 1:
        raise ValueError(f'frames must be at least 1, found {frames}')
    anonymizer = init_anonymizer(cfg, checkpoint, device)
    if seed is not None:
        torch.manual_seed(seed)
    with atomic_path(target, overwrite=overwrite) as temporary:
        data = load_annotations(source)
        annotations = data['annotations'] if isinstance(data, dict) else data
        problems = check_annotations(
            data, str(source), layout=anonymizer.layout, num_person=anonymizer.num_person
        )
        raise_errors(problems)
        samples = anonymize_annotations(
            annotations, anonymizer, anonymizer.normalization, frames, placement
        )
        for index, sample in enumerate(watch(samples, len(annotations))):
            annotations[index] = sample  # in place, so that memory never holds both whole files
        with open(temporary, 'wb') as file:
            pickle.dump(data, file, PICKLE_PROTOCOL)
    return len(annotations)
