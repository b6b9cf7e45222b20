# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A GCN recognizer whose feature streams are computed inside the model."""

import copy
from collections.abc import Sequence

import torch
from mmaction.models import RecognizerGCN

from mmskanon.registry import MODELS
from mmskanon.skeletons.features import SkeletonFeatures
from mmskanon.skeletons.layouts import LAYOUTS, check_graph_layout, check_joint_count, get_layout

from .labels import action_labels


@MODELS.register_module()
class SkeletonRecognizer(RecognizerGCN):
    """MMAction2's ``RecognizerGCN`` with joint, bone and motion features as tensor operations.

    Stock recipes compute bones and motion in the data pipeline (``GenSkeFeat``). An anonymizer stands between the
    pipeline and the recognizer, so here the same features are computed in the forward pass, where gradients reach the
    anonymizer through them. State-dict keys are those of ``RecognizerGCN``: stock checkpoints load unchanged.

    Motion is the difference of consecutive frames *of the input clip*; a stock motion recipe differentiates before it
    samples frames, so its checkpoints expect the motion of the unsampled sequence.

    Args:
        backbone (dict): Any GCN backbone on (N, M, T, V, C). A ``graph_cfg`` without ``layout`` receives the layout given
            here; layout names that only this package knows are translated for MMAction2's ``Graph``.
        layout (str or dict): Skeleton layout, see :func:`mmskanon.skeletons.layouts.get_layout`.
            Defaults to ``'nturgb+d'``.
        features (Sequence[str]): Streams joined along the coordinate axis, from ``'j'``, ``'b'``, ``'jm'``, ``'bm'``.
            Defaults to ``('j',)``.
        **kwargs: Passed on to ``RecognizerGCN``.

    Raises:
        ValueError: If layout and graph disagree on the number of joints.

    Examples:
        >>> import torch
        >>> from mmskanon.models import SkeletonRecognizer
        >>> net = SkeletonRecognizer(
        ...     layout='kinect_v1',
        ...     backbone=dict(type='STGCN', graph_cfg=dict(mode='stgcn_spatial'), num_stages=2, base_channels=8),
        ...     cls_head=dict(type='GCNHead', num_classes=27, in_channels=8))
        >>> logits, _ = net.extract_feat(torch.randn(2, 1, 1, 16, 20, 3), stage='head')
        >>> logits.shape
        torch.Size([2, 27])
    """

    def __init__(
        self,
        backbone: dict,
        *args,
        layout: str | dict = 'nturgb+d',
        features: Sequence[str] = ('j',),
        **kwargs,
    ) -> None:
        self_layout = get_layout(layout)
        backbone = copy.deepcopy(backbone)
        graph_cfg = backbone.get('graph_cfg')
        if graph_cfg is not None:
            graph = graph_cfg.get('layout', self_layout.name)
            if isinstance(graph, str) and graph == self_layout.name:
                graph = self_layout.graph_layout()
            elif isinstance(graph, str) and graph in LAYOUTS:
                graph = LAYOUTS[graph].graph_layout()
            check_graph_layout(self_layout, graph, 'the backbone of SkeletonRecognizer')
            graph_cfg['layout'] = graph
        super().__init__(backbone, *args, **kwargs)
        self.layout = self_layout
        self.features = SkeletonFeatures(features, self_layout)

    def extract_feat(self, inputs: torch.Tensor, stage: str = 'backbone', **kwargs) -> tuple:
        """Compute the feature streams, then what ``RecognizerGCN`` computes.

        Args:
            inputs (Tensor): Skeletons of shape (N, num_clips, M, T, V, C).
            stage (str): ``'backbone'`` or ``'head'``. Defaults to ``'backbone'``.
            **kwargs: Passed on.

        Returns:
            tuple: Features or logits of N * num_clips clips, and an empty dict.
        """
        check_joint_count(self.layout, inputs.shape[-2], 'the input of SkeletonRecognizer')
        return super().extract_feat(self.features(inputs), stage=stage, **kwargs)

    def loss(self, inputs: torch.Tensor, data_samples: list, **kwargs) -> dict:
        """Losses of the head, computed in full precision also under autocast.

        Stock heads turn logits into NumPy arrays, which have no bfloat16.

        Args:
            inputs (Tensor): Skeletons of shape (N, num_clips, M, T, V, C).
            data_samples (list): N samples with labels.
            **kwargs: Ignored, as by ``RecognizerGCN``.

        Returns:
            dict: Losses and accuracies.

        Raises:
            ValueError: If a label does not fit the head.
        """
        if getattr(self.cls_head, 'attribute', None) is None:  # a PrivacyHead checks its own labels
            action_labels(data_samples, self.cls_head.num_classes)
        feats, _ = self.extract_feat(inputs)
        with torch.autocast(device_type=feats.device.type, enabled=False):
            return self.cls_head.loss(feats.float(), data_samples)
