# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Tiers: what an attacker knows. Each says what is learned from, what people are enrolled by, and what is tried.

The first names follow the VoicePrivacy challenges (Tomashenko et al., "The VoicePrivacy 2020 Challenge: results and findings",
Computer Speech & Language 74, 2022), which ask the same of anonymized speech.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tier:
    """What the attackers of a tier know.

    Args:
        title (str): Name in tables and pictures.
        sentence (str): What they know, in plain words.
        training (str): ``'original'``: fitted on original clips. ``'anonymized'``: fitted on anonymized clips. ``'both'``: fine-tuned on
            anonymized clips after original ones, or fitted on both together where an attacker cannot be fine-tuned.
        enrol (str): File of the enrolment clips: ``'original'`` or ``'anonymized'``.
        by_template (bool): Whether people are known by their enrolment clips alone. Defaults to False.
    """

    title: str
    sentence: str
    training: str
    enrol: str
    by_template: bool = False


CONTROL = 'control'
"""str: The tier without anonymization; it tells whether the attackers can attack at all."""

TIERS: dict[str, Tier] = {
    CONTROL: Tier(
        'control',
        'Learns from original clips and judges original clips. It has to succeed: where it does not, nothing can be said about '
        'the anonymized ones.',
        training='original',
        enrol='original',
    ),
    'ignorant': Tier(
        'ignorant',
        'Learns from original clips and does not know that the clips are anonymized.',
        training='original',
        enrol='original',
    ),
    'lazy_informed': Tier(
        'lazy-informed',
        'Learns from original clips, and compares anonymized clips with anonymized clips of known people.',
        training='original',
        enrol='anonymized',
        by_template=True,
    ),
    'semi_informed': Tier(
        'semi-informed',
        'Anonymizes clips of known people with the same method, learns from them and judges the others. Methods are ranked by it.',
        training='anonymized',
        enrol='anonymized',
    ),
    'adaptive': Tier(
        'adaptive',
        'Learns from original clips first and from anonymized ones afterwards, or from those alone where that is better; the best '
        'of all attackers. The figure to quote.',
        training='both',
        enrol='anonymized',
    ),
    'original_enrolled': Tier(
        'original enrolled',
        'Holds original clips of the people and looks for them among the anonymized clips, after learning from both.',
        training='both',
        enrol='original',
    ),
    'inversion': Tier(
        'inversion',
        'Learns from pairs of original and anonymized clips to undo the anonymization, and reads the result as the control does.',
        training='original',
        enrol='original',
    ),
}
"""dict[str, Tier]: All tiers by their key in report.json, in the order in which they are shown."""
