# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Trial lists of verification: which pairs of clips are compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trials:
    """Pairs of an enrolment clip and a trial clip that show different takes.

    Args:
        pairs (np.ndarray): Positions (enrolment, trial) in the data set, shape (P, 2).
        genuine (np.ndarray): Whether both show the same person, shape (P,).
    """

    pairs: np.ndarray
    genuine: np.ndarray

    def __len__(self) -> int:
        """int: Number of pairs P."""
        return len(self.pairs)

    def describe(self, names: list[str]) -> dict:
        """Numbers and a digest of the list, which depends on the names of the clips and their order alone."""
        digest = hashlib.sha256()
        for (a, b), same in zip(self.pairs, self.genuine, strict=True):
            digest.update(f'{names[a]} {names[b]} {int(same)}\n'.encode())
        return dict(
            pairs=len(self), genuine=int(self.genuine.sum()), sha256=digest.hexdigest()[:16]
        )


def trial_list(
    enrol: np.ndarray,
    trial: np.ndarray,
    persons: np.ndarray,
    actions: np.ndarray,
    takes: np.ndarray,
    matched: bool,
    max_pairs: int,
    seed: int,
) -> Trials:
    """Pair enrolment clips with trial clips.

    The two clips of a pair never show the same take, which several cameras may have filmed. With ``matched`` both clips show the
    same action, so that the action tells genuine from impostor pairs nothing; without, they show different ones. Where there are
    more than ``max_pairs``, genuine and impostor pairs are drawn apart, each at most half.

    Args:
        enrol (np.ndarray): Positions of the enrolment clips.
        trial (np.ndarray): Positions of the trial clips; those that are enrolment clips too are paired once with each other.
        persons (np.ndarray): Person of each clip of the data set, shape (N,).
        actions (np.ndarray): Action of each clip of the data set, shape (N,).
        takes (np.ndarray): Number of the take that each clip of the data set shows, shape (N,).
        matched (bool): Same action, or different ones.
        max_pairs (int): Most pairs.
        seed (int): Seed of the drawing.

    Returns:
        Trials: The pairs, ordered by enrolment and trial clip; empty where no two clips fit.
    """
    enrol, trial = np.sort(enrol), np.sort(trial)
    both = np.intersect1d(enrol, trial)
    rng = np.random.default_rng(seed)
    chosen: dict[bool, list[np.ndarray]] = {True: [], False: []}
    room = {True: max_pairs // 2, False: max_pairs - max_pairs // 2}
    # Clip by clip, so that memory holds no table of all pairs; each clip gives at most four times its share of what is kept.
    for a in enrol:
        others = trial[takes[trial] != takes[a]]
        others = others[(actions[others] == actions[a]) == matched]
        others = others[(others > a) | ~np.isin(others, both)] if a in both else others
        for same in (True, False):
            fitting = others[(persons[others] == persons[a]) == same]
            share = max(1, 4 * room[same] // len(enrol))
            if len(fitting) > share:
                fitting = np.sort(rng.choice(fitting, share, replace=False))
            chosen[same].append(np.column_stack([np.full(len(fitting), a), fitting]))
    kept = []
    for same, parts in chosen.items():
        pairs = np.concatenate(parts) if parts else np.empty((0, 2), int)
        if len(pairs) > room[same]:
            pairs = pairs[np.sort(rng.choice(len(pairs), room[same], replace=False))]
        kept.append((pairs, np.full(len(pairs), same)))
    pairs = np.concatenate([p for p, _ in kept]).reshape(-1, 2).astype(np.int64)
    genuine = np.concatenate([g for _, g in kept]).astype(bool)
    rank = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return Trials(pairs[rank], genuine[rank])
