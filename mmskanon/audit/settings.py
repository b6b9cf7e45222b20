# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Settings of an audit, checked before anything is trained."""

from __future__ import annotations

from mmengine.config import Config

from mmskanon.registry import ATTACKERS

from .tiers import CONTROL, TIERS


def configured(cfg: Config, key: str, device: str) -> dict[str, dict]:
    """Attackers or recognizers that are not switched off, each built once to see that it can be.

    Args:
        cfg (Config): Settings of the audit.
        key (str): ``'attackers'`` or ``'recognizers'``.
        device (str): Where networks run.

    Returns:
        dict[str, dict]: Their configs by name.

    Raises:
        ValueError: If there is none, or no attacker that may be the strongest.
    """
    made = {n: dict(c, device=device) for n, c in cfg[key].items() if c}
    for config in made.values():
        ATTACKERS.build(dict(config))
    if not made:
        raise ValueError(f'{cfg.filename}, key {key}: expected at least one, found none')
    if key == 'attackers' and not any(ATTACKERS.get(c['type']).counts for c in made.values()):
        raise ValueError(
            f'{cfg.filename}, key attackers: none of {sorted(made)} counts, all are only reported apart; add one that reads '
            'skeletons'
        )
    return made


def configured_tiers(cfg: Config) -> list[str]:
    """Tiers that the settings name.

    Args:
        cfg (Config): Settings of the audit.

    Returns:
        list[str]: Their keys, in the order in which they are shown.

    Raises:
        ValueError: If one is unknown, the control is not among them, or nothing else is.
    """
    unknown = [t for t in cfg.tiers if t not in TIERS]
    if unknown:
        raise ValueError(
            f'{cfg.filename}, key tiers: {unknown[0]!r} is no tier; choose from {list(TIERS)}'
        )
    chosen = [t for t in TIERS if t in cfg.tiers]
    if CONTROL not in chosen or len(chosen) < 2:
        raise ValueError(
            f'{cfg.filename}, key tiers: expected {CONTROL!r}, without which nothing shows that attackers are able to '
            f'find anyone, and at least one other, found {chosen}'
        )
    return chosen


def check_named(cfg: Config, key: str, what: str, values: list, file: str) -> None:
    """Make sure that the data have what the settings name.

    Args:
        cfg (Config): Settings of the audit.
        key (str): The setting, a list.
        what (str): What it lists.
        values (list): Those of all samples.
        file (str): The file with the samples.

    Raises:
        ValueError: If something named does not occur.
    """
    known = sorted(set(values), key=str)
    strange = [v for v in cfg[key] if v not in known]
    if strange:
        raise ValueError(
            f'{cfg.filename}, key {key}: {what} {strange[0]!r} is not in {file}; expected some of {known[:10]}'
        )
