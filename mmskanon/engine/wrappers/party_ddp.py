# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Distributed data parallelism with one gradient reducer per party."""

import torch
from mmengine.device import get_device
from mmengine.model import MMDistributedDataParallel
from torch import nn

from mmskanon.registry import MODEL_WRAPPERS


@MODEL_WRAPPERS.register_module()
class PartyDistributedDataParallel(nn.Module):
    """Wrap each trainable party of a model for itself, without changing the model's state dict.

    MMEngine's default wrapper fails with several optimizers, and its ``MMSeparateDistributedDataParallel`` replaces the
    model's children, so that checkpoints of distributed and single runs have different keys. Here the reducers stand beside
    the model, which calls them for the party it trains (``model.set_synchronized``).

    Args:
        module (nn.Module): A model with ``parties``, ``set_synchronized`` and ``phase_step``.
        broadcast_buffers (bool): Broadcast rank 0's buffers before each forward pass. Defaults to False; buffers are
            averaged by ``SyncBuffersHook`` instead.
        find_unused_parameters (bool): As in ``DistributedDataParallel``. Defaults to False.
        **kwargs: Passed on to ``MMDistributedDataParallel``.
    """

    def __init__(
        self,
        module: nn.Module,
        broadcast_buffers: bool = False,
        find_unused_parameters: bool = False,
        **kwargs,
    ) -> None:
        super().__init__()
        self.module = module.to(get_device())
        kwargs.pop('device_ids', None)
        device_ids = [torch.cuda.current_device()] if torch.cuda.is_available() else None
        wrapped = {}
        for party in module.parties:
            child = getattr(module, party)
            if child is not None and any(p.requires_grad for p in child.parameters()):
                wrapped[party] = MMDistributedDataParallel(
                    module=child,
                    device_ids=device_ids,
                    broadcast_buffers=broadcast_buffers,
                    find_unused_parameters=find_unused_parameters,
                    **kwargs,
                )
        module.set_synchronized(wrapped)

    def phase_step(self, phase: str, data: dict, optim_wrapper) -> dict[str, torch.Tensor]:
        """One update of one party, see :meth:`AdversarialAnonymization.phase_step`."""
        return self.module.phase_step(phase, data, optim_wrapper)

    def train_step(self, data: dict, optim_wrapper) -> dict[str, torch.Tensor]:
        """One update of each party."""
        return self.module.train_step(data, optim_wrapper)

    def val_step(self, data: dict) -> list:
        """Predictions for validation."""
        return self.module.val_step(data)

    def test_step(self, data: dict) -> list:
        """Predictions for testing."""
        return self.module.test_step(data)

    def forward(self, *args, **kwargs):
        """The model's forward, without synchronization."""
        return self.module(*args, **kwargs)
