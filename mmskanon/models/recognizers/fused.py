# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Several frozen classifiers as one: score fusion of streams, and ensembles."""

import math

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmskanon.registry import MODELS

from .frozen import FrozenRecognizer


def fuse_scores(logits: list[Tensor], weights: Tensor) -> Tensor:
    """Logarithm of the weighted mean of softmax scores, log(sum_i w_i softmax(logits_i) / sum_i w_i).

    Args:
        logits (list[Tensor]): One tensor of shape (N, K) a net.
        weights (Tensor): Positive weights, one a net.

    Returns:
        Tensor: Log-probabilities of shape (N, K), at most 0; their softmax is the mean itself.
    """
    dtype = torch.promote_types(logits[0].dtype, torch.float32)
    log_p = torch.stack([x.log_softmax(-1, dtype=dtype) for x in logits])
    log_w = weights.to(log_p).log().log_softmax(0)
    return (log_p + log_w[:, None, None]).logsumexp(0)


@MODELS.register_module()
class FusedRecognizer(BaseModule):
    """Frozen classifiers of the same classes, fused by the weighted mean of their softmax scores.

    It stands wherever a :class:`FrozenRecognizer` does. The two streams of 2s-AGCN (Shi et al., CVPR 2019, arXiv 1805.07694,
    which adds the softmax scores of a joint and a bone network) are two nets that differ in ``features``; several
    seeds or architectures make an ensemble. The result is given as log-probabilities, so that cross-entropy and entropy apply
    as to logits, and gradients reach the input through every net. Where we differ: the weights are divided by their sum, which
    makes scores probabilities and changes no decision.

    Args:
        nets (dict[str, dict]): From a name to arguments of :class:`FrozenRecognizer`: ``dict(net=..., checkpoint=..., head=...)``.
        weights (dict[str, float], optional): Positive weight of each net. Defaults to None, all alike.
        role (str): Name for error messages. Defaults to ``'recognizer'``.

    Raises:
        ValueError: If there is no net, one is not given as described or is no classifier, the weights do not fit, or the nets tell
            apart different numbers of classes or read different attributes.

    Examples:
        >>> import torch
        >>> from mmskanon.models import FusedRecognizer
        >>> def stream(feature):
        ...     return dict(net=dict(
        ...         type='SkeletonRecognizer', features=[feature],
        ...         backbone=dict(type='AAGCN', graph_cfg=dict(mode='spatial'), gcn_attention=False, num_stages=2),
        ...         cls_head=dict(type='GCNHead', num_classes=60, in_channels=64)))
        >>> fused = FusedRecognizer(dict(joint=stream('j'), bone=stream('b')))
        >>> fused(torch.randn(2, 2, 16, 25, 3)).shape
        torch.Size([2, 60])
    """

    def __init__(
        self,
        nets: dict[str, dict],
        weights: dict[str, float] | None = None,
        role: str = 'recognizer',
    ) -> None:
        super().__init__()
        if not nets:
            raise ValueError(f'{role}: nets is empty; name at least one classifier to fuse.')
        for name, cfg in nets.items():
            if not {'net'} <= cfg.keys() <= {'net', 'head', 'checkpoint'}:
                raise ValueError(
                    f"{role}: net '{name}' must be dict(net=..., head=..., checkpoint=...), found the keys {sorted(cfg)}."
                )
        weights = dict.fromkeys(nets, 1.0) if weights is None else weights
        if weights.keys() != nets.keys():
            raise ValueError(
                f'{role}: weights are given for {sorted(weights)}, the nets are {sorted(nets)}; give one weight a net.'
            )
        for name, weight in weights.items():
            number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
            if not (number and math.isfinite(weight) and weight > 0):
                raise ValueError(
                    f"{role}: the weight of net '{name}' must be a positive number, found {weight!r}; leave a net out that shall not count."
                )
        self.nets = nn.ModuleDict(
            {n: FrozenRecognizer(**cfg, role=f"{role}, net '{n}'") for n, cfg in nets.items()}
        )
        self._check_same('num_classes', 'number of classes', role)
        self._check_same('attribute', 'private attribute', role)
        if getattr(self.head, 'kind', 'classes') != 'classes':
            raise ValueError(
                f"{role}: the nets estimate '{self.attribute}' as a number, and only scores of classes can be fused; "
                'name each net on its own.'
            )
        values = torch.tensor([float(weights[n]) for n in nets])
        self.register_buffer('weights', values, persistent=False)
        self.train(False)

    def _check_same(self, key: str, what: str, role: str) -> None:
        found = {name: getattr(net, key) for name, net in self.nets.items()}
        if len(set(found.values())) > 1:
            told = ', '.join(f'{name} {value}' for name, value in found.items())
            raise ValueError(
                f'{role}: only nets that answer the same question can be fused, but they differ in {what}: {told}; set {key} of '
                'their heads alike.'
            )

    @property
    def num_classes(self) -> int:
        """int: Number of classes that every net tells apart."""
        return next(iter(self.nets.values())).num_classes

    @property
    def head(self) -> nn.Module:
        """nn.Module: The head of the first net; all read the same classes, so it knows what the fused scores say."""
        return next(iter(self.nets.values())).head

    @property
    def attribute(self) -> str | None:
        """str or None: The private attribute that every net reads; None where they read the action."""
        return next(iter(self.nets.values())).attribute

    def init_weights(self) -> None:
        """Do nothing: weights were set at construction and stay."""

    def train(self, mode: bool = True) -> 'FusedRecognizer':
        """Stay in eval mode whatever is asked."""
        return super().train(False)

    def forward(self, skeletons: Tensor) -> Tensor:
        """Log-probabilities (N, K) of skeletons (N, M, T, V, C)."""
        return fuse_scores([net(skeletons) for net in self.nets.values()], self.weights)


def build_recognizer(cfg: dict, role: str = 'recognizer') -> FrozenRecognizer | FusedRecognizer:
    """Build a frozen classifier, or several fused ones where the config has ``nets``.

    Args:
        cfg (dict): Arguments of :class:`FrozenRecognizer` or of :class:`FusedRecognizer`.
        role (str): Name for error messages. Defaults to ``'recognizer'``.

    Raises:
        ValueError: If the config mixes the two.
    """
    if 'nets' not in cfg:
        return MODELS.build(dict(type='FrozenRecognizer', role=role, **cfg))
    if not cfg.keys() <= {'nets', 'weights'}:
        raise ValueError(
            f'{role}: a config with nets has the keys nets and weights, found {sorted(cfg)}; net, head and checkpoint stand within '
            'each net.'
        )
    return MODELS.build(dict(type='FusedRecognizer', role=role, **cfg))


def without_checkpoints(cfg: dict) -> dict:
    """The config of a frozen classifier, or of fused ones, that loads no checkpoint.

    Args:
        cfg (dict): See :func:`build_recognizer`.

    Returns:
        dict: A new config.
    """
    if 'nets' in cfg:
        return dict(cfg, nets={n: dict(net, checkpoint=None) for n, net in cfg['nets'].items()})
    return dict(cfg, checkpoint=None)


def missing_checkpoints(cfg: dict) -> list[str]:
    """The keys under which a frozen classifier, or some of several fused ones, names no checkpoint.

    Args:
        cfg (dict): See :func:`build_recognizer`.

    Returns:
        list[str]: For example ``['checkpoint']`` or ``['nets.bone.checkpoint']``.
    """
    nets = {f'nets.{n}.': net for n, net in cfg['nets'].items()} if 'nets' in cfg else {'': cfg}
    return [f'{n}checkpoint' for n, net in nets.items() if net.get('checkpoint') is None]
