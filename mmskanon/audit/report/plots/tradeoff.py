# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Several audits in one picture: the Pareto front, and the curve along a weight of the loss."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .labels import place_labels
from .privacy_utility import ACTION_LABEL, chance_line, rate_label
from .style import (
    CHANCE,
    INK,
    LINE,
    PAPER,
    QUIET,
    SAME,
    TIER_COLORS,
    TIER_MARKERS,
    dress,
    legend,
    new_figure,
    percent_axis,
    plain,
)

Row = Mapping[str, Any]


def pareto_picture(rows: Sequence[Row], attribute: str, warnings: Sequence[str]) -> Figure | None:
    """Draw every method of several audits; those that no other beats in both respects are filled and joined by a line.

    Args:
        rows (Sequence[Row]): What :func:`~mmskanon.audit.report.compare.comparison_rows` returns.
        attribute (str): The attribute that the rows are about.
        warnings (Sequence[str]): Sentences that belong below the picture, such as that the audits are on different data.

    Returns:
        Figure, optional: The figure; None where no row has both figures.
    """
    shown = [
        row for row in rows if row['action_fixed'] is not None and row['strongest'] is not None
    ]
    if not shown:
        return None
    figure = new_figure(6.6, 4.5 + 0.3 * len(warnings))
    axes = figure.add_subplot()
    _axes(axes, attribute, [row['action_fixed'] for row in shown])
    groups = list(dict.fromkeys(row['data'] for row in shown))
    colors = [SAME, TIER_COLORS['lazy_informed'], TIER_COLORS['original_enrolled']]
    for chance in sorted({row['chance'] for row in shown}):
        chance_line(axes, chance)
    handles = []
    for number, data in enumerate(groups):
        color, marker = colors[number % 3], 'osD^v'[number % 5]
        mine = [row for row in shown if row['data'] == data]
        front = sorted((r['action_fixed'], r['strongest']) for r in mine if r['pareto'])
        axes.plot(*np.transpose(front), color=color, linewidth=1.2, alpha=0.7, zorder=2)
        for row in mine:
            _interval(axes, row, row['action_fixed'], INK)
            axes.plot(
                row['action_fixed'],
                row['strongest'],
                marker=marker,
                markersize=8,
                color=color if row['pareto'] else PAPER,
                markeredgecolor=color,
                markeredgewidth=1.3,
                zorder=4,
            )
        handles += _front_handles(color, marker, data if len(groups) > 1 else None)
    handles.append(Line2D([], [], color=CHANCE, linestyle=(0, (4, 3)), label='guessing'))
    legend(figure, handles=handles, loc='outside lower center', ncols=3)
    if warnings:
        lines = [line for warning in warnings for line in textwrap.wrap(plain(warning, 400), 105)]
        axes.set_title('\n'.join(lines), color=CHANCE, fontsize=7.5, loc='left')
    points = np.array([(row['action_fixed'], row['strongest']) for row in shown])
    place_labels(axes, points, [row['name'] for row in shown], np.empty((0, 2)))
    return figure


def _front_handles(color: str, marker: str, data: str | None) -> list[Line2D]:
    suffix = '' if data is None else f' ({plain(data, 24)})'
    style = dict(linestyle='none', marker=marker, markersize=7, markeredgecolor=color)
    return [
        Line2D([], [], color=color, label=f'not beaten in both{suffix}', **style),
        Line2D([], [], color=PAPER, label=f'beaten{suffix}', **style),
    ]


def tradeoff_curve(rows: Sequence[Row], parameter: str, attribute: str = 'subject') -> Figure:
    """Draw what a weight of the loss buys: action accuracy against re-identification as the weight grows.

    The left panel has the curve, each point with its weight, once for the strongest attacker of all tiers and once for ignorant
    attackers, which earlier papers report; the right panel has the same figures over the weight.

    Args:
        rows (Sequence[Row]): What :func:`~mmskanon.audit.report.compare.comparison_rows` returns, with the weight of each row
            under ``parameter``.
        parameter (str): Key of the weight, such as ``'alpha'``.
        attribute (str): The attribute that the rows are about. Defaults to ``'subject'``.

    Returns:
        Figure: The figure.

    Raises:
        ValueError: If a row lacks the weight, or fewer than two have both figures.
    """
    lacking = [row['name'] for row in rows if not isinstance(row.get(parameter), (int, float))]
    if lacking:
        raise ValueError(
            f'the curve over {parameter!r} needs its number in each row, which {lacking} lack'
        )
    shown = sorted(
        (r for r in rows if r['action_fixed'] is not None and r['strongest'] is not None),
        key=lambda row: row[parameter],
    )
    if len(shown) < 2:
        raise ValueError(
            f'the curve over {parameter!r} needs at least two methods with action accuracy and a strongest attacker, found '
            f'{len(shown)}'
        )
    figure = new_figure(9.2, 4.0)
    left, right = figure.subplots(1, 2)
    weights = [row[parameter] for row in shown]
    action = [row['action_fixed'] for row in shown]
    _axes(left, attribute, action)
    left.set_xlabel('action accuracy (right: more useful)', color=INK, fontsize=8.5)
    dress(right, plain(parameter), 'rate')
    if min(weights) > 0 and max(weights) / min(weights) >= 20:
        right.set_xscale('log')
    right.set_ylim(-0.03, 1.06)
    percent_axis(right.yaxis)
    right.grid(color=LINE, linewidth=0.5)
    right.plot(weights, action, color=QUIET, marker='s', markersize=5, label='action accuracy')
    for key, tier, name in (
        ('strongest', 'adaptive', 'strongest attacker'),
        ('ignorant', 'ignorant', 'ignorant attackers'),
    ):
        points = [(w, x, row[key]) for w, x, row in zip(weights, action, shown, strict=True)]
        points = np.array([p for p in points if p[2] is not None], float).reshape(-1, 3)
        style = dict(color=TIER_COLORS[tier], marker=TIER_MARKERS[tier], markersize=6)
        left.plot(points[:, 1], points[:, 2], linewidth=1.3, **style)
        right.plot(points[:, 0], points[:, 2], linewidth=1.3, label=name, **style)
    for row in shown:
        _interval(left, row, row['action_fixed'], INK)
        _interval(right, row, row[parameter], INK)
    for axes in (left, right):
        chance_line(axes, shown[0]['chance'])
    handles, _ = right.get_legend_handles_labels()
    handles.append(Line2D([], [], color=CHANCE, linestyle=(0, (4, 3)), label='guessing'))
    legend(figure, handles=handles, loc='outside lower center', ncols=4)
    places = np.array([(row['action_fixed'], row['strongest']) for row in shown])
    others = [(r['action_fixed'], r['ignorant']) for r in shown if r['ignorant'] is not None]
    names = [f'{parameter} {weight:g}' for weight in weights]
    place_labels(left, places, names, np.reshape(others, (-1, 2)))
    return figure


def _axes(axes: Axes, attribute: str, action: Sequence[float]) -> None:
    dress(axes, ACTION_LABEL, rate_label(attribute))
    margin = 0.08 * max(max(action) - min(action), 0.1)
    axes.set_xlim(max(-0.02, min(action) - margin), min(1.02, max(action) + margin))
    axes.set_ylim(-0.03, 1.06)
    axes.grid(color=LINE, linewidth=0.5)
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)


def _interval(axes: Axes, row: Row, x: float, color: str) -> None:
    if row['strongest_low'] is not None:
        axes.plot(
            [x, x],
            [row['strongest_low'], row['strongest_high']],
            color=color,
            linewidth=1,
            zorder=3,
        )
