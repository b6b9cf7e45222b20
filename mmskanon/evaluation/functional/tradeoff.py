# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One number for utility and privacy together."""

from __future__ import annotations


def area(action_accuracy: float, privacy_accuracy: float) -> float:
    """Return the trade-off measure of Moon et al. (AAAI 2023): ``action * (1 - privacy)``.

    In [0, 1], higher is better: 1 is a perfect recognizer beside an attacker that is never right. With K balanced classes an
    attacker at chance leaves at most ``1 - 1 / K``, and a value above that does not mean more privacy.

    Args:
        action_accuracy (float): Top-1 accuracy of the recognizer, a fraction in [0, 1].
        privacy_accuracy (float): Top-1 accuracy of the attacker, a fraction in [0, 1].

    Returns:
        float: Area in [0, 1].

    Raises:
        ValueError: If a value is no fraction, such as a percentage.

    Example:
        >>> area(0.96, 0.125)
        0.84
    """
    for name, value in (('action', action_accuracy), ('privacy', privacy_accuracy)):
        if not 0.0 <= value <= 1.0:
            raise ValueError(
                f'the {name} accuracy must be a fraction between 0 and 1, found {value}'
            )
    return action_accuracy * (1.0 - privacy_accuracy)
