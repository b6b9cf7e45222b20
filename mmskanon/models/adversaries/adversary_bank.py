# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The privacy adversaries that an anonymizer is trained against."""

import copy

import torch
from mmengine.model import BaseModule
from torch import nn

from mmskanon.models.recognizers.frozen import with_head
from mmskanon.models.weights import load_weights
from mmskanon.registry import MODELS

from .base_head import BasePrivacyHead


@MODELS.register_module()
class AdversaryBank(BaseModule):
    """Named privacy classifiers over GCN backbones, trained together as one party.

    Args:
        members (dict[str, dict]): From the member's name to either

            - ``dict(net=..., head=None, checkpoint=None)``: a whole classifier, any GCN recognizer config whose ``cls_head``
              is a :class:`PrivacyHead` or :class:`PrivacyRegressionHead`, or becomes one by the keys in ``head``, warm-started from
              ``checkpoint`` where given; or
            - ``dict(head=..., backbone_of='other')``: such a head on the features of another member, which
              shares that member's backbone.

            Several members may read the same attribute, several attributes may be read at once.

    Raises:
        ValueError: If there is no member, a member is neither of the two forms, its head reads no private attribute, or
            ``backbone_of`` names no member with a backbone.

    Examples:
        >>> import torch
        >>> from mmskanon.models import AdversaryBank
        >>> net = dict(
        ...     type='SkeletonRecognizer',
        ...     backbone=dict(type='STGCN', graph_cfg=dict(mode='stgcn_spatial'), num_stages=2, base_channels=8),
        ...     cls_head=dict(type='PrivacyHead', attribute='subject', num_classes=40, in_channels=8))
        >>> gender = dict(type='PrivacyHead', attribute='gender', num_classes=2, in_channels=8)
        >>> bank = AdversaryBank(dict(subject=dict(net=net), gender=dict(head=gender, backbone_of='subject')))
        >>> {name: logits.shape for name, logits in bank(torch.randn(2, 1, 16, 25, 3)).items()}
        {'subject': torch.Size([2, 40]), 'gender': torch.Size([2, 2])}
    """

    def __init__(self, members: dict[str, dict]) -> None:
        super().__init__()
        if not members:
            raise ValueError(
                'AdversaryBank: members is empty; name at least one privacy classifier.'
            )
        self.nets, self.heads, self.backbone_of = nn.ModuleDict(), nn.ModuleDict(), {}
        self._members = copy.deepcopy(dict(members))
        for name, member in members.items():
            if {'net'} <= member.keys() <= {'net', 'head', 'checkpoint'}:
                net = self._fresh(name)
                if member.get('checkpoint') is not None:
                    load_weights(net, member['checkpoint'], f"adversary '{name}'")
                self.nets[name] = net
            elif member.keys() == {'head', 'backbone_of'}:
                self.heads[name] = self._fresh(name)
                self.backbone_of[name] = member['backbone_of']
            else:
                raise ValueError(
                    f"adversary '{name}' must be dict(net=..., head=..., checkpoint=...) or dict(head=..., backbone_of=...), "
                    f'found the keys {sorted(member)}.'
                )
        self.names = tuple(members)
        for name in self.names:
            self._check(name)

    def _fresh(self, name: str) -> nn.Module:
        """A member, newly initialized."""
        member = self._members[name]
        cfg = with_head(member['net'], member.get('head')) if 'net' in member else member['head']
        module = MODELS.build(copy.deepcopy(cfg))
        module.init_weights()
        return module

    def restart(self, name: str) -> list[nn.Parameter]:
        """Let a member forget all it has learned, its checkpoint included.

        Args:
            name (str): The member.

        Returns:
            list[nn.Parameter]: Its parameters, the same as before with other values.
        """
        module = self.nets[name] if name in self.nets else self.heads[name]
        module.load_state_dict(self._fresh(name).state_dict())
        return list(module.parameters())

    def _check(self, name: str) -> None:
        if not isinstance(self.head(name), BasePrivacyHead):
            raise ValueError(
                f"adversary '{name}' has a {type(self.head(name)).__name__}; use cls_head=dict(type='PrivacyHead', "
                "attribute=..., num_classes=..., in_channels=...), or a 'PrivacyRegressionHead' for a number."
            )
        owner = self.backbone_of.get(name)
        if owner is not None and owner not in self.nets:
            raise ValueError(
                f"adversary '{name}': backbone_of='{owner}' names no member with a backbone; there are {sorted(self.nets)}."
            )

    def init_weights(self) -> None:
        """Do nothing: members were initialized or loaded at construction."""

    @property
    def needs_actions(self) -> bool:
        """bool: Whether a member asks for the action of each clip."""
        return any(self.head(name).needs_actions for name in self.names)

    def head(self, name: str) -> nn.Module:
        """The head of a member."""
        return self.nets[name].cls_head if name in self.nets else self.heads[name]

    def labels(self, data_samples: list) -> dict[str, torch.Tensor]:
        """Private labels of a batch for every member.

        Args:
            data_samples (list): N samples with ``gt_private``.

        Returns:
            dict[str, Tensor]: From member to class indices or numbers of shape (N,).
        """
        return {name: self.head(name).labels(data_samples) for name in self.names}

    def forward(
        self, skeletons: torch.Tensor, actions: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Logits of every member, of a regressor its standardized estimate.

        Args:
            skeletons (Tensor): Shape (N, M, T, V, C), normalized body space in metres.
            actions (Tensor, optional): Action of each clip, shape (N,), for heads that ask for it. Defaults to None.

        Returns:
            dict[str, Tensor]: From member to logits of shape (N, K), estimates of shape (N, 1).
        """
        feats = {n: net.extract_feat(skeletons.unsqueeze(1))[0] for n, net in self.nets.items()}
        outputs = {n: self.head(n)(feats[self.backbone_of.get(n, n)]) for n in self.names}
        return {n: self.head(n).condition(x, actions) for n, x in outputs.items()}
