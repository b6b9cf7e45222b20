# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Action accuracy against what attackers read, from one validation to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from .furniture import INK, PAPER, QUIET, headings, new_figure
from .viewer.page import METHOD_COLORS

_MARKERS = 'osD^v<>'


def trade_off(
    action: Sequence[float],
    privacy: Mapping[str, Sequence[float]],
    chances: Mapping[str, float] | None = None,
) -> Figure:
    """Draw how action accuracy and privacy accuracies moved together.

    Args:
        action (Sequence[float]): Action accuracy from 0 to 1 at each validation.
        privacy (dict[str, Sequence[float]]): From an attacker to its accuracy from 0 to 1 at the same validations. Where it has
            fewer values, they are the last ones.
        chances (dict[str, float], optional): Accuracy of guessing, of some attackers. Defaults to None.

    Returns:
        Figure: One line an attacker, its last point filled, guessing dotted. The axes are the same every time.

    Raises:
        ValueError: If there is no value to draw.
    """
    if not len(action) or not any(len(values) for values in privacy.values()):
        raise ValueError('there is no validation yet of both actions and a private attribute')
    figure = new_figure((6.6, 4.4), dpi=110)
    axes = figure.add_axes((0.1, 0.13, 0.52, 0.76), facecolor=PAPER)
    names = headings(list(privacy), 24)
    for index, (name, values) in enumerate(zip(names, privacy.values(), strict=True)):
        number = min(len(values), len(action))
        if not number:
            continue
        x, y = values[-number:], action[-number:]
        color = METHOD_COLORS[index % len(METHOD_COLORS)][0]
        marker = _MARKERS[index % len(_MARKERS)]
        axes.plot(x, y, color=color, linewidth=1.3, alpha=0.8, zorder=2)
        axes.plot(
            x[:-1], y[:-1], marker, color=color, markersize=4, markerfacecolor='white', zorder=3
        )
        label = f'{name}: {x[-1]:.1%}'
        axes.plot(x[-1:], y[-1:], marker, color=color, markersize=7.5, label=label, zorder=4)
    for chance in sorted(set((chances or {}).values())):
        axes.axvline(chance, color=QUIET, linewidth=1, linestyle=':', zorder=1)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_xlabel('private attribute read', color=INK, fontsize=9.5)
    axes.set_ylabel('action read', color=INK, fontsize=9.5)
    axes.tick_params(labelsize=8.5, colors=QUIET, width=0.6)
    axes.spines[:].set_visible(False)
    axes.grid(color='white', linewidth=1, zorder=0)
    title = f'validation {len(action)}: action {action[-1]:.1%}'
    axes.set_title(title, loc='left', fontsize=10.5, color=INK)
    legend = figure.legend(
        loc='upper left', bbox_to_anchor=(0.63, 0.9), frameon=False, fontsize=8.5, labelcolor=INK
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    figure.text(0.645, 0.13, 'Up and left is better;\ndotted: guessing.', fontsize=8.5, color=QUIET)
    return figure
