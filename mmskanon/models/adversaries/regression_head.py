# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Regression head that reads a private number, such as the age."""

import math
from typing import Any

import torch
import torch.nn.functional as F

from mmskanon.registry import MODELS

from .base_head import BasePrivacyHead, private_values

_LOSSES = {'mse': F.mse_loss, 'smooth_l1': F.smooth_l1_loss}


@MODELS.register_module()
class PrivacyRegressionHead(BasePrivacyHead):
    """Estimates a private attribute that is a number.

    Its one output is the standardized estimate ``(value - mean) / std``: 0 is what one says who knows the population and
    nothing of the person, whatever the unit.

    Args:
        attribute (str): Name of the private attribute, for example ``'age'``; one of the dataset's ``regression_attributes``.
        in_channels (int): Channels of the features.
        mean (float): Mean of the attribute over the training split, in its own unit.
        std (float): Standard deviation of the attribute over the training split, in its own unit.
        loss (str): ``'mse'`` or ``'smooth_l1'``, on standardized values. Defaults to ``'mse'``.
        **kwargs: Passed on to ``GCNHead`` (``dropout``, ...).

    Raises:
        ValueError: If ``mean`` or ``std`` is unusable, ``loss`` is unknown, or ``num_classes`` is given as another number than 1.

    Examples:
        >>> import torch
        >>> from mmskanon.models import PrivacyRegressionHead
        >>> head = PrivacyRegressionHead('age', in_channels=8, mean=50.0, std=25.0)
        >>> outputs = head(torch.randn(4, 2, 8, 16, 25))
        >>> outputs.shape, head.values(torch.tensor([[0.0], [-1.0]]))
        (torch.Size([4, 1]), tensor([50., 25.]))
    """

    kind = 'number'

    def __init__(
        self,
        attribute: str,
        in_channels: int,
        mean: float,
        std: float,
        loss: str = 'mse',
        num_classes: int = 1,
        **kwargs,
    ) -> None:
        super().__init__(attribute, num_classes=1, in_channels=in_channels, **kwargs)
        if not math.isfinite(mean) or not (math.isfinite(std) and std > 0):
            raise ValueError(
                f"PrivacyRegressionHead of '{attribute}': mean must be a number and std a positive one, found {mean} and {std}; "
                'the dataset logs both when it is loaded.'
            )
        if loss not in _LOSSES:
            raise ValueError(
                f"PrivacyRegressionHead of '{attribute}': loss must be one of {sorted(_LOSSES)}, found {loss!r}."
            )
        if num_classes != 1:
            raise ValueError(
                f"PrivacyRegressionHead of '{attribute}' has one output, found num_classes={num_classes}; "
                'set num_classes=1 where it replaces the head of a classifier.'
            )
        self.mean, self.std, self.loss_name = float(mean), float(std), loss

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Estimates in the attribute's own unit, shape (N,), of outputs of shape (N, 1)."""
        return self.mean + self.std * outputs.squeeze(-1)

    def labels(self, data_samples: list) -> torch.Tensor:
        """Values of N samples in the attribute's own unit, float tensor of shape (N,).

        Raises:
            KeyError: If a sample lacks the attribute.
            ValueError: If the dataset gives the attribute as a class.
        """
        values = private_values(data_samples, self.attribute)
        if not all(isinstance(value, float) for value in values):
            raise ValueError(
                f"private attribute '{self.attribute}' is given as a class index, and a PrivacyRegressionHead needs its number: "
                f"move '{self.attribute}' from attributes to regression_attributes of the dataset."
            )
        return torch.tensor(values, dtype=torch.float32)

    def criterion(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean loss of standardized estimates (N, 1) on values (N,) in the attribute's own unit."""
        target = (labels - self.mean) / self.std
        return _LOSSES[self.loss_name](outputs.float().squeeze(-1), target)

    def progress(self, outputs: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Mean absolute error ``mae`` beside ``guess``, that of always saying the mean; in the attribute's own unit."""
        error = (self.values(outputs.detach().float()) - labels).abs().mean()
        return dict(mae=error, guess=(labels - self.mean).abs().mean())

    def predictions(self, outputs: torch.Tensor, num_samples: int) -> list[dict[str, Any]]:
        """Estimate ``value``, a scalar in the attribute's own unit, of each sample, mean over its clips."""
        values = self.values(outputs.float()).view(num_samples, -1).mean(1)
        return [dict(attribute=self.attribute, value=value) for value in values]

    def loss_by_feat(self, cls_scores: torch.Tensor, data_samples: list) -> dict:
        """Loss on the private attribute.

        Args:
            cls_scores (Tensor): Standardized estimates of shape (N, 1).
            data_samples (list): N samples with ``gt_private``.

        Returns:
            dict: ``loss_reg`` and, without gradient, ``mae`` and ``guess`` in the attribute's own unit.
        """
        labels = self.labels(data_samples).to(cls_scores.device)
        return dict(
            loss_reg=self.criterion(cls_scores, labels), **self.progress(cls_scores, labels)
        )
