# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What has to hold before an audit may say anything, and what it then says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mmengine.config import Config

from .measures import Yardstick, strongest

# Of what is readable above chance, the control attacker has to read at least half.
_CONTROL_SHARE = 0.5
# How far the original passed off as anonymized may lie from the control, with attackers of another seed.
_IDENTITY_TOLERANCE = 0.05
INFORMED = ('semi_informed', 'adaptive', 'original_enrolled')


@dataclass(frozen=True)
class Gate:
    """One condition of a claim.

    Args:
        name (str): Name.
        passed (bool, optional): Whether it holds; None if it was not looked at.
        sentence (str): What was found.
    """

    name: str
    passed: bool | None
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """The gate as a plain dict."""
        return asdict(self)


def judge_gates(
    entry: Mapping[str, Any], document: Mapping[str, Any], yard: Yardstick, cfg: Config
) -> list[Gate]:
    """Look at every condition.

    Args:
        entry (Mapping): Results of the method.
        document (Mapping): Document of the audit so far, with the controls.
        yard (Yardstick): Measures of re-identification.
        cfg (Config): Settings of the audit.

    Returns:
        list[Gate]: The gates.
    """
    tiers = entry['privacy']['subject']['tiers']
    return [
        _control_gate(tiers['control'], yard),
        _identity_gate(document['controls']['identity'], tiers['control'], document),
        _noise_gate(document['controls']['noise'], document, yard),
        _convergence_gate(tiers, document['attackers']),
        _trials_gate(document, cfg),
    ]


def _control_gate(control: Mapping, yard: Yardstick) -> Gate:
    rank1 = control['attackers'][control['strongest']]['rank1']
    needed = yard.chance + _CONTROL_SHARE * (1 - yard.chance)
    return Gate(
        'control attacker succeeds',
        rank1 >= needed,
        f'On originals the strongest attacker ({control["strongest"]}) names {rank1:.1%} of the people; at least {needed:.1%} is '
        'needed for a failure on anonymized clips to mean anything.',
    )


def _identity_gate(identity: Mapping, control: Mapping, document: Mapping) -> Gate:
    if not identity:
        return Gate('identity reproduces the control', None, 'Not looked at: no control_attackers.')
    best = strongest(identity, document['attackers'])
    found, known = identity[best]['rank1'], control['attackers'][best]['rank1']
    return Gate(
        'identity reproduces the control',
        abs(found - known) <= _IDENTITY_TOLERANCE,
        f'Originals passed off as anonymized, attacked with another seed ({best}): {found:.1%}, against {known:.1%} in the control; '
        f'they may differ by {_IDENTITY_TOLERANCE:.0%}.',
    )


def _noise_gate(noise: Mapping, document: Mapping, yard: Yardstick) -> Gate:
    if not noise:
        return Gate('noise gives chance', None, 'Not looked at: no control_attackers.')
    best = strongest(noise, document['attackers'])
    bound = yard.guess_bound(len(noise))
    return Gate(
        'noise gives chance',
        noise[best]['rank1'] <= bound,
        f'On independent noise the strongest attacker ({best}) names {noise[best]["rank1"]:.1%}; the best of {len(noise)} guessing '
        f'attackers stays within {bound:.1%}.',
    )


def _convergence_gate(tiers: Mapping, attackers: Mapping) -> Gate:
    unfinished = sorted(
        {
            f'{name} ({tier})'
            for tier in tiers
            for name, figures in tiers[tier]['attackers'].items()
            if attackers[name]['counts'] and not figures['converged']
        }
    )
    return Gate(
        'attackers have converged',
        not unfinished,
        f'Not trained to the end: {", ".join(unfinished)}.'
        if unfinished
        else 'Every attacker reached its training accuracy or a plateau over seeds and rates.',
    )


def _trials_gate(document: Mapping, cfg: Config) -> Gate:
    lists = document['data']['trials']['subject']
    genuine = lists['matched']['genuine']
    impostor = lists['matched']['pairs'] - genuine
    enough = genuine >= cfg.min_genuine and impostor >= cfg.min_genuine
    return Gate(
        'no trial is missing',
        enough,
        f'Every clip tried has an answer of every attacker; verification has {genuine} genuine and {impostor} impostor pairs'
        f'{"." if enough else f", of which at least {cfg.min_genuine} each are needed."}',
    )


def judge_verdict(
    entry: Mapping[str, Any], gates: Sequence[Gate], document: Mapping[str, Any], yard: Yardstick
) -> dict[str, str]:
    """Say what follows.

    Args:
        entry (Mapping): Results of the method.
        gates (Sequence[Gate]): Its gates.
        document (Mapping): Document of the audit.
        yard (Yardstick): Measures of re-identification.

    Returns:
        dict: ``claim``, one of ``'leaks'``, ``'not_shown'``, ``'no_claim'``, and ``sentence``. A leak that was found is a leak whatever the
        gates say; that none was found means something only where all of them hold.
    """
    tiers = {k: t for k, t in entry['privacy']['subject']['tiers'].items() if k != 'control'}
    worst = max(tiers, key=lambda k: tiers[k]['attackers'][tiers[k]['strongest']]['rank1'])
    best = tiers[worst]['strongest']
    rank1 = tiers[worst]['attackers'][best]['rank1']
    counted = sum(a['counts'] for a in document['attackers'].values())
    bound = yard.guess_bound(counted * len(tiers))
    figure = (
        f'{rank1:.1%} of the people ({worst.replace("_", "-")}, {best}; chance {yard.chance:.1%})'
    )
    broken = [g for g in gates if g.passed is False]
    noise = next(g for g in gates if g.name == 'noise gives chance')
    if noise.passed is False:
        return dict(
            claim='no_claim',
            sentence=f'No claim: {noise.sentence[0].lower()}{noise.sentence[1:]} The audit itself is at fault.',
        )
    if rank1 > bound:
        more = ' A larger budget may find more.' if document['lower_bound'] else ''
        return dict(
            claim='leaks', sentence=f'Leaks identity: the strongest attacker names {figure}.{more}'
        )
    if broken:
        return dict(
            claim='no_claim',
            sentence=f'No claim: the strongest attacker names {figure}, but not every gate holds ({broken[0].name}).',
        )
    return dict(
        claim='not_shown',
        sentence=f'Not shown to leak by these attackers at this budget ({document["budget"]}): the strongest names {figure}, and the best '
        f'of as many guesses stays within {bound:.1%}.',
    )
