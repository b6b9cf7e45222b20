# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Who is recognised and for whom people are taken: a bar for each value of an attribute, and confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmskanon.audit.tiers import CONTROL, TIERS

from .privacy_utility import chance_line
from .style import (
    CHANCE,
    INK,
    LINE,
    TIER_COLORS,
    dress,
    legend,
    new_figure,
    percent_axis,
    plain,
)

_MOST_NAMES = 40


def class_bars(
    per_class: Mapping[str, float],
    control: Mapping[str, float] | None,
    tier: str,
    chance: float,
    attribute: str,
) -> Figure:
    """Draw the share of each person's clips (or of each value's) that the strongest attacker reads rightly.

    Args:
        per_class (Mapping[str, float]): For each value its rate.
        control (Mapping[str, float], optional): The same of the control, drawn as a line across the bar.
        tier (str): Tier of the attacker, for the colour.
        chance (float): Rate of guessing.
        attribute (str): What the values are values of.

    Returns:
        Figure: The figure. Bars are in the order of the values where they are few, otherwise from the highest down, unnamed.
    """
    values = list(per_class)
    if len(values) > _MOST_NAMES:
        values.sort(key=lambda value: -per_class[value])
    figure = new_figure(4.7, 2.6)
    axes = figure.add_subplot()
    at = np.arange(len(values))
    axes.bar(at, [per_class[value] for value in values], 0.72, color=TIER_COLORS[tier])
    handles = [Patch(color=TIER_COLORS[tier], label=TIERS[tier].title)]
    if control:
        shown = [i for i in at if values[i] in control]
        marks = [control[values[i]] for i in shown]
        axes.hlines(marks, np.subtract(shown, 0.42), np.add(shown, 0.42), color=INK, linewidth=1.4)
        handles.append(Line2D([], [], color=INK, linewidth=1.4, label=TIERS[CONTROL].title))
    chance_line(axes, chance)
    handles.append(
        Line2D([], [], color=CHANCE, linestyle=(0, (4, 3)), label=f'guessing {chance:.1%}')
    )
    few = len(values) <= _MOST_NAMES
    dress(axes, plain(attribute) if few else f'{plain(attribute)}, sorted', 'read rightly')
    axes.set(xlim=(-0.6, len(values) - 0.4), ylim=(0, 1.04))
    longest = max(map(len, values))
    turned = dict(rotation=90) if longest * len(values) > 60 else {}
    axes.set_xticks(at if few else [], [plain(v, 16) for v in values] if few else [], **turned)
    axes.grid(axis='y', color=LINE, linewidth=0.5)
    percent_axis(axes.yaxis)
    legend(figure, handles=handles, loc='outside upper right', ncols=3)
    return figure


def confusion(labels: np.ndarray, log_posterior: np.ndarray) -> np.ndarray:
    """Count for whom the people of each class are taken, as shares of the class.

    Args:
        labels (np.ndarray): True classes, shape (n,).
        log_posterior (np.ndarray): Logarithms of the attacker's probabilities, shape (n, K).

    Returns:
        np.ndarray: Shape (K, K), a row a true class; rows sum to 1, or to 0 where the class has no clip.
    """
    num_classes = log_posterior.shape[1]
    counts = np.zeros((num_classes, num_classes))
    np.add.at(counts, (np.asarray(labels, int), log_posterior.argmax(axis=1)), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def confusion_matrices(
    matrices: Mapping[str, tuple[str, np.ndarray]], values: Sequence[str], attribute: str
) -> Figure:
    """Draw confusion matrices side by side; nothing is drawn where a share is 0.

    Args:
        matrices (Mapping[str, tuple[str, np.ndarray]]): For each tier its attacker and :func:`confusion`.
        values (Sequence[str]): The K values of the attribute.
        attribute (str): What they are values of.

    Returns:
        Figure: The figure, one panel a tier.
    """
    figure = new_figure(2.35 * len(matrices), 2.6)
    few = len(values) <= 12
    for i, (tier, (attacker, matrix)) in enumerate(matrices.items()):
        axes = figure.add_subplot(1, len(matrices), i + 1)
        color = to_rgb(TIER_COLORS[tier])
        shades = LinearSegmentedColormap.from_list(tier, [(*color, 0.0), (*color, 1.0)])
        axes.imshow(matrix, cmap=shades, vmin=0, vmax=1, interpolation='none')
        dress(
            axes,
            f'{plain(attribute)}, attacker',
            '' if i else f'{plain(attribute)}, true',
            f'{TIERS[tier].title}: {plain(attacker, 16)}',
        )
        for spine in axes.spines.values():
            spine.set_visible(True)
        ticks = range(len(values)) if few else []
        names = [plain(v, 8) for v in values] if few else []
        longest = max(map(len, names), default=0)
        axes.set_xticks(ticks, names, rotation=90 if longest > 3 else 0)
        axes.set_yticks(ticks, names)
        if few:
            for row, column in zip(*np.nonzero(matrix >= 0.005), strict=True):
                share = matrix[row, column]
                axes.text(
                    column,
                    row,
                    f'{100 * share:.0f}',
                    ha='center',
                    va='center',
                    fontsize=6.5,
                    color='white' if share > 0.6 else INK,
                )
    return figure
