# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How well attackers tell whether two clips show one person: ROC curves and histograms of their scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from mmskanon.audit.tiers import TIERS

from .style import (
    INK,
    LINE,
    OTHER,
    QUIET,
    SAME,
    TIER_COLORS,
    dress,
    legend,
    new_figure,
    percent_axis,
    plain,
)

Pairs = tuple[str, np.ndarray, np.ndarray]
"""Name of an attacker, whether each pair shows one person (P,), and its scores (P,), higher: more alike."""

_MOST_POINTS = 400


def roc(genuine: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ROC curve: for every threshold, from the highest score down, the rates of pairs at or above it.

    Args:
        genuine (np.ndarray): Whether each of P pairs shows one person, shape (P,).
        scores (np.ndarray): Their scores, shape (P,).

    Returns:
        tuple[np.ndarray, np.ndarray]: False and true positive rates, each from 0 to 1, equal length.
    """
    order = np.argsort(-scores, kind='stable')
    hits = np.asarray(genuine, bool)[order]
    last = np.append(np.diff(scores[order]) != 0, True)
    true, false = np.cumsum(hits)[last], np.cumsum(~hits)[last]
    return (
        np.append(0.0, false / max(int((~hits).sum()), 1)),
        np.append(0.0, true / max(int(hits.sum()), 1)),
    )


def roc_curves(by_tier: Mapping[str, Pairs]) -> Figure:
    """Draw the ROC curve of the strongest attacker of each tier; the false positive rate is logarithmic.

    Args:
        by_tier (Mapping[str, Pairs]): For each tier its attacker and pairs.

    Returns:
        Figure: The figure.
    """
    figure = new_figure(4.7, 3.5)
    axes = figure.add_subplot()
    fewest = min(1 / max(int((~np.asarray(g, bool)).sum()), 1) for _, g, _ in by_tier.values())
    floor = min(1e-2, max(fewest, 1e-5))
    even = np.geomspace(floor, 1, 60)
    axes.plot(even, even, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)), label='guessing')
    for tier in TIERS:
        if tier not in by_tier:
            continue
        attacker, genuine, scores = by_tier[tier]
        false, true = _thin(*roc(genuine, scores), floor)
        axes.plot(
            np.maximum(false, floor),
            true,
            color=TIER_COLORS[tier],
            linewidth=1.6,
            drawstyle='steps-post',
            label=f'{TIERS[tier].title}: {plain(attacker, 20)}',
        )
    axes.set(xscale='log', xlim=(floor, 1), ylim=(0, 1.02))
    dress(
        axes,
        'two people taken for one (false positive rate)',
        'one person found (true positive rate)',
    )
    decades = [10.0**k for k in range(-5, 1) if 10.0**k >= floor * 0.999]
    axes.xaxis.set_major_locator(FixedLocator(decades))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(color=LINE, linewidth=0.5)
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)
    legend(figure, loc='outside lower center', ncols=2, handlelength=1.2, fontsize=7.5)
    return figure


def _thin(false: np.ndarray, true: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """Keep so many points that the drawing does not change visibly."""
    if len(false) <= _MOST_POINTS:
        return false, true
    grid = np.geomspace(floor, 1, _MOST_POINTS)
    at = np.searchsorted(false, grid, side='right') - 1
    return grid, true[at]


def score_histograms(by_tier: Mapping[str, Pairs]) -> Figure:
    """Draw how the strongest attacker of each tier scores pairs of one person and of two.

    Args:
        by_tier (Mapping[str, Pairs]): For each tier its attacker and pairs.

    Returns:
        Figure: The figure, one panel a tier.
    """
    tiers = [tier for tier in TIERS if tier in by_tier]
    columns = min(len(tiers), 3)
    rows = -(-len(tiers) // columns)
    figure = new_figure(4.7, 0.6 + 1.15 * rows)
    for i, tier in enumerate(tiers):
        attacker, genuine, scores = by_tier[tier]
        genuine = np.asarray(genuine, bool)
        axes = figure.add_subplot(rows, columns, i + 1)
        low, high = float(scores.min()), float(scores.max())
        edges = np.linspace(low, high if high > low else low + 1, 33)
        for chosen, color, name in (
            (~genuine, OTHER, 'two people'),
            (genuine, SAME, 'one person'),
        ):
            counts = np.histogram(scores[chosen], edges)[0] / max(int(chosen.sum()), 1)
            axes.stairs(
                counts,
                edges,
                fill=True,
                color=color,
                alpha=0.55,
                linewidth=0,
                label=None if i else name,
            )
            axes.stairs(counts, edges, color=color, linewidth=1.0)
        dress(axes)
        axes.set_title(
            f'{TIERS[tier].title}\n{plain(attacker, 20)}', color=INK, fontsize=8, loc='left'
        )
        axes.set_yticks([])
        axes.spines['left'].set_visible(False)
        axes.locator_params(axis='x', nbins=3)
        axes.tick_params(labelsize=7)
    figure.supxlabel('score of a pair, higher: more alike', color=INK, fontsize=8.5)
    legend(figure, loc='outside upper right', ncols=2)
    return figure
