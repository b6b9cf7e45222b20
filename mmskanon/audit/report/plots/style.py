# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How the pictures of a report look, and how a figure becomes a file or a part of a page.

Figures are made without pyplot and keep no state. On paper they are dark on white. In a page, each colour of the palette is a CSS
variable of the same meaning, so that the same drawing follows the reader's light or dark theme.
"""

from __future__ import annotations

import html
import io
import re

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from mmskanon.audit.tiers import TIERS
from mmskanon.visualization.web import BASE_PALETTE

# name of the CSS variable: colour on white, colour on a dark page
PALETTE = {
    **BASE_PALETTE,
    'chance': ('#b3261e', '#ff8a80'),
    'same': ('#d55e01', '#ff9a4d'),
    'other': ('#8a97a8', '#7d8a9c'),
    'control': ('#6e7783', '#9aa4b2'),
    'ignorant': ('#56b4e8', '#7cc8f2'),
    'lazy-informed': ('#0072b3', '#4aa3e0'),
    'semi-informed': ('#e69f01', '#f5bd4a'),
    'adaptive': ('#c4410a', '#ff7d4d'),
    'original-enrolled': ('#009e74', '#3fcf9f'),
    'inversion': ('#a5508d', '#d98cc4'),
}
INK, QUIET, LINE, PAPER, CHANCE, SAME, OTHER = (light for light, _ in list(PALETTE.values())[:7])
TIER_COLORS = {tier: PALETTE[tier.replace('_', '-')][0] for tier in TIERS}
TIER_MARKERS = dict(zip(TIERS, 'sov^DPX', strict=True))
PNG_DPI = 160


def new_figure(width: float, height: float) -> Figure:
    """Make a figure that lays itself out.

    Args:
        width (float): Width in inches.
        height (float): Height in inches.

    Returns:
        Figure: The figure, white.
    """
    figure = Figure(figsize=(width, height), layout='constrained', facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes, xlabel: str = '', ylabel: str = '', title: str = '') -> None:
    """Give axes the look of the report: two thin spines, quiet ticks, labels in ink.

    Args:
        axes (Axes): The axes, changed in place.
        xlabel (str): Label of the x axis. Defaults to ''.
        ylabel (str): Label of the y axis. Defaults to ''.
        title (str): Heading, set to the left. Defaults to ''.
    """
    axes.set_facecolor('none')
    for side, spine in axes.spines.items():
        spine.set_visible(side in ('left', 'bottom'))
        spine.set(color=QUIET, linewidth=0.6)
    axes.tick_params(colors=QUIET, labelsize=8, width=0.6, length=3)
    axes.set_xlabel(xlabel, color=INK, fontsize=8.5)
    axes.set_ylabel(ylabel, color=INK, fontsize=8.5)
    axes.set_title(title, color=INK, fontsize=9, loc='left')
    axes.set_axisbelow(True)


def percent_axis(axis: matplotlib.axis.Axis) -> None:
    """Label fractions on an axis as percentages."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f'{100 * value:g}%'))


def legend(holder: Axes | Figure, **options: object) -> None:
    """Add a legend in the look of the report to axes or to a figure."""
    style = dict(frameon=False, fontsize=8, labelcolor=INK, handlelength=1.6, columnspacing=1.4)
    holder.legend(**(style | options))


def plain(text: str, most: int = 28) -> str:
    """Make a name fit for a picture: one line, at most so long, no formula in it.

    Args:
        text (str): The name.
        most (int): Characters. Defaults to 28.

    Returns:
        str: The name as matplotlib takes it.
    """
    text = ' '.join(''.join(c if c.isprintable() else ' ' for c in text).split())
    text = text if len(text) <= most else f'{text[: most - 1]}…'
    return text.replace('$', r'\$')


def settle(figure: Figure) -> None:
    """Let a figure lay itself out, once for all its drawings."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine('none')


def png(figure: Figure) -> bytes:
    """Draw a figure as PNG.

    Args:
        figure (Figure): The figure.

    Returns:
        bytes: The file.
    """
    settle(figure)
    file = io.BytesIO()
    figure.savefig(file, format='png', dpi=PNG_DPI, metadata={'Software': None})
    return file.getvalue()


def svg(figure: Figure, description: str) -> str:
    """Draw a figure as an element of a page, in the colours of the page and with its fonts.

    Args:
        figure (Figure): The figure.
        description (str): What is to be seen, for those who cannot see it.

    Returns:
        str: An ``svg`` element that refers to nothing outside itself.
    """
    settle(figure)
    file = io.StringIO()
    # Text stays text; the salt makes the names of the parts the same each time.
    with matplotlib.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': 'mmskanon'}):
        metadata = dict.fromkeys(('Date', 'Creator', 'Format', 'Type'))
        figure.savefig(file, format='svg', transparent=True, metadata=metadata)
    text = file.getvalue()
    text = text[text.index('<svg') :]
    text = re.sub(r'<metadata>.*?</metadata>', '', text, flags=re.DOTALL)
    head, _, body = text.partition('>')
    view = re.search(r'viewBox="[^"]*"', head)[0]
    width = float(re.search(r'width="([\d.]+)pt"', head)[1])
    # Groups are numbered anew in every figure; what is referred to by name is named by its content.
    body = re.sub(r'<g id="[^"]*">', '<g>', body)
    # matplotlib writes either font-family or, in other versions, the shorthand font.
    body = re.sub(r'font-family: [^;"]*', 'font-family: inherit', body)
    body = re.sub(
        r'font: (\w+ )?([\d.]+px)[^;"]*',
        lambda m: f'font-weight: {m[1] or "normal"}; font-size: {m[2]}; font-family: inherit',
        body,
    )
    for name, (light, _) in PALETTE.items():
        body = re.sub(light, f'var(--{name})', body, flags=re.IGNORECASE)
    return (
        f'<svg role="img" aria-label="{html.escape(description)}" {view} '
        f'style="max-width: {width * 2:.0f}px">{body.strip()}'
    )
