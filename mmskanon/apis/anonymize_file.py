# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymize an annotation file into another one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from mmskanon.datasets.check import check_annotations, raise_errors
from mmskanon.io.annotation_records import AnnotationFile
from mmskanon.io.annotation_stream import write_records
from mmskanon.io.atomic import atomic_path

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

    Samples are read, anonymized and written one by one: memory does not grow with their arrays.

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
    with (
        atomic_path(target, overwrite=overwrite) as temporary,
        AnnotationFile(source) as originals,
    ):
        outline = originals.outline()
        problems = check_annotations(
            outline,
            str(source),
            layout=anonymizer.layout,
            num_person=anonymizer.num_person,
            samples=originals,
        )
        raise_errors(problems)
        samples = anonymize_annotations(
            originals, anonymizer, anonymizer.normalization, frames, placement
        )
        around = None if originals.is_list else {**outline, **originals.extra}
        with open(temporary, 'wb') as file:
            write_records(
                file, watch(samples, len(originals)), bare=originals.is_list, around=around
            )
        return len(originals)
