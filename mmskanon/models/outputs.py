# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What every party makes of a batch, for the losses."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .adversaries import AdversaryBank
from .losses import PartyOutputs
from .recognizers import FrozenRecognizer, FusedRecognizer, action_labels


def party_outputs(
    skeletons: torch.Tensor,
    data_samples: list,
    anonymizer: Callable[[torch.Tensor], torch.Tensor],
    recognizer: FrozenRecognizer | FusedRecognizer | None,
    adversary: AdversaryBank | None,
) -> PartyOutputs:
    """Show a batch to all parties.

    Args:
        skeletons (Tensor): Shape (N, M, T, V, C), normalized body space in metres, the clips of a sample one after another.
        data_samples (list): The samples, with ``gt_label`` and ``gt_private``; N is a multiple of their number.
        anonymizer (Callable): Makes anonymized skeletons of the same shape.
        recognizer (nn.Module, optional): The frozen recognizer.
        adversary (AdversaryBank, optional): The adversaries.

    Returns:
        PartyOutputs: What the losses are computed from.
    """
    anonymized = anonymizer(skeletons)
    clips = len(skeletons) // len(data_samples)
    classes = None if recognizer is None else recognizer.num_classes
    labels = action_labels(data_samples, classes).to(skeletons.device)
    labels = labels.repeat_interleave(clips)
    privacy_logits, privacy_labels, attributes, kinds = {}, {}, {}, {}
    if adversary is not None:
        privacy_logits = adversary(anonymized, labels)
        private = adversary.labels(data_samples)
        privacy_labels = {
            n: y.to(skeletons.device).repeat_interleave(clips) for n, y in private.items()
        }
        heads = {n: adversary.head(n) for n in adversary.names}
        attributes = {n: head.attribute for n, head in heads.items()}
        kinds = {n: head.kind for n, head in heads.items()}
    return PartyOutputs(
        original=skeletons,
        anonymized=anonymized,
        action_logits=None if recognizer is None else recognizer(anonymized),
        action_labels=labels,
        privacy_logits=privacy_logits,
        privacy_labels=privacy_labels,
        attributes=attributes,
        kinds=kinds,
        private_labels=_private_classes(data_samples, clips, skeletons.device),
        target=_targets(data_samples, skeletons),
        recordings=_recordings(data_samples, clips, skeletons.device),
    )


def _private_classes(
    data_samples: list, clips: int, device: torch.device
) -> dict[str, torch.Tensor]:
    """From attribute to class indices (N,), of the attributes that every sample states as a class."""
    known = [sample.get('gt_private', {}) for sample in data_samples]
    shared = [a for a in known[0] if all(isinstance(k.get(a), int) for k in known)]
    return {
        a: torch.tensor([k[a] for k in known], device=device).repeat_interleave(clips)
        for a in shared
    }


def _recordings(data_samples: list, clips: int, device: torch.device) -> torch.Tensor:
    """Numbers (N,), equal where clips are of one recording: of one sample, or of samples with one name."""
    names = [sample.get('frame_dir', i) for i, sample in enumerate(data_samples)]
    numbers = {name: i for i, name in enumerate(names)}
    return torch.tensor([numbers[n] for n in names], device=device).repeat_interleave(clips)


def _targets(data_samples: list, skeletons: torch.Tensor) -> torch.Tensor | None:
    """The motions to imitate, shape of the skeletons, where the samples have them."""
    if not all('target' in sample for sample in data_samples):
        return None
    return torch.stack([sample.target for sample in data_samples]).flatten(0, 1).to(skeletons)
