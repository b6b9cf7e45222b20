# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A classifier to be trained, from the two parts that configs keep apart: its network and its head."""

from torch import nn

from mmskanon.registry import MODELS

from .frozen import with_head


@MODELS.register_module(name='SkeletonClassifier')
def build_classifier(net: dict, head: dict | None = None) -> nn.Module:
    """Build a recognizer whose head is replaced in part.

    Configs name one network for the action and for every private attribute. What is built, and saved, is the network itself: its
    checkpoint loads into :class:`FrozenRecognizer` and :class:`AdversaryBank` with the same ``net`` and ``head``.

    Args:
        net (dict): Config of a GCN recognizer.
        head (dict, optional): Keys that replace those of ``net['cls_head']``. Defaults to None.

    Returns:
        nn.Module: The recognizer.

    Examples:
        >>> from mmskanon.models import build_classifier
        >>> net = dict(
        ...     type='SkeletonRecognizer',
        ...     backbone=dict(type='STGCN', graph_cfg=dict(mode='stgcn_spatial'), num_stages=2, base_channels=8),
        ...     cls_head=dict(type='GCNHead', num_classes=60, in_channels=8))
        >>> build_classifier(net, dict(type='PrivacyHead', attribute='gender', num_classes=2)).cls_head.num_classes
        2
    """
    return MODELS.build(with_head(net, head))
