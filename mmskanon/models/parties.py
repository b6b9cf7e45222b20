# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the parties of an adversarial training need of each other, the attackers beside them, and one that stands still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import nn

from .recognizers import build_recognizer, missing_checkpoints


def check_encoder(anonymizer: dict, checkpoint: str | None) -> None:
    """Make sure that an encoder that is not to learn has learned before.

    Args:
        anonymizer (dict): Config of the anonymizer.
        checkpoint (str, optional): Weights that it starts from.

    Raises:
        ValueError: If the encoder is to stay as it is, and comes from no checkpoint.
    """
    network = anonymizer
    while 'anonymizer' in network:  # a wrapper such as CanonicalBodyAnonymizer
        network = network['anonymizer']
    if checkpoint is None and network.get('freeze_encoder'):
        raise ValueError(
            f'{network["type"]} has freeze_encoder=True, but model.anonymizer_checkpoint is not set, so its encoder would stay '
            'random; train it on reconstruction first and name the checkpoint, or set freeze_encoder=False.'
        )


def check_losses(
    losses: Mapping[str, nn.Module], recognizer: nn.Module | None, adversary: nn.Module | None
) -> None:
    """Make sure that the parties are there on which losses depend.

    Args:
        losses (Mapping[str, nn.Module]): The losses by name.
        recognizer (nn.Module, optional): The recognizer.
        adversary (nn.Module, optional): The adversaries.

    Raises:
        ValueError: If a loss needs a party that is not there.
    """
    for name, loss in losses.items():
        if loss.needs_recognizer and recognizer is None:
            raise ValueError(
                f"loss '{name}' ({type(loss).__name__}) needs a recognizer; add model.recognizer."
            )
        if loss.needs_adversary and adversary is None:
            raise ValueError(
                f"loss '{name}' ({type(loss).__name__}) needs adversaries; add model.adversary."
            )


def check_actions(recognizer: nn.Module | None, adversary: nn.Module | None) -> None:
    """Make sure that adversaries that ask for the action get it in evaluation.

    Args:
        recognizer (nn.Module, optional): The recognizer.
        adversary (nn.Module, optional): The adversaries.

    Raises:
        ValueError: If one asks for it, and there is no recognizer to tell it.
    """
    if recognizer is None and adversary is not None and adversary.needs_actions:
        name = next(n for n in adversary.names if adversary.head(n).needs_actions)
        raise ValueError(
            f"adversary '{name}' has a {type(adversary.head(name)).__name__}, which is told the action by the recognizer in evaluation; add "
            'model.recognizer, or give it a PrivacyHead.'
        )


def build_attackers(attackers: Mapping[str, dict]) -> dict[str, nn.Module]:
    """Build trained privacy classifiers that only evaluate.

    Args:
        attackers (Mapping[str, dict]): From a name to arguments of :class:`FrozenRecognizer` or :class:`FusedRecognizer`.

    Returns:
        dict[str, nn.Module]: The classifiers by name.

    Raises:
        ValueError: If one has no checkpoint, or reads no private attribute.
    """
    built = {}
    for name, cfg in attackers.items():
        missing = missing_checkpoints(cfg)
        if missing:
            raise ValueError(
                f"attacker '{name}' has no checkpoint; an untrained attacker would flatter the anonymizer: set {missing[0]}."
            )
        built[name] = build_recognizer(cfg, role=f"attacker '{name}'")
        if built[name].attribute is None:
            raise ValueError(
                f"attacker '{name}' reads no private attribute; give its net head=dict(type='PrivacyHead', attribute=..., "
                'num_classes=...).'
            )
    return built


@contextmanager
def frozen(party: nn.Module | None) -> Iterator[None]:
    """Put a party in eval mode without weight gradients, and restore both afterwards.

    Args:
        party (nn.Module, optional): The party; None, where there is none, is left alone.
    """
    if party is None:
        yield
        return
    flags = [(p, p.requires_grad) for p in party.parameters()]
    modes = [(m, m.training) for m in party.modules()]
    party.eval()
    party.requires_grad_(False)
    try:
        yield
    finally:
        for parameter, flag in flags:
            parameter.requires_grad_(flag)
        for child, mode in modes:
            child.training = mode
