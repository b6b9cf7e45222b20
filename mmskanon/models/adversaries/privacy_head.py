# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Classification head that reads a private attribute instead of the action."""

from typing import Any

import torch

from mmskanon.registry import MODELS

from .base_head import BasePrivacyHead, private_values


@MODELS.register_module()
class PrivacyHead(BasePrivacyHead):
    """Tells apart the classes of a private attribute, such as subjects.

    Args:
        attribute (str): Name of the private attribute, for example ``'subject'``.
        **kwargs: Passed on to ``GCNHead`` (``num_classes``, ``in_channels``, ...).
    """

    kind = 'classes'

    def labels(self, data_samples: list) -> torch.Tensor:
        """Class indices of N samples, long tensor of shape (N,); see :func:`private_labels`."""
        return private_labels(data_samples, self.attribute, self.num_classes)

    def criterion(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The head's ``loss_cls``, by default cross-entropy, of logits (N, K) on class indices (N,)."""
        return self.loss_cls(outputs, labels)

    def progress(self, outputs: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Top-1 accuracy ``acc`` beside ``chance``, both fractions."""
        accuracy = (outputs.detach().argmax(-1) == labels).float().mean()
        return dict(acc=accuracy, chance=torch.tensor(1.0 / outputs.shape[-1]))

    def predictions(self, outputs: torch.Tensor, num_samples: int) -> list[dict[str, Any]]:
        """Softmax ``score`` of shape (K,) of each sample, mean over its clips."""
        scores = outputs.softmax(-1).view(num_samples, -1, outputs.shape[-1]).mean(1)
        return [dict(attribute=self.attribute, score=score) for score in scores]

    def loss_by_feat(self, cls_scores: torch.Tensor, data_samples: list) -> dict:
        """Cross-entropy on the private attribute.

        Args:
            cls_scores (Tensor): Logits of shape (N, K).
            data_samples (list): N samples with ``gt_private``.

        Returns:
            dict: ``loss_cls`` and, without gradient, ``top1_acc``.
        """
        labels = self.labels(data_samples).to(cls_scores.device)
        accuracy = self.progress(cls_scores, labels)['acc']
        return dict(loss_cls=self.criterion(cls_scores, labels), top1_acc=accuracy)


def private_labels(data_samples: list, attribute: str, num_classes: int) -> torch.Tensor:
    """Class indices of a private attribute.

    Args:
        data_samples (list): N samples with ``gt_private``, a dict from attribute to class index.
        attribute (str): Name of the attribute.
        num_classes (int): Number of classes of the head that will read them.

    Returns:
        Tensor: Long tensor of shape (N,).

    Raises:
        KeyError: If a sample lacks the attribute.
        ValueError: If a label is no class index, or does not fit the head.
    """
    labels = private_values(data_samples, attribute)
    if any(isinstance(label, float) for label in labels):
        raise ValueError(
            f"private attribute '{attribute}' is given as a number, and a PrivacyHead tells classes apart: use a "
            f"PrivacyRegressionHead, or move '{attribute}' from regression_attributes to attributes of the dataset."
        )
    if max(labels) >= num_classes:
        raise ValueError(
            f"private attribute '{attribute}' has at least {max(labels) + 1} classes in the data, the head was built for "
            f'{num_classes}; set num_classes of the head to the number of values in the annotation file.'
        )
    return torch.tensor(labels, dtype=torch.long)
