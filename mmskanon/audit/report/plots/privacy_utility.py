# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What attackers read against what the data are still good for, and what each tier reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmskanon.audit.tiers import TIERS

from ..key_figures import Attack, strongest_attack, strongest_of_tiers, utility
from .labels import place_labels
from .style import (
    CHANCE,
    INK,
    LINE,
    PAPER,
    TIER_COLORS,
    TIER_MARKERS,
    dress,
    legend,
    new_figure,
    percent_axis,
    plain,
)

ACTION_LABEL = 'action accuracy of a recognizer trained on original clips (right: more useful)'


def rate_label(attribute: str) -> str:
    """Label of an axis that holds the rate of the strongest attacker on an attribute."""
    if attribute == 'subject':
        return 're-identification, rank-1 (down: more private)'
    return f'{plain(attribute)} read rightly (down: more private)'


def chance_line(axes: Axes, chance: float, vertical: bool = False) -> None:
    """Draw where guessing gets.

    Args:
        axes (Axes): The axes.
        chance (float): Rate of guessing.
        vertical (bool): Whether rates are on the x axis. Defaults to False.
    """
    draw = axes.axvline if vertical else axes.axhline
    draw(chance, color=CHANCE, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)


def privacy_utility(doc: Mapping, attribute: str) -> Figure | None:
    """Draw a point for each method and tier: action accuracy to the right, rate of the tier's strongest attacker upwards.

    The strongest attacker of all tiers but the control is drawn large, with its 95 % interval, and carries the method's name.

    Args:
        doc (Mapping): Document of an audit.
        attribute (str): Private attribute.

    Returns:
        Figure, optional: The figure; None where no method has both figures.
    """
    places, names, others = [], [], []
    figure = new_figure(6.6, 4.5)
    axes = figure.add_subplot()
    for method in doc['methods']:
        x = utility(doc, method, 'fixed')
        worst = strongest_attack(doc, method, attribute)
        if x is None or worst is None:
            continue
        attacks = strongest_of_tiers(doc, method, attribute)
        rates = [attack.figures['rank1'] for attack in attacks.values()]
        axes.plot([x, x], [min(rates), max(rates)], color=LINE, linewidth=2.2, zorder=1.5)
        for tier, attack in attacks.items():
            if tier != worst.tier:
                _point(axes, x, attack, 5)
                others.append((x, attack.figures['rank1']))
        _interval(axes, x, worst)
        _point(axes, x, worst, 8)
        places.append((x, worst.figures['rank1']))
        names.append(method)
    if not names:
        return None
    _finish(axes, doc['data']['attributes'][attribute]['chance'], attribute)
    _tier_legend(figure, doc, attribute)
    place_labels(axes, np.array(places), names, np.reshape(others, (-1, 2)))
    return figure


def _point(axes: Axes, x: float, attack: Attack, size: float) -> None:
    axes.plot(
        x,
        attack.figures['rank1'],
        marker=TIER_MARKERS[attack.tier],
        markersize=size,
        color=TIER_COLORS[attack.tier],
        markeredgecolor=PAPER,
        markeredgewidth=0.7,
        zorder=3 + size / 10,
    )


def _interval(axes: Axes, x: float, attack: Attack) -> None:
    if attack.interval:
        axes.plot([x, x], attack.interval, color=INK, linewidth=1.1, zorder=2.5)


def _finish(axes: Axes, chance: float, attribute: str) -> None:
    dress(axes, ACTION_LABEL, rate_label(attribute))
    axes.grid(color=LINE, linewidth=0.5)
    left, right = axes.get_xlim()
    left = min(left, right - 0.12)
    axes.set_xlim(max(-0.02, left), min(1.02, right + 0.02))
    axes.set_ylim(-0.03, 1.06)
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)
    chance_line(axes, chance)
    axes.annotate(
        f'guessing {chance:.1%}',
        (0, chance),
        (3, 3),
        xycoords=('axes fraction', 'data'),
        textcoords='offset points',
        color=CHANCE,
        fontsize=8,
    )


def tier_handles(tiers: list[str]) -> list[Line2D]:
    """Entries of a legend for tiers, in the order of :data:`TIERS`."""
    return [
        Line2D(
            [],
            [],
            linestyle='none',
            marker=TIER_MARKERS[tier],
            color=TIER_COLORS[tier],
            markeredgecolor=PAPER,
            markersize=7,
            label=TIERS[tier].title,
        )
        for tier in TIERS
        if tier in tiers
    ]


def _tier_legend(figure: Figure, doc: Mapping, attribute: str) -> None:
    found = [tier for m in doc['methods'] for tier in strongest_of_tiers(doc, m, attribute)]
    handles = tier_handles(found)
    legend(figure, handles=handles, loc='outside lower center', ncols=4 if len(handles) > 4 else 7)


def tiers_by_method(doc: Mapping, attribute: str) -> Figure | None:
    """Draw one row for each method: the rate of each tier's strongest attacker with its 95 % interval.

    Args:
        doc (Mapping): Document of an audit.
        attribute (str): Private attribute.

    Returns:
        Figure, optional: The figure; None where no tier was run.
    """
    rows = {m: strongest_of_tiers(doc, m, attribute) for m in doc['methods']}
    rows = {method: attacks for method, attacks in rows.items() if attacks}
    if not rows:
        return None
    figure = new_figure(6.6, 1.15 + 0.55 * len(rows))
    axes = figure.add_subplot()
    tiers = [tier for tier in TIERS if any(tier in attacks for attacks in rows.values())]
    for row, attacks in enumerate(rows.values()):
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, color=LINE, alpha=0.35, linewidth=0)
        for tier, attack in attacks.items():
            y = row + (tiers.index(tier) - (len(tiers) - 1) / 2) * 0.8 / max(len(tiers), 4)
            if attack.interval:
                axes.plot(attack.interval, [y, y], color=TIER_COLORS[tier], linewidth=1.2)
            axes.plot(
                attack.figures['rank1'],
                y,
                marker=TIER_MARKERS[tier],
                markersize=5,
                color=TIER_COLORS[tier],
                markeredgecolor=PAPER,
                markeredgewidth=0.5,
            )
    wording = 'named rightly' if attribute == 'subject' else f'{plain(attribute)} read rightly'
    dress(axes, f'{wording} by the strongest attacker of the tier, with 95% interval')
    axes.set_yticks(range(len(rows)), [plain(method) for method in rows], color=INK)
    axes.tick_params(axis='y', length=0)
    axes.spines['left'].set_visible(False)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.5, -0.5))
    axes.grid(axis='x', color=LINE, linewidth=0.5)
    percent_axis(axes.xaxis)
    chance = doc['data']['attributes'][attribute]['chance']
    chance_line(axes, chance, vertical=True)
    guess = Line2D([], [], color=CHANCE, linestyle=(0, (4, 3)), label=f'guessing {chance:.1%}')
    legend(figure, handles=[*tier_handles(tiers), guess], loc='outside lower center', ncols=4)
    return figure
