# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How much of the recordings is left, besides the action."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmskanon.evaluation.functional import (
    bone_deviation_from_sums,
    fidelity_sums,
    instance_linkage,
    merge_fidelity_sums,
    motion_figures,
    motion_sums,
    mpjpe_from_sums,
    residual_amplitude,
    speed_correlation,
    trial_match,
)
from mmskanon.skeletons.geometry import normalize_skeleton

from .clips import FINEST, ClipStore
from .features import motion_residual, speed_profile
from .inputs import Recording, as_long_as


def measure_fidelity(
    original: Recording, anonymized: ClipStore, test: np.ndarray
) -> dict[str, float | None]:
    """Compare the test clips with their originals, these stretched where the method changes the number of frames.

    Where the anonymized file has all bodies at the origin, as ``tools/anonymize.py --placement canonical`` leaves them,
    originals are brought there as well (:func:`placing`), so that distances tell what happened to the bodies and not how far the camera was.

    Where several cameras filmed a take, ``tm`` and ``rho_sub`` compare repetitions as the same camera shows them
    (:meth:`Recording.view_numbers`).

    Args:
        original (Recording): The originals.
        anonymized (ClipStore): The anonymized clips in the same order.
        test (np.ndarray): Positions of the test clips. Their sources are looked for among all originals.

    Returns:
        dict: ``mpjpe_mm`` (None for layouts in pixels, which have ``mpjpe_px``), ``bone_deviation``, what
        :func:`~mmskanon.evaluation.functional.motion_figures` gives, and the measures within classes ``tm``, ``rho_sub`` and ``r1``
        with ``tm_chance``, ``r1_chance`` and ``amplitude``; None where a measure has no meaning.
    """
    store = original.store
    bones = store.layout.bones
    place = placing(original, anonymized)
    distances, motions = [], []
    for i in test:
        after = anonymized.camera(i)
        before = as_long_as(place(store.camera(i)), after)
        distances.append(fidelity_sums(before, after, bones))
        motions.append(motion_sums(before, after, bones))
    sums = merge_fidelity_sums(distances)
    distance = mpjpe_from_sums(sums)
    metric = store.layout.unit == 'm'
    people = np.array([str(v) for v in original.values('subject')])
    views = original.view_numbers()
    tables = [
        [s.features(name, function) for s in (store, anonymized)]
        for name, function in (
            ('motion_residual', motion_residual),
            ('speed_profile', speed_profile),
        )
    ]
    tm, tm_chance = trial_match(*tables[0], people, original.actions, test, views)
    r1, r1_chance = instance_linkage(*tables[0], people, original.actions, test)
    figures = dict(
        mpjpe_mm=1000 * distance if metric else None,
        mpjpe_px=None if metric else distance,
        bone_deviation=bone_deviation_from_sums(sums),
        **motion_figures(motions),
        tm=tm,
        tm_chance=tm_chance,
        amplitude=residual_amplitude(*tables[0], original.actions, test),
        rho_sub=speed_correlation(*tables[1], people, original.actions, test, views),
        r1=r1,
        r1_chance=r1_chance,
    )
    return {k: None if v is None or np.isnan(v) else float(v) for k, v in figures.items()}


def placing(original: Recording, anonymized: ClipStore) -> Callable[[np.ndarray], np.ndarray]:
    """How an original clip (M, T, V, C) is to be placed so that it can be compared with its anonymized version.

    Returns:
        Callable: As it is; to the origin, upright and to the front, where the anonymized file has all bodies there and the original has not.
    """
    store = original.store
    if is_placed(original, anonymized):
        return lambda clip: normalize_skeleton(clip, store.layout, rotate='invariant')[0]
    return lambda clip: clip


def is_placed(original: Recording, anonymized: ClipStore) -> bool:
    """Whether the anonymized file has all bodies at the origin and the original has not."""
    return _is_at_the_origin(anonymized) and not _is_at_the_origin(original.store)


def _is_at_the_origin(store: ClipStore) -> bool:
    """Whether the centre joint of every clip begins at the origin."""
    return bool(np.abs(store.placement[:, : store.layout.dims]).max() < FINEST[store.layout.unit])
