# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The figures of an audit that are quoted: the strongest attacker of a tier, of all tiers, and what the data are still good for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmskanon.audit.tiers import CONTROL, TIERS


@dataclass(frozen=True)
class Attack:
    """What one attacker reads from the clips of a method.

    Args:
        tier (str): Its tier.
        attacker (str): Its name.
        figures (Mapping): Its figures in the document.
    """

    tier: str
    attacker: str
    figures: Mapping[str, Any]

    @property
    def interval(self) -> tuple[float, float] | None:
        """tuple[float, float], optional: 95 % interval of the rank-1 rate."""
        interval = self.figures.get('rank1_interval')
        return tuple(interval) if interval else None


def tier_results(doc: Mapping, method: str, attribute: str) -> dict[str, Mapping]:
    """Return the tiers that were run on an attribute of a method, in the order of :data:`TIERS`; none if there are none.

    Args:
        doc (Mapping): Document of an audit.
        method (str): Method.
        attribute (str): Private attribute.

    Returns:
        dict[str, Mapping]: For each tier its results.
    """
    tiers = doc['methods'][method]['privacy'].get(attribute, {}).get('tiers', {})
    return {name: tiers[name] for name in TIERS if name in tiers}


def strongest_of_tiers(doc: Mapping, method: str, attribute: str) -> dict[str, Attack]:
    """Return the strongest attacker of each tier that has one.

    Args:
        doc (Mapping): Document of an audit.
        method (str): Method.
        attribute (str): Private attribute.

    Returns:
        dict[str, Attack]: By tier, in the order of :data:`TIERS`.
    """
    return {
        tier: Attack(tier, results['strongest'], results['attackers'][results['strongest']])
        for tier, results in tier_results(doc, method, attribute).items()
        if results.get('strongest') is not None
    }


def strongest_attack(doc: Mapping, method: str, attribute: str) -> Attack | None:
    """Return the attacker with the highest rank-1 rate over all tiers but the control.

    Args:
        doc (Mapping): Document of an audit.
        method (str): Method.
        attribute (str): Private attribute.

    Returns:
        Attack, optional: The attack; None where no tier was run. Of equal ones, that which knows less.
    """
    attacks = strongest_of_tiers(doc, method, attribute)
    attacks.pop(CONTROL, None)
    return max(attacks.values(), key=lambda attack: attack.figures['rank1'], default=None)


def lowest_eer(doc: Mapping, method: str, attribute: str) -> Attack | None:
    """Return the attacker with the lowest equal error rate over all tiers but the control, among those that count.

    Args:
        doc (Mapping): Document of an audit.
        method (str): Method.
        attribute (str): Private attribute.

    Returns:
        Attack, optional: The attack; None where nothing was verified.
    """
    attacks = [
        attack
        for attack in all_attacks(doc, method, attribute)
        if attack.tier != CONTROL
        and doc['attackers'][attack.attacker]['counts']
        and attack.figures.get('eer') is not None
    ]
    return min(attacks, key=lambda attack: attack.figures['eer'], default=None)


def all_attacks(doc: Mapping, method: str, attribute: str) -> Iterator[Attack]:
    """Yield every attacker of every tier of a method.

    Args:
        doc (Mapping): Document of an audit.
        method (str): Method.
        attribute (str): Private attribute.

    Yields:
        Attack: Tier after tier.
    """
    for tier, results in tier_results(doc, method, attribute).items():
        for name, figures in results['attackers'].items():
            yield Attack(tier, name, figures)


def utility(doc: Mapping, method: str, part: str, key: str = 'top1') -> float | None:
    """Return a figure of a method's utility, such as the top-1 accuracy of the recognizer that was trained on original clips.

    Args:
        doc (Mapping): Document of an audit.
        method (str): Method.
        part (str): ``'fixed'``, ``'retrained'``, ``'retrained_on_original'``, ``'unseen_architecture'`` or ``'unseen_actions'``.
        key (str): Key in that part. Defaults to ``'top1'``.

    Returns:
        float, optional: The figure; None where it was not computed.
    """
    return ((doc['methods'][method].get('utility') or {}).get(part) or {}).get(key)


def fidelity(doc: Mapping, method: str, key: str) -> float | None:
    """Return a figure of a method's fidelity, such as ``'mpjpe_mm'``; None where it was not computed.

    Args:
        doc (Mapping): Document of an audit.
        method (str): Method.
        key (str): Key of the figure.

    Returns:
        float, optional: The figure.
    """
    return (doc['methods'][method].get('fidelity') or {}).get(key)
