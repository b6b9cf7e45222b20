# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Arrays in, arrays out: anonymize a recording with two calls."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

from mmengine.config import Config

from mmskanon.models.anonymizers import BaseAnonymizer
from mmskanon.models.anonymizers.chance import Chance, drawing_from
from mmskanon.utils import check_device, read_config

from .anonymize import anonymize_keypoints, build_anonymizer, normalization_of
from .arrays import Skeletons, check_seed, like, read_array

_SHAPES = {3: '(T, V, C)', 4: '(M, T, V, C)'}


def init_anonymizer(
    config: str | Path | Config,
    checkpoint: str | Path | None = None,
    device: str = 'cpu',
    cfg_options: Mapping | None = None,
) -> BaseAnonymizer:
    """Build an anonymizer that knows how skeletons have to be normalized for it.

    Args:
        config (str | Path | Config): Config that trained it, or one without training such as ``baseline_canonical-bones_...``.
        checkpoint (str | Path, optional): Its checkpoint, or one of the anonymizer alone; None only for anonymizers without weights.
            Defaults to None.
        device (str): Where to run, such as ``'cpu'`` or ``'cuda:0'``. Defaults to ``'cpu'``.
        cfg_options (Mapping, optional): Overrides of the config, such as ``{'model.anonymizer.population': None}`` where the
            checkpoint holds what was measured on the population. Defaults to None.

    Returns:
        BaseAnonymizer: In eval mode, without gradients, on ``device``; ``normalization`` is set.

    Raises:
        FileNotFoundError: If config or checkpoint, or a file that the config names, is not there.
        ValueError: If the config is faulty, has no anonymizer or no ``NormalizeSkeleton``; the checkpoint does not fit, or is missing though
            needed; or there is no such device.

    Example:
        >>> from mmengine.config import Config
        >>> from mmskanon.apis import init_anonymizer
        >>> pipeline = [dict(type='NormalizeSkeleton', layout='kinect_v1')]
        >>> config = Config(
        ...     dict(
        ...         model=dict(anonymizer=dict(type='SmoothingAnonymizer', sigma=2, layout='kinect_v1', num_person=1)),
        ...         test_dataloader=dict(dataset=dict(pipeline=pipeline)),
        ...     )
        ... )
        >>> init_anonymizer(config).normalization
        {'layout': 'kinect_v1'}
    """
    if isinstance(config, Config):
        cfg = copy.deepcopy(config)
        if cfg_options:
            cfg.merge_from_dict(dict(cfg_options))
    else:
        cfg = read_config(str(config), cfg_options and dict(cfg_options))
    check_device(device, 'device')
    anonymizer = build_anonymizer(cfg, checkpoint and str(checkpoint), device)
    anonymizer.normalization = normalization_of(cfg)
    return anonymizer


def normalization_for(anonymizer: BaseAnonymizer) -> dict:
    """The normalization of an anonymizer that is ready for use.

    Raises:
        TypeError: If this is no anonymizer.
        ValueError: If it does not know its normalization, or is in training mode.
    """
    if not isinstance(anonymizer, BaseAnonymizer):
        raise TypeError(
            f'expected an anonymizer, found {type(anonymizer).__name__}; make one with init_anonymizer(config, checkpoint).'
        )
    name = type(anonymizer).__name__
    if anonymizer.normalization is None:
        raise ValueError(
            f'{name}: expected an anonymizer that knows its normalization, found none; make it with init_anonymizer, or set its attribute '
            'normalization, for instance to dict(layout=anonymizer.layout).'
        )
    if anonymizer.training:
        raise ValueError(
            f'{name}: expected an anonymizer in eval mode, found it in training mode; call its eval().'
        )
    return anonymizer.normalization


def anonymize_skeletons(
    anonymizer: BaseAnonymizer,
    skeletons: Skeletons,
    subject: int | str | None = None,
    seed: int | None = None,
) -> Skeletons:
    """Anonymize one recording at full length.

    Normalizes, anonymizes and undoes the normalization, as :func:`anonymize_keypoints` does, which ``tools/anonymize.py`` uses. A person
    is absent from a frame, and a joint absent, where all its coordinates are exactly zero; what is absent stays so. Channels after the
    coordinates are scores and pass. Fewer persons than the anonymizer's ``num_person`` are fine; more are fine where those beyond it are
    zero in all frames.

    Several threads may call it with one anonymizer; each call gives what it gives alone. No gradient passes.

    Args:
        anonymizer (BaseAnonymizer): From :func:`init_anonymizer`.
        skeletons (np.ndarray | Tensor): Shape (T, V, C), one person, or (M, T, V, C); any floating-point type and device. Camera space
            in metres, or whatever unit the layout has. Left as it is.
        subject (int | str, optional): Whose recording it is, as the population of the anonymizer names it, for anonymizers that ask for
            it. Defaults to None.
        seed (int, optional): The same seed gives the same output for the same input, whatever other threads do; it goes before a ``seed`` in
            the config. Who knows it can draw the same. Defaults to None, PyTorch's generators, so a fresh draw each time, or the config's seed.

    Returns:
        np.ndarray | Tensor: Same kind, shape, dtype and device, in the same coordinates.

    Raises:
        TypeError: If ``skeletons`` is no array or tensor of floating-point numbers, ``seed`` no integer, or ``anonymizer`` no anonymizer.
        ValueError: If the shape does not fit the layout, a coordinate is not finite, there are too many persons, the subject is needed and
            not given, or the anonymizer is not ready (see :func:`init_anonymizer`).

    Example:
        >>> import numpy as np
        >>> from mmskanon.apis import anonymize_skeletons
        >>> from mmskanon.models.anonymizers import IdentityAnonymizer
        >>> anonymizer = IdentityAnonymizer('nturgb+d', num_person=2).eval()
        >>> anonymizer.normalization = dict(layout='nturgb+d')
        >>> walk = np.random.default_rng(0).normal(size=(60, 25, 3)) + [0, 0, 3]
        >>> anonymize_skeletons(anonymizer, walk).shape
        (60, 25, 3)
    """
    normalization = normalization_for(anonymizer)
    check_seed(seed)
    array = read_array(skeletons, anonymizer, _SHAPES, 'skeletons')
    clip = array.reshape(-1, *array.shape[-3:])
    with drawing_from(None if seed is None else Chance(int(seed))):
        made = anonymize_keypoints(clip, anonymizer, normalization, 'the recording', subject)
    return like(made.reshape(array.shape), skeletons)
