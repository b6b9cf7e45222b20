# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The tiers of an audit: what an attacker knows, from the control to the one that undoes the anonymization."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tier:
    """What the attackers of a tier know.

    Args:
        title (str): Name in tables and pictures.
        sentence (str): What they know, in plain words.
    """

    title: str
    sentence: str


CONTROL = 'control'
"""str: The tier without anonymization; it tells whether the attackers can attack at all."""

TIERS: dict[str, Tier] = {
    CONTROL: Tier(
        'control',
        'Learns from original clips and judges original clips. It has to succeed: where it does not, nothing can be said about '
        'the anonymized ones.',
    ),
    'ignorant': Tier(
        'ignorant', 'Learns from original clips and does not know that the clips are anonymized.'
    ),
    'lazy_informed': Tier(
        'lazy-informed',
        'Learns from original clips, and compares anonymized clips with anonymized clips of known people.',
    ),
    'semi_informed': Tier(
        'semi-informed',
        'Anonymizes clips of known people with the same method, learns from them and judges the others. Methods are ranked by it.',
    ),
    'adaptive': Tier(
        'adaptive',
        'Learns from original clips first and from anonymized ones afterwards; the best of several networks and seeds. The '
        'figure to quote.',
    ),
    'original_enrolled': Tier(
        'original enrolled',
        'Holds original clips of the people and looks for them among the anonymized clips.',
    ),
    'inversion': Tier(
        'inversion',
        'Learns from pairs of original and anonymized clips to undo the anonymization, and reads the result as the control does.',
    ),
}
"""dict[str, Tier]: All tiers by their key in report.json, in the order in which they are shown."""
