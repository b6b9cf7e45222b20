# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a head that reads a private attribute offers to those who train and evaluate it, whatever kind of attribute it is."""

from abc import abstractmethod
from typing import Any

import torch
from mmaction.models import GCNHead


class BasePrivacyHead(GCNHead):
    """MMAction2's ``GCNHead`` on ``data_sample.gt_private[attribute]``.

    With it any stock GCN recipe reads a private attribute: replace ``cls_head`` and let the dataset supply the
    attribute (:class:`mmskanon.datasets.PrivatePoseDataset`). Recognizers, adversaries and attackers all ask the head what its
    labels, its loss and its predictions are; a subclass says so for one kind of attribute.

    Args:
        attribute (str): Name of the private attribute, for example ``'subject'``.
        **kwargs: Passed on to ``GCNHead`` (``num_classes``, ``in_channels``, ...).

    Attributes:
        kind (str): ``'classes'`` or ``'number'``: what the attribute is, and which losses and metrics apply.
        needs_actions (bool): Whether :meth:`condition` needs the actions.
    """

    kind: str
    needs_actions: bool = False

    def __init__(self, attribute: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.attribute = attribute

    def condition(self, outputs: torch.Tensor, actions: torch.Tensor | None) -> torch.Tensor:
        """Let the action of each clip have a say in the outputs.

        Args:
            outputs (Tensor): What the head returned, shape (N, D).
            actions (Tensor, optional): Action of each clip, shape (N,).

        Returns:
            Tensor: Outputs of shape (N, K); the same where the head does not ask for actions.

        Raises:
            ValueError: If actions are needed and missing, or are none of those that the head was built for.
        """
        return outputs

    @abstractmethod
    def labels(self, data_samples: list) -> torch.Tensor:
        """Private labels of N samples, shape (N,)."""

    @abstractmethod
    def criterion(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The scalar that an adversary minimizes, from outputs of shape (N, K) and labels of shape (N,)."""

    @abstractmethod
    def progress(self, outputs: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """How well outputs of shape (N, K) meet labels of shape (N,), beside the mark of one who knows nothing; no gradient."""

    @abstractmethod
    def predictions(self, outputs: torch.Tensor, num_samples: int) -> list[dict[str, Any]]:
        """Predictions by sample, averaged over its clips.

        Args:
            outputs (Tensor): Outputs of the head, shape (N * num_clips, K), the clips of a sample one after the other.
            num_samples (int): N.

        Returns:
            list[dict]: For each sample, what metrics read in ``pred_private``: ``attribute``, and ``score`` or ``value``.
        """

    def predict_by_feat(self, cls_scores: torch.Tensor, data_samples: list) -> list:
        """Write ``pred_private[attribute]`` into every sample.

        Args:
            cls_scores (Tensor): Outputs of shape (N * num_clips, K).
            data_samples (list): N samples.

        Returns:
            list: The same samples.
        """
        predictions = self.predictions(cls_scores, len(data_samples))
        for sample, prediction in zip(data_samples, predictions, strict=True):
            prediction = dict(prediction, role='classifier')
            sample.set_field({self.attribute: prediction}, 'pred_private')
        return data_samples


def private_values(data_samples: list, attribute: str) -> list:
    """What the samples state of a private attribute.

    Args:
        data_samples (list): N samples with ``gt_private``, a dict from attribute to class index or number.
        attribute (str): Name of the attribute.

    Returns:
        list[int | float]: N values.

    Raises:
        KeyError: If a sample lacks the attribute.
    """
    values = []
    for sample in data_samples:
        known = sample.get('gt_private', {})
        if attribute not in known:
            raise KeyError(
                f"sample {sample.get('frame_dir', '?')} carries no private label '{attribute}' (it has {sorted(known)}); "
                f"add '{attribute}' to the attributes of the dataset."
            )
        values.append(known[attribute])
    return values
