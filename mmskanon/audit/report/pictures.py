# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""All pictures of a report, drawn once for the files and for the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from mmskanon.audit.tiers import CONTROL, TIERS
from mmskanon.skeletons.layouts import get_layout

from . import plots
from .animation import Example
from .key_figures import Attack, strongest_attack, strongest_of_tiers

ScoreReader = Callable[[str, str, str], Mapping[str, np.ndarray] | None]
"""From method, attribute and tier to the arrays of the tier's strongest attacker: ``labels`` (n,), positions in the attribute's
values, ``log_posterior`` (n, K), and where verification was done ``genuine`` (P,) and ``pair_scores`` (P,); None if not kept."""


@dataclass(frozen=True)
class Picture:
    """One picture of a report.

    Args:
        name (str): Name of its file without the ending, different for each picture.
        topic (str): What it is about: ``'privacy_utility'``, ``'tiers'``, ``'roc'``, ``'histograms'``, ``'classes'``,
            ``'confusion'`` or ``'displacement'``.
        method (str): Method, '' where it shows all of them.
        attribute (str): Private attribute, '' where it is about none.
        description (str): What is to be seen, in words.
        png (bytes): The file.
        svg (str): The element of the page.
    """

    name: str
    topic: str
    method: str
    attribute: str
    description: str
    png: bytes
    svg: str


def draw_pictures(
    doc: Mapping,
    scores: ScoreReader,
    examples: Sequence[Example],
    displacement: Mapping[str, np.ndarray],
) -> list[Picture]:
    """Draw whatever there are figures for.

    Args:
        doc (Mapping): Document of an audit.
        scores (Callable): Reads the raw scores of a method, attribute and tier.
        examples (Sequence[Example]): Samples; the first frame of the first one is the body on which displacement is drawn.
        displacement (Mapping[str, np.ndarray]): For each method how far each joint was moved, shape (V,), mm.

    Returns:
        list[Picture]: The pictures.
    """
    taken: set[str] = set()
    return [
        Picture(
            name=_file_name((method, attribute, topic), taken),
            topic=topic,
            method=method,
            attribute=attribute,
            description=description,
            png=plots.png(figure),
            svg=plots.svg(figure, description),
        )
        for topic, method, attribute, description, figure in _figures(
            doc, scores, examples, displacement
        )
        if figure is not None
    ]


def _file_name(parts: Sequence[str], taken: set[str]) -> str:
    """A name that any file system takes, different from those that are taken."""
    words = [re.sub(r'[^A-Za-z0-9._-]+', '_', part).strip('._')[:60] for part in parts]
    name = first = '_'.join(word for word in words if word)
    number = 2
    while name.lower() in taken:
        name, number = f'{first}_{number}', number + 1
    taken.add(name.lower())
    return name


def _figures(
    doc: Mapping,
    scores: ScoreReader,
    examples: Sequence[Example],
    displacement: Mapping[str, np.ndarray],
) -> Iterator[tuple[str, str, str, str, Figure | None]]:
    for attribute in doc['data']['attributes']:
        text = f'Action accuracy against how often attackers read {attribute} rightly, each method and tier.'
        yield 'privacy_utility', '', attribute, text, plots.privacy_utility(doc, attribute)
        text = f'How often the strongest attacker of each tier reads {attribute} rightly, a row for each method.'
        yield 'tiers', '', attribute, text, plots.tiers_by_method(doc, attribute)
    for method in doc['methods']:
        for attribute in doc['methods'][method]['privacy']:
            yield from _of_method(doc, scores, method, attribute)
    if examples and displacement:
        layout, pose = get_layout(examples[0].layout), _pose(examples[0].original)
        text = (
            'Mean distance of each joint from its original place, drawn on the body: '
            + '; '.join(
                f'{method} {np.mean(moved):.0f} on average, most at {layout.joints[int(np.argmax(moved))]}'
                for method, moved in displacement.items()
            )
        )
        figure = plots.displacement(displacement, layout, pose)
        yield 'displacement', '', '', f'{text}.', figure


def _pose(clip: np.ndarray) -> np.ndarray:
    """The first body of a clip (M, T, V, C) that is there, shape (V, C)."""
    bodies = clip.reshape(-1, *clip.shape[2:])
    return bodies[int(np.argmax(bodies.any(axis=(1, 2))))]


def _of_method(
    doc: Mapping, scores: ScoreReader, method: str, attribute: str
) -> Iterator[tuple[str, str, str, str, Figure | None]]:
    attacks = strongest_of_tiers(doc, method, attribute)
    arrays = {tier: scores(method, attribute, tier) for tier in attacks}
    pairs = {
        tier: (attacks[tier].attacker, np.asarray(found['genuine'], bool), found['pair_scores'])
        for tier, found in arrays.items()
        if found is not None and found.get('pair_scores') is not None
    }
    if pairs:
        listed = '; '.join(
            f'{TIERS[tier].title} {_eer(attacks[tier])}' for tier in attacks if tier in pairs
        )
        text = f'ROC curves of the strongest attacker of each tier on {method}. Equal error rates: {listed}.'
        yield 'roc', method, attribute, text, plots.roc_curves(pairs)
        text = f'Histograms of scores of pairs of one person and of two people, each tier, on {method}.'
        yield 'histograms', method, attribute, text, plots.score_histograms(pairs)
    worst = strongest_attack(doc, method, attribute)
    if worst is None:
        return
    per_class = worst.figures.get('per_class')
    if per_class:
        chance = doc['data']['attributes'][attribute]['chance']
        control = attacks[CONTROL].figures.get('per_class') if CONTROL in attacks else None
        figure = plots.class_bars(per_class, control, worst.tier, chance, attribute)
        low, high = (f(per_class, key=per_class.get) for f in (min, max))
        text = (
            f'Share of clips of each {attribute} that the strongest attacker reads rightly on {method}: from '
            f'{per_class[low]:.1%} ({low}) to {per_class[high]:.1%} ({high}).'
        )
        yield 'classes', method, attribute, text, figure
    matrices = {
        tier: (
            attacks[tier].attacker,
            plots.confusion(arrays[tier]['labels'], arrays[tier]['log_posterior']),
        )
        for tier in (CONTROL, worst.tier)
        if arrays.get(tier) is not None
    }
    if matrices:
        values = doc['data']['attributes'][attribute]['values']
        text = f'Confusion matrices of the strongest attacker on {method}, in percent of each true {attribute}.'
        figure = plots.confusion_matrices(matrices, values, attribute)
        yield 'confusion', method, attribute, text, figure


def _eer(attack: Attack) -> str:
    eer = attack.figures.get('eer')
    return 'not computed' if eer is None else f'{eer:.1%}'
