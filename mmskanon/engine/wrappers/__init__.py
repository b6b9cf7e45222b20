# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Wrappers for distributed training."""

from .party_ddp import PartyDistributedDataParallel

__all__ = ['PartyDistributedDataParallel']
