# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What has to hold before an audit may say anything, and what it then says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .measures import Yardstick, strongest
from .tiers import CONTROL, TIERS

# Of what is readable above chance, the control attacker has to read at least half.
_CONTROL_SHARE = 0.5
# How far the original passed off as anonymized may lie from the control, with attackers of another seed.
_IDENTITY_TOLERANCE = 0.05
NOISE = 'noise gives chance'
_NO_CONTROLS = 'Not looked at: none of the control_attackers counts.'


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
    entry: Mapping[str, Any], document: Mapping[str, Any], yard: Yardstick, min_genuine: int
) -> list[Gate]:
    """Look at every condition.

    Args:
        entry (Mapping): Results of the method.
        document (Mapping): Document of the audit so far, with the controls.
        yard (Yardstick): Measures of re-identification.
        min_genuine (int): Fewest genuine and impostor pairs for a verdict.

    Returns:
        list[Gate]: The gates.
    """
    tiers = entry['privacy']['subject']['tiers']
    return [
        _control_gate(tiers['control'], yard),
        _identity_gate(document['controls']['identity'], tiers['control'], document),
        _noise_gate(document['controls']['noise'], document, yard),
        _convergence_gate(tiers, document['attackers']),
        _trials_gate(document, min_genuine),
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
    best = strongest(identity, document['attackers'])
    if best is None:
        return Gate('identity reproduces the control', None, _NO_CONTROLS)
    found, known = identity[best]['rank1'], control['attackers'][best]['rank1']
    return Gate(
        'identity reproduces the control',
        abs(found - known) <= _IDENTITY_TOLERANCE,
        f'Originals passed off as anonymized, attacked with another seed ({best}): {found:.1%}, against {known:.1%} in the control; '
        f'they may differ by {_IDENTITY_TOLERANCE:.0%}.',
    )


def _noise_gate(noise: Mapping, document: Mapping, yard: Yardstick) -> Gate:
    best = strongest(noise, document['attackers'])
    if best is None:
        return Gate(NOISE, None, _NO_CONTROLS)
    bound = yard.guess_bound(len(noise))
    return Gate(
        NOISE,
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


def _trials_gate(document: Mapping, min_genuine: int) -> Gate:
    lists = document['data']['trials']['subject']
    genuine = lists['matched']['genuine']
    impostor = lists['matched']['pairs'] - genuine
    enough = genuine >= min_genuine and impostor >= min_genuine
    return Gate(
        'no trial is missing',
        enough,
        f'Every clip tried has an answer of every attacker; verification has {genuine} genuine and {impostor} impostor pairs'
        f'{"." if enough else f", of which at least {min_genuine} each are needed."}',
    )


def number_of_guesses(attackers: int, tiers: int, questions: int) -> int:
    """How often whoever knows nothing may guess in an audit of one method: with every attacker in every tier about every question, who it is and whether two clips show one person."""
    return max(2 * attackers * tiers * questions, 1)


def judge_verdict(
    entry: Mapping[str, Any],
    gates: Sequence[Gate],
    document: Mapping[str, Any],
    yards: Mapping[str, Yardstick],
) -> dict[str, str]:
    """Say what follows.

    Args:
        entry (Mapping): Results of the method.
        gates (Sequence[Gate]): Its gates.
        document (Mapping): Document of the audit.
        yards (Mapping[str, Yardstick]): Measures of each question.

    Returns:
        dict: ``claim``, one of ``'leaks'``, ``'not_shown'``, ``'no_claim'``, and ``sentence``. A leak that was found is a leak whatever the
        other gates say, unless the audit finds people in noise; that none was found means something only where all gates were looked at and hold, and
        where nothing was read that few people can neither prove nor rule out.
    """
    noise = next(g for g in gates if g.name == NOISE)
    if noise.passed is False:
        return dict(
            claim='no_claim',
            sentence=f'No claim, because the audit itself is at fault. {noise.sentence}',
        )
    found = [
        finding
        for question, yard in yards.items()
        for finding in (
            _naming(question, yard, entry, document, len(yards)),
            _linking(question, yard, entry, document, len(yards)),
        )
        if finding is not None
    ]
    leaks = [f for f in found if f.leaks]
    if leaks:
        more = ' A larger budget may find more.' if document['lower_bound'] else ''
        return dict(
            claim='leaks', sentence=f'Leaks: the strongest attacker {_and(leaks, "told")}.{more}'
        )
    if not found:
        return dict(claim='no_claim', sentence='No claim: no attack on anonymized clips was tried.')
    broken = [g for g in gates if not g.passed]
    if broken:
        names = '; '.join(g.name for g in broken)
        return dict(
            claim='no_claim',
            sentence=f'No claim: the strongest attacker {_and(found, "told")}, but not every gate holds ({names}).',
        )
    unclear = [f for f in found if f.unclear]
    if unclear:
        return dict(
            claim='no_claim',
            sentence=f'No claim: the strongest attacker {_and(unclear, "told")}, more than guesses about single clips explain, and no more than '
            'guesses about so few people may. Audit more people.',
        )
    return dict(
        claim='not_shown',
        sentence=f'Not shown to leak by these attackers at this budget ({document["budget"]}): the strongest {_and(found, "told")}; the luckiest of '
        f'as many guesses {_and(found, "limit")}.',
    )


@dataclass(frozen=True)
class _Finding:
    """What the best attack says about a question, and what the luckiest guess may say."""

    told: str
    limit: str
    leaks: bool
    unclear: bool = False


def _and(findings: Sequence[_Finding], field: str) -> str:
    return ' and '.join(getattr(f, field) for f in findings)


def _naming(
    question: str, yard: Yardstick, entry: Mapping, document: Mapping, questions: int
) -> _Finding | None:
    """Who or what the strongest attacker names."""
    tiers = _tried(question, entry)
    found = {
        tier: (results['strongest'], results['attackers'][results['strongest']]['rank1'])
        for tier, results in tiers.items()
        if results['strongest'] is not None
    }
    if not found:
        return None
    tier = max(found, key=lambda t: found[t][1])
    attacker, rank1 = found[tier]
    guesses = number_of_guesses(len(_counted(document)), len(found), questions)
    bound = yard.guess_bound(guesses)
    what = 'people' if question == 'subject' else f'values of {question}'
    leaks = rank1 > yard.leak_bound(guesses)
    return _Finding(
        f'names {rank1:.1%} of the {what} ({TIERS[tier].title}, {attacker}; chance {yard.chance:.1%})',
        f'names {bound:.1%}',
        leaks,
        rank1 > bound and not leaks,
    )


def _linking(
    question: str, yard: Yardstick, entry: Mapping, document: Mapping, questions: int
) -> _Finding | None:
    """How well two clips of a person are told from clips of two; for other attributes that is not asked, since guesses about people would tell, too."""
    counted = _counted(document)
    tiers = _tried(question, entry)
    rates = {
        (tier, name): figures['eer']
        for tier, results in tiers.items()
        for name, figures in results['attackers'].items()
        if name in counted and figures['eer'] is not None
    }
    bound = yard.eer_bound(number_of_guesses(len(counted), len(tiers), questions))
    if yard.task.kind == 'attribute' or not rates or bound is None:
        return None
    tier, attacker = min(rates, key=rates.__getitem__)
    eer = rates[tier, attacker]
    whom = ' whom attackers have not trained on' if yard.task.kind == 'open' else ''
    return _Finding(
        f'links clips of a person{whom} with an equal error rate of {eer:.1%} ({TIERS[tier].title}, {attacker}; chance 50%)',
        f'links them with {bound:.1%}',
        eer < bound,
    )


def _tried(question: str, entry: Mapping) -> dict[str, Mapping]:
    """Results of the tiers in which anonymized clips are attacked."""
    tiers = entry['privacy'][question]['tiers']
    return {tier: results for tier, results in tiers.items() if tier != CONTROL}


def _counted(document: Mapping) -> list[str]:
    return [name for name, about in document['attackers'].items() if about['counts']]
