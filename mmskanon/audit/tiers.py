# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Tiers: what an attacker knows. Each says what is learned from, what people are enrolled by, and what is tried.

The first names follow the VoicePrivacy challenges (Tomashenko et al., "The VoicePrivacy 2020 Challenge: results and findings",
Computer Speech & Language 74, 2022), which ask the same of anonymized speech.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tier:
    """One tier.

    Args:
        training (str): ``'original'``: fitted on original clips. ``'anonymized'``: fitted on anonymized clips. ``'both'``: fine-tuned on
            anonymized clips after original ones, or fitted on both together where an attacker cannot be fine-tuned.
        enrol (str): File of the enrolment clips: ``'original'`` or ``'anonymized'``.
        trial (str): File of the clips tried: ``'original'``, ``'anonymized'``, or ``'inverted'``, which is what a regressor makes of the
            anonymized file.
        sentence (str): What the attacker knows, in words.
        by_template (bool): Whether people are known by their enrolment clips alone. Defaults to False.
    """

    training: str
    enrol: str
    trial: str
    sentence: str
    by_template: bool = False


TIERS = {
    'control': Tier(
        'original',
        'original',
        'original',
        'No anonymization: learns from, enrols and tries originals.',
    ),
    'ignorant': Tier(
        'original',
        'original',
        'anonymized',
        'Does not know of the anonymization: learns from and enrols originals.',
    ),
    'lazy_informed': Tier(
        'original',
        'anonymized',
        'anonymized',
        'Knows of it but does not learn anew: enrols people by anonymized clips.',
        by_template=True,
    ),
    'semi_informed': Tier(
        'anonymized',
        'anonymized',
        'anonymized',
        'Has the anonymizer: learns from, enrols and tries anonymized clips.',
    ),
    'adaptive': Tier(
        'both',
        'anonymized',
        'anonymized',
        'Has the anonymizer and originals: learns from both; the best of these attackers and of the semi-informed.',
    ),
    'original_enrolled': Tier(
        'both',
        'original',
        'anonymized',
        'Holds original clips of the people and has the anonymizer: learns from both, enrols originals.',
    ),
    'inversion': Tier(
        'original',
        'original',
        'inverted',
        'Learns from pairs to recover originals from anonymized clips, then reads those like originals.',
    ),
}
"""dict[str, Tier]: All tiers, from the least informed."""
