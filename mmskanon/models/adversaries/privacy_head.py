# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Classification head that reads a private attribute instead of the action."""

import torch
from mmaction.models import GCNHead

from mmskanon.registry import MODELS


@MODELS.register_module()
class PrivacyHead(GCNHead):
    """MMAction2's ``GCNHead`` trained on ``data_sample.gt_private[attribute]``.

    With it any stock GCN recipe becomes a privacy classifier: replace ``cls_head`` and let the dataset supply the
    attribute (:class:`mmskanon.datasets.PrivatePoseDataset`).

    Args:
        attribute (str): Name of the private attribute, for example ``'subject'``.
        **kwargs: Passed on to ``GCNHead`` (``num_classes``, ``in_channels``, ...).
    """

    def __init__(self, attribute: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.attribute = attribute

    def loss_by_feat(self, cls_scores: torch.Tensor, data_samples: list) -> dict:
        """Cross-entropy on the private attribute.

        Args:
            cls_scores (Tensor): Logits of shape (N, K).
            data_samples (list): N samples with ``gt_private``.

        Returns:
            dict: ``loss_cls`` and, without gradient, ``top1_acc``.
        """
        labels = private_labels(data_samples, self.attribute, self.num_classes).to(
            cls_scores.device
        )
        accuracy = (cls_scores.detach().argmax(-1) == labels).float().mean()
        return dict(loss_cls=self.loss_cls(cls_scores, labels), top1_acc=accuracy)

    def predict_by_feat(self, cls_scores: torch.Tensor, data_samples: list) -> list:
        """Write ``pred_private[attribute]`` into every sample, scores averaged over its clips.

        Args:
            cls_scores (Tensor): Logits of shape (N * num_clips, K).
            data_samples (list): N samples.

        Returns:
            list: The same samples.
        """
        scores = cls_scores.softmax(-1).view(len(data_samples), -1, self.num_classes).mean(1)
        for sample, score in zip(data_samples, scores, strict=True):
            prediction = dict(attribute=self.attribute, score=score, role='classifier')
            sample.set_field({self.attribute: prediction}, 'pred_private')
        return data_samples


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
        ValueError: If a label does not fit the head.
    """
    labels = []
    for sample in data_samples:
        known = sample.get('gt_private', {})
        if attribute not in known:
            raise KeyError(
                f"sample {sample.get('frame_dir', '?')} carries no private label '{attribute}' (it has {sorted(known)}); "
                f"add '{attribute}' to the attributes of the dataset."
            )
        labels.append(known[attribute])
    if max(labels) >= num_classes:
        raise ValueError(
            f"private attribute '{attribute}' has at least {max(labels) + 1} classes in the data, the head was built for "
            f'{num_classes}; set num_classes of the head to the number of values in the annotation file.'
        )
    return torch.tensor(labels, dtype=torch.long)
