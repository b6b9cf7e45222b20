# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How far figures would move with other people: intervals by resampling subjects, and what guessing attains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

LEVEL = 0.95


def _draws(num_people: int, resamples: int, seed: int) -> np.ndarray:
    """How often each person is drawn in each resample, shape (resamples, num_people)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(num_people, np.full(num_people, 1 / num_people), size=resamples)


def _numbered(people: np.ndarray, size: int) -> tuple[np.ndarray, int]:
    people = np.asarray(people)
    if len(people) != size or not size:
        raise ValueError(
            f'expected one person for each of at least one value, found {len(people)} for {size}'
        )
    names, numbers = np.unique(people, return_inverse=True)
    return numbers.reshape(people.shape), len(names)


def mean_interval(
    values: np.ndarray, people: np.ndarray, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return a 95 % percentile interval of a mean, by drawing people with all their values.

    Values of one person are not independent, so resampling them one by one would promise too narrow an interval. With one person
    the interval is that person's mean.

    Args:
        values (np.ndarray): Values (N,), such as whether each clip was named.
        people (np.ndarray): Person of each value (N,).
        resamples (int): Number of draws. Defaults to 1000.
        seed (int): Seed. Defaults to 0.

    Returns:
        tuple[float, float]: Lower and upper end.

    Raises:
        ValueError: If there is no value, or not a person for each.
    """
    values = np.asarray(values, np.float64)
    numbers, count = _numbered(people, len(values))
    sums = np.bincount(numbers, values, count)
    sizes = np.bincount(numbers, minlength=count)
    draws = _draws(count, resamples, seed)
    return _percentiles(draws @ sums / (draws @ sizes))


def pair_interval(
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], float],
    scores: np.ndarray,
    genuine: np.ndarray,
    people: np.ndarray,
    resamples: int = 1000,
    seed: int = 0,
    max_pairs: int = 20000,
) -> tuple[float, float]:
    """Return a 95 % percentile interval of a measure of pairs, by drawing people with all their clips.

    A pair of persons s and t counts ``w_s * w_t`` times, a genuine pair of s ``w_s`` times, with w how often a person was drawn.
    Resamples without genuine or without impostor pairs are left out. Of long lists a part is measured, drawn by the seed, with its
    share of both kinds: the spread between people does not depend on it.

    Args:
        measure (Callable): From scores, genuine and weights, each (P,), to a number.
        scores (np.ndarray): Scores (P,).
        genuine (np.ndarray): Whether each pair is genuine (P,).
        people (np.ndarray): Persons of the two clips (P, 2).
        resamples (int): Number of draws. Defaults to 1000.
        seed (int): Seed. Defaults to 0.
        max_pairs (int): Most pairs measured. Defaults to 20000.

    Returns:
        tuple[float, float]: Lower and upper end; both nan if no resample has both kinds of pairs.

    Raises:
        ValueError: If there is no pair, or not two persons for each.
    """
    scores, genuine = np.asarray(scores), np.asarray(genuine)
    numbers, count = _numbered(people, len(scores))
    if len(scores) > max_pairs:
        some = np.random.default_rng(seed).choice(len(scores), max_pairs, replace=False)
        scores, genuine, numbers = scores[some], genuine[some], numbers[some]
    found = []
    for drawn in _draws(count, resamples, seed).astype(np.float64):
        left, right = drawn[numbers[:, 0]], drawn[numbers[:, 1]]
        weights = np.where(genuine, left, left * right)
        if weights[genuine].sum() > 0 and weights[~genuine].sum() > 0:
            found.append(measure(scores, genuine, weights))
    return _percentiles(np.array(found)) if found else (float('nan'), float('nan'))


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def chance_upper_bound(
    num_clips: int, chance: float, level: float = 0.05, attackers: int = 1
) -> float:
    """Return the accuracy that the best of several guessing attackers exceeds with a probability below ``level``.

    Each guess is right with probability ``chance``, independently of the others; over attackers the bound is Bonferroni's, which holds
    whether or not they err on the same clips. Whoever is above it does not guess.

    Args:
        num_clips (int): Number of clips.
        chance (float): Probability that a guess is right, in [0, 1].
        level (float): Probability of an excess. Defaults to 0.05.
        attackers (int): Number of attackers of which the best counts. Defaults to 1.

    Returns:
        float: Accuracy in [0, 1].

    Raises:
        ValueError: If a number makes no sense.

    Example:
        >>> round(chance_upper_bound(400, 0.125, 0.05, 10), 3)
        0.172
    """
    if num_clips < 1 or attackers < 1 or not 0 <= chance <= 1 or not 0 < level < 1:
        raise ValueError(
            f'expected at least one clip and one attacker, a chance in [0, 1] and a level between 0 and 1, '
            f'found {num_clips}, {attackers}, {chance} and {level}'
        )
    return float(binom.isf(level / attackers, num_clips, chance) / num_clips)
