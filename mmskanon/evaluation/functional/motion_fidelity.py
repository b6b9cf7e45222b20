# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What becomes of the motion and of the body as such: speed, jerk, bones that change their length, people who come and go.

:func:`motion_sums` gives sums of one clip, which add over clips; :func:`motion_figures` makes the figures from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

_KEYS = (
    'speed_before',
    'speed_after',
    'jerk_before',
    'jerk_after',
    'variation_before',
    'variation_after',
    'bones_before',
    'bones_after',
    'ghosts',
    'vanished',
    'absent',
    'present',
)


def motion_sums(
    original: np.ndarray, anonymized: np.ndarray, bones: Sequence[tuple[int, int]]
) -> dict[str, float]:
    """Return the sums of one clip from which :func:`motion_figures` follow.

    Speeds and jerks are differences between consecutive frames in which a person is present on both sides.

    Args:
        original (np.ndarray): Original coordinates (M, T, V, C), absent persons all zero.
        anonymized (np.ndarray): Anonymized coordinates of the same shape, unit and frame rate.
        bones (Sequence[tuple[int, int]]): (joint, parent) pairs; a root paired with itself is left out.

    Returns:
        dict[str, float]: The sums.

    Raises:
        ValueError: If the shapes differ or are no clips.
    """
    original, anonymized = (np.asarray(a, np.float64) for a in (original, anonymized))
    if original.ndim != 4 or original.shape != anonymized.shape:
        raise ValueError(
            f'expected two clips of one shape (M, T, V, C), found {original.shape} and {anonymized.shape}'
        )
    sums = dict.fromkeys(_KEYS, 0.0)
    joints, parents = np.array([b for b in bones if b[0] != b[1]]).T
    for before, after in zip(original, anonymized, strict=True):
        seen, shown = before.any(axis=(1, 2)), after.any(axis=(1, 2))
        sums['ghosts'] += float((shown & ~seen).sum())
        sums['vanished'] += float((seen & ~shown).sum())
        sums['absent'] += float((~seen).sum())
        sums['present'] += float(seen.sum())
        both = seen & shown
        for name, clip in (('before', before), ('after', after)):
            for key, order in (('speed', 1), ('jerk', 3)):
                together = _runs(both, order)
                moved = np.diff(clip, n=order, axis=0)[together]
                sums[f'{key}_{name}'] += float(np.linalg.norm(moved, axis=-1).sum())
            lengths = np.linalg.norm(clip[:, joints] - clip[:, parents], axis=-1)
            there = both[:, None] & clip[:, joints].any(-1) & clip[:, parents].any(-1)
            count = there.sum(axis=0)
            mean = np.where(there, lengths, 0).sum(axis=0) / np.maximum(count, 1)
            square = (np.where(there, lengths - mean, 0) ** 2).sum(axis=0) / np.maximum(count, 1)
            usable = (count > 1) & (mean > 1e-6)
            sums[f'variation_{name}'] += float((np.sqrt(square[usable]) / mean[usable]).sum())
            sums[f'bones_{name}'] += float(usable.sum())
    return sums


def _runs(present: np.ndarray, order: int) -> np.ndarray:
    """Where ``order + 1`` consecutive frames are all present, shape (T - order,)."""
    length = max(len(present) - order, 0)
    out = np.ones(length, bool)
    for shift in range(order + 1):
        out &= present[shift : shift + length]
    return out


def motion_figures(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the figures of all clips together.

    Args:
        parts (Iterable[Mapping[str, float]]): Results of :func:`motion_sums`.

    Returns:
        dict[str, float]: ``velocity_ratio`` and ``jerk_ratio``: mean speed, and mean size of the third difference, after over before; 1 is as
        lively, 0 a statue, above 1 nervous; nan where nothing moved before. ``bone_variation_original`` and ``bone_variation``: mean
        over bones of the coefficient of variation of their length within a clip, in [0, inf); a body keeps it near 0.
        ``ghost_frames`` and ``vanished_frames``: share of the frames without a person in which there is one after, and the reverse, in [0, 1].
    """
    parts = list(parts)
    total = {key: float(np.sum([p[key] for p in parts])) for key in _KEYS}

    def ratio(above: str, below: str, empty: float = float('nan')) -> float:
        return total[above] / total[below] if total[below] > 0 else empty

    return dict(
        velocity_ratio=ratio('speed_after', 'speed_before'),
        jerk_ratio=ratio('jerk_after', 'jerk_before'),
        bone_variation_original=ratio('variation_before', 'bones_before'),
        bone_variation=ratio('variation_after', 'bones_after'),
        ghost_frames=ratio('ghosts', 'absent', 0.0),
        vanished_frames=ratio('vanished', 'present', 0.0),
    )
