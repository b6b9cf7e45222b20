# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Loss modules of the anonymizer phase. A config names and weights each."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from mmskanon.registry import MODELS

from .functional import present_mse, softmax_entropy, uniform_kl


@dataclass
class PartyOutputs:
    """What one batch looks like to every party; the input of each loss.

    Attributes:
        original (Tensor): Shape (N, M, T, V, C), normalized body space in metres.
        anonymized (Tensor): Same shape.
        action_logits (Tensor or None): Shape (N, K) from the frozen recognizer on the anonymized clips.
        action_labels (Tensor): Shape (N,).
        privacy_logits (dict[str, Tensor]): From adversary to logits of shape (N, K_a) on the anonymized clips.
        privacy_labels (dict[str, Tensor]): From adversary to labels of shape (N,).
        attributes (dict[str, str]): From adversary to the attribute it reads.
    """

    original: torch.Tensor
    anonymized: torch.Tensor
    action_logits: torch.Tensor | None
    action_labels: torch.Tensor
    privacy_logits: dict[str, torch.Tensor]
    privacy_labels: dict[str, torch.Tensor]
    attributes: dict[str, str]


class AnonymizerLoss(nn.Module):
    """A weighted term of the anonymizer's loss.

    Args:
        weight (float): Factor of the term. Defaults to 1.0.
    """

    needs_recognizer = False
    needs_adversary = False

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def term(self, outputs: PartyOutputs) -> torch.Tensor:
        """The unweighted scalar."""
        raise NotImplementedError

    def forward(self, outputs: PartyOutputs) -> torch.Tensor:
        """The weighted scalar."""
        return self.weight * self.term(outputs)


@MODELS.register_module()
class ActionCrossEntropy(AnonymizerLoss):
    """Cross-entropy of the frozen recognizer on anonymized clips: keeps the action readable."""

    needs_recognizer = True

    def term(self, outputs: PartyOutputs) -> torch.Tensor:
        """Mean over the batch, in nats."""
        return F.cross_entropy(outputs.action_logits, outputs.action_labels)


class PrivacyLoss(AnonymizerLoss):
    """A term on the adversaries' logits: mean over the members of an attribute, sum over attributes.

    Args:
        weight (float): Factor of the term (the paper's alpha). Defaults to 1.0.
        attributes (list[str], optional): Attributes to protect with this term; None means all. Defaults to None.
    """

    needs_adversary = True

    def __init__(self, weight: float = 1.0, attributes: list[str] | None = None) -> None:
        super().__init__(weight)
        self.attributes = None if attributes is None else set(attributes)

    def member_term(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The scalar for one adversary."""
        raise NotImplementedError

    def term(self, outputs: PartyOutputs) -> torch.Tensor:
        """Sum over attributes of the mean over that attribute's members."""
        known = set(outputs.attributes.values())
        wanted = known if self.attributes is None else self.attributes
        if not wanted <= known:
            raise ValueError(
                f'{type(self).__name__}: no adversary reads {sorted(wanted - known)}; the adversaries read {sorted(known)}.'
            )
        total = 0.0
        for attribute in sorted(wanted):
            members = [name for name, a in outputs.attributes.items() if a == attribute]
            terms = [
                self.member_term(outputs.privacy_logits[n], outputs.privacy_labels[n])
                for n in members
            ]
            total = total + torch.stack(terms).mean()
        return total


@MODELS.register_module()
class PrivacyEntropy(PrivacyLoss):
    """Negated softmax entropy of the adversary, the paper's privacy term (Moon et al., AAAI 2023, arXiv 2111.15129)."""

    def member_term(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """-H(softmax(logits)), in [-log K, 0]; labels are not used."""
        return -softmax_entropy(logits)


@MODELS.register_module()
class PrivacyUniformKL(PrivacyLoss):
    """KL divergence from the uniform distribution to the adversary's softmax."""

    def member_term(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """KL(uniform || softmax(logits)), at least 0; labels are not used."""
        return uniform_kl(logits)


@MODELS.register_module()
class PrivacyNegatedCrossEntropy(PrivacyLoss):
    """Negated cross-entropy of the adversary on the true private label (the plain min-max game).

    Unbounded below: an anonymizer that makes the adversary confidently wrong is rewarded, and what is confidently wrong can
    be read by an attacker who learns the permutation. Prefer the entropy unless you study this effect.
    """

    def member_term(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """-CE(logits, labels), in (-inf, 0]."""
        return -F.cross_entropy(logits, labels)


@MODELS.register_module()
class ReconstructionMSE(AnonymizerLoss):
    """Mean squared error between anonymized and original coordinates, in squared metres.

    Args:
        weight (float): Factor of the term (the paper's beta). Defaults to 1.0.
        over (str): ``'all'`` averages over every element of the batch tensor, absent persons included, as published;
            ``'present'`` only over persons and frames that are there, so that the weight does not depend on how many
            recordings show two people. Defaults to ``'all'``.
    """

    def __init__(self, weight: float = 1.0, over: str = 'all') -> None:
        super().__init__(weight)
        if over not in ('all', 'present'):
            raise ValueError(f"ReconstructionMSE: over must be 'all' or 'present', found {over!r}.")
        self.over = over

    def term(self, outputs: PartyOutputs) -> torch.Tensor:
        """The mean squared error."""
        if self.over == 'all':
            return F.mse_loss(outputs.anonymized, outputs.original)
        return present_mse(outputs.anonymized, outputs.original)
