# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Pre-trained skeleton classifiers that never learn."""

import torch
from mmengine.model import BaseModule
from torch import nn

from mmskanon.models.weights import load_weights
from mmskanon.registry import MODELS


def classify(net: nn.Module, skeletons: torch.Tensor) -> torch.Tensor:
    """Logits of any MMAction2 GCN recognizer for a batch of clips.

    Args:
        net (nn.Module): ``RecognizerGCN`` or a subclass.
        skeletons (Tensor): Shape (N, M, T, V, C).

    Returns:
        Tensor: Logits of shape (N, K).
    """
    logits, _ = net.extract_feat(skeletons.unsqueeze(1), stage='head')
    return logits


def with_head(net: dict, head: dict | None) -> dict:
    """The config of a recognizer with parts of its head replaced.

    So one recipe serves every party: ``with_head(action_recipe, dict(type='PrivacyHead', attribute='subject',
    num_classes=40))`` is a privacy classifier on the same backbone.

    Args:
        net (dict): Config of a recognizer.
        head (dict, optional): Keys that replace those of ``net['cls_head']``.

    Returns:
        dict: A new config.
    """
    return dict(net) if head is None else dict(net, cls_head={**net['cls_head'], **head})


@MODELS.register_module()
class FrozenRecognizer(BaseModule):
    """A pre-trained skeleton classifier that never learns: no weight gradients, always in eval mode.

    Gradients still flow through it to its input.

    Args:
        net (dict): Config of any MMAction2 GCN recognizer; a whole stock recipe's ``model`` serves.
        checkpoint (str, optional): Its weights. None leaves it at its random initialization, which only makes sense if a
            checkpoint of the whole model is loaded afterwards. Defaults to None.
        head (dict, optional): Keys that replace those of the net's ``cls_head``. Defaults to None.
        role (str): Name for error messages. Defaults to ``'recognizer'``.
    """

    def __init__(
        self,
        net: dict,
        checkpoint: str | None = None,
        head: dict | None = None,
        role: str = 'recognizer',
    ) -> None:
        super().__init__()
        self.net = MODELS.build(with_head(net, head))
        if checkpoint is None:
            self.net.init_weights()
        else:
            load_weights(self.net, checkpoint, role)
        self.requires_grad_(False)
        self.train(False)

    @property
    def num_classes(self) -> int:
        """int: Number of classes that the head tells apart."""
        return self.net.cls_head.num_classes

    @property
    def head(self) -> nn.Module:
        """nn.Module: The head, which knows what its outputs say."""
        return self.net.cls_head

    @property
    def attribute(self) -> str | None:
        """str or None: The private attribute that the head reads; None where it reads the action."""
        return getattr(self.net.cls_head, 'attribute', None)

    def init_weights(self) -> None:
        """Do nothing: weights were set at construction and stay."""

    def train(self, mode: bool = True) -> 'FrozenRecognizer':
        """Stay in eval mode whatever is asked."""
        return super().train(False)

    def forward(self, skeletons: torch.Tensor) -> torch.Tensor:
        """Logits (N, K) of skeletons (N, M, T, V, C)."""
        return classify(self.net, skeletons)
