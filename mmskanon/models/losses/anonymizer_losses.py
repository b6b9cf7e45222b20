# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Loss modules of the anonymizer phase. A config names and weights each."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn

from mmskanon.registry import MODELS

from .functional import present_mse, softmax_entropy, squared_estimate, uniform_kl


@dataclass
class PartyOutputs:
    """What one batch looks like to every party; the input of each loss.

    Attributes:
        original (Tensor): Shape (N, M, T, V, C), normalized body space in metres.
        anonymized (Tensor): Same shape.
        action_logits (Tensor or None): Shape (N, K) from the frozen recognizer on the anonymized clips.
        action_labels (Tensor): Shape (N,).
        privacy_logits (dict[str, Tensor]): From adversary to logits of shape (N, K_a) on the anonymized clips; of shape
            (N, 1) in standard deviations from the mean where the attribute is a number.
        privacy_labels (dict[str, Tensor]): From adversary to labels of shape (N,).
        attributes (dict[str, str]): From adversary to the attribute it reads.
        kinds (dict[str, str]): From adversary to ``'classes'`` or ``'number'``, what the attribute is; classes where it is not
            listed. Defaults to {}.
        private_labels (dict[str, Tensor]): From attribute to class indices of shape (N,), of all attributes that are classes and that
            every sample states. Defaults to {}.
        target (Tensor or None): Motions to imitate, same shape as ``original``, where the data set supplies them. Defaults to None.
        recordings (Tensor or None): Numbers of shape (N,), equal where two clips are of one recording. Defaults to None, all different.
    """

    original: torch.Tensor
    anonymized: torch.Tensor
    action_logits: torch.Tensor | None
    action_labels: torch.Tensor
    privacy_logits: dict[str, torch.Tensor]
    privacy_labels: dict[str, torch.Tensor]
    attributes: dict[str, str]
    kinds: dict[str, str] = field(default_factory=dict)
    private_labels: dict[str, torch.Tensor] = field(default_factory=dict)
    target: torch.Tensor | None = None
    recordings: torch.Tensor | None = None


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

    Attributes:
        kind (str): ``'classes'`` or ``'number'``: what attributes must be for the term to mean anything.

    Raises:
        ValueError: While training, if no adversary reads one of the attributes, or one is of the other kind.
    """

    needs_adversary = True
    kind = 'classes'

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
            self._check_kind(attribute, {outputs.kinds.get(n, 'classes') for n in members})
            terms = [
                self.member_term(outputs.privacy_logits[n], outputs.privacy_labels[n])
                for n in members
            ]
            total = total + torch.stack(terms).mean()
        return total

    def _check_kind(self, attribute: str, kinds: set[str]) -> None:
        if kinds != {self.kind}:
            others = 'PrivacyEntropy' if self.kind == 'number' else 'PrivacySquaredEstimate'
            found = 'a number' if self.kind == 'classes' else 'classes'
            raise ValueError(
                f'{type(self).__name__} is for attributes that are {self.kind}, but an adversary reads {attribute!r} as {found}; '
                f'list the attributes of each loss, and give {attribute!r} to {others}.'
            )


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
class PrivacySquaredEstimate(PrivacyLoss):
    """Mean square of the adversary's standardized estimate, for attributes that are numbers.

    What the entropy is for classes: it vanishes where the adversary says the mean of the population for everybody, and does
    not reward an anonymizer for making it wrong in one direction, which an attacker could learn to undo.
    """

    kind = 'number'

    def member_term(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """mean(estimate^2), at least 0, in squared standard deviations; labels are not used."""
        return squared_estimate(logits)


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
