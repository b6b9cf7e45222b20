# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Registries of mmskanon, each a child of the MMAction2 registry of the same name.

With ``default_scope = 'mmskanon'`` in a config, an unprefixed ``type`` is looked up here first, then in MMAction2, then in
MMEngine. ``locations`` are imported by MMEngine on the first look-up, so a config needs no ``custom_imports``.
"""

from mmaction import registry as _parent
from mmengine.registry import Registry

MODELS = Registry('model', parent=_parent.MODELS, locations=['mmskanon.models'])
DATASETS = Registry('dataset', parent=_parent.DATASETS, locations=['mmskanon.datasets'])
TRANSFORMS = Registry('transform', parent=_parent.TRANSFORMS, locations=['mmskanon.datasets'])
LOOPS = Registry('loop', parent=_parent.LOOPS, locations=['mmskanon.engine'])
HOOKS = Registry('hook', parent=_parent.HOOKS, locations=['mmskanon.engine'])
OPTIM_WRAPPERS = Registry(
    'optim_wrapper', parent=_parent.OPTIM_WRAPPERS, locations=['mmskanon.engine']
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=_parent.OPTIM_WRAPPER_CONSTRUCTORS,
    locations=['mmskanon.engine'],
)
MODEL_WRAPPERS = Registry(
    'model_wrapper', parent=_parent.MODEL_WRAPPERS, locations=['mmskanon.engine']
)
METRICS = Registry('metric', parent=_parent.METRICS, locations=['mmskanon.evaluation'])

__all__ = [
    'DATASETS',
    'HOOKS',
    'LOOPS',
    'METRICS',
    'MODELS',
    'MODEL_WRAPPERS',
    'OPTIM_WRAPPERS',
    'OPTIM_WRAPPER_CONSTRUCTORS',
    'TRANSFORMS',
]
