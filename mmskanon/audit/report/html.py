# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The page of a report: one file that needs no network and loads nothing.

Texts of the document are escaped wherever they stand, and the page's own policy admits its one script and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from mmskanon.audit.tiers import TIERS
from mmskanon.skeletons.layouts import get_layout
from mmskanon.visualization.web import render_page

from .animation import Example, animation_data
from .key_figures import lowest_eer, strongest_attack, strongest_of_tiers, utility
from .pictures import Picture
from .plots import PALETTE
from .schema import CLAIMS
from .tables import Row, attacker_rows, key_table

TEMPLATES = Path(__file__).resolve().parent / 'template'
TOPICS = {
    'roc': 'ROC curves of the strongest attackers',
    'histograms': 'Scores of pairs',
    'classes': 'For each {attribute}',
    'confusion': 'For whom people are taken',
}


def percent(value: float | None, digits: int = 1) -> str:
    """A fraction in percent; a dash where it was not computed."""
    return '–' if value is None else f'{value:.{digits}%}'


def plain_words(doc: Mapping, method: str) -> list[str]:
    """What was found on a method, for those who do not know the field.

    Args:
        doc (Mapping): Document of an audit.
        method (str): Method.

    Returns:
        list[str]: Sentences.
    """
    sentences = []
    for attribute, about in doc['data']['attributes'].items():
        attack = strongest_attack(doc, method, attribute)
        verifier = lowest_eer(doc, method, attribute)
        if attack is None and verifier is None:
            sentences.append(f'Nobody tried to read {attribute} from these clips.')
        if attack is not None:
            done = (
                'named the right person' if attribute == 'subject' else f'read {attribute} rightly'
            )
            within = ''
            if attack.interval:
                low, high = map(percent, attack.interval)
                within = f' (95% interval {low} to {high})'
            sentences.append(
                f'The strongest attacker ({TIERS[attack.tier].title}, {attack.attacker}) {done} in '
                f'{percent(attack.figures["rank1"])} of the clips{within}; guessing is right in '
                f'{percent(about["chance"])}.'
            )
        if verifier is not None:
            lucky = ''
            if about.get('eer_bound') is not None:
                lucky = f', and the luckiest of as many guesses in less than {percent(about["eer_bound"])} in one audit of twenty'
            about_people = attribute in ('subject', 'subject_open')
            sentences.append(
                f'Asked whether two clips show the same {"person" if about_people else attribute}, an attacker errs in '
                f'{percent(verifier.figures["eer"])}; guessing errs in {percent(0.5, 0)}{lucky}.'
            )
    action = utility(doc, method, 'fixed')
    if action is not None:
        sentences.append(
            f'A recognizer trained on original clips still reads the action in {percent(action)} of the clips.'
        )
    return sentences


def render_html(
    doc: Mapping,
    pictures: Sequence[Picture],
    examples: Sequence[Example],
    displacement: Mapping[str, np.ndarray],
) -> str:
    """Make the page.

    Args:
        doc (Mapping): Document of an audit.
        pictures (Sequence[Picture]): Its pictures.
        examples (Sequence[Example]): Samples to play.
        displacement (Mapping[str, np.ndarray]): For each method how far each joint was moved, shape (V,), mm.

    Returns:
        str: The page.
    """
    attributes = doc['data']['attributes']
    return render_page(
        TEMPLATES,
        'report.html',
        style='report.css',
        scripts=('stage.js', 'report.js'),
        palette=PALETTE,
        filters=dict(percent=percent),
        doc=doc,
        tiers=TIERS,
        claims=CLAIMS,
        methods=[_method(doc, name, pictures) for name in doc['methods']],
        overviews=[_of(pictures, '', attribute) for attribute in attributes],
        key_tables={attribute: key_table(doc, attribute) for attribute in attributes},
        attackers=attacker_rows(doc),
        displacement=_displacement(pictures, examples, displacement),
        animations=animation_data(examples),
    )


def _of(pictures: Sequence[Picture], method: str, attribute: str) -> dict[str, Any]:
    """The pictures of a method and an attribute, by topic, as parts of the page."""
    return {
        picture.topic: dict(
            svg=Markup(picture.svg),
            description=picture.description,
            title=TOPICS.get(picture.topic, '').format(attribute=attribute),
        )
        for picture in pictures
        if (picture.method, picture.attribute) == (method, attribute)
    }


def _method(doc: Mapping, name: str, pictures: Sequence[Picture]) -> dict[str, Any]:
    entry = doc['methods'][name]
    passed = [gate.get('passed') for gate in entry['gates']]
    counts = dict(passed=passed.count(True), failed=passed.count(False), open=passed.count(None))
    return dict(
        name=name,
        claim=entry['verdict']['claim'],
        sentence=entry['verdict']['sentence'],
        words=plain_words(doc, name),
        gates=entry['gates'],
        counts=counts,
        files=entry['files'],
        groups=entry.get('groups') or {},
        figures={attribute: _of(pictures, name, attribute) for attribute in entry['privacy']},
        rates={
            attribute: strongest_of_tiers(doc, name, attribute) for attribute in entry['privacy']
        },
    )


def _displacement(
    pictures: Sequence[Picture], examples: Sequence[Example], by_method: Mapping[str, np.ndarray]
) -> dict[str, Any] | None:
    drawn = _of(pictures, '', '').get('displacement')
    if drawn is None:
        return None
    layout = get_layout(examples[0].layout)
    rows: list[Row] = [
        dict(joint=joint, moved=[f'{moved[i]:.0f}' for moved in by_method.values()])
        for i, joint in enumerate(layout.joints)
    ]
    unit = 'mm' if layout.unit == 'm' else 'px'
    return drawn | dict(methods=list(by_method), rows=rows, unit=unit)
