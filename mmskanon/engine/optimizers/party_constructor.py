# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""One optimizer wrapper per party."""

import copy

from mmengine.model import is_model_wrapper
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapperDict
from torch import nn

from mmskanon.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PartyOptimWrapperConstructor:
    """Build an ``OptimWrapperDict`` keyed by the model's parties.

    Each party has its own optimizer, gradient clipping, accumulation, AMP wrapper and ``paramwise_cfg``::

        optim_wrapper = dict(
            constructor='PartyOptimWrapperConstructor',
            anonymizer=dict(optimizer=dict(type='SGD', lr=0.001), clip_grad=dict(max_norm=5)),
            adversary=dict(optimizer=dict(type='SGD', lr=0.001), paramwise_cfg=dict(bias_decay_mult=0.)))

    Args:
        optim_wrapper_cfg (dict[str, dict]): From party to the config of its wrapper.
        paramwise_cfg (dict, optional): Default for parties without their own. Defaults to None.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        self.optim_wrapper_cfg = copy.deepcopy(optim_wrapper_cfg)
        self.paramwise_cfg = paramwise_cfg

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build the wrappers.

        Args:
            model (nn.Module): A model with ``parties``, or its distributed wrapper.

        Raises:
            ValueError: If a key of the config is no party of the model, or a party has nothing to train.
        """
        if is_model_wrapper(model):
            model = model.module
        known = [p for p in getattr(model, 'parties', ()) if getattr(model, p) is not None]
        wrappers = {}
        for party, cfg in self.optim_wrapper_cfg.items():
            if party == 'type':
                continue
            if party not in known:
                raise ValueError(
                    f"optim_wrapper names '{party}', but the model has the parties {known}; "
                    f'rename or delete optim_wrapper.{party}, or configure that party in model.'
                )
            module = getattr(model, party)
            if not any(p.requires_grad for p in module.parameters()):
                raise ValueError(
                    f'optim_wrapper.{party}: {type(module).__name__} has no trainable weights; delete optim_wrapper.{party} '
                    'and its phase in train_cfg.'
                )
            cfg = dict(cfg)
            paramwise_cfg = cfg.pop('paramwise_cfg', self.paramwise_cfg)
            cfg.setdefault('type', 'OptimWrapper')
            wrapper = DefaultOptimWrapperConstructor(cfg, paramwise_cfg)(module)
            if hasattr(wrapper, 'grad_name'):
                wrapper.grad_name = (
                    f'{party}/{wrapper.grad_name}'  # parties would log under one name otherwise
                )
            wrappers[party] = wrapper
        return OptimWrapperDict(**wrappers)
