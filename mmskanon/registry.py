# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Registries of mmskanon, each a child of the MMAction2 registry of the same name.

With ``default_scope = 'mmskanon'`` in a config, an unprefixed ``type`` is looked up here first, then in MMAction2, then in
MMEngine. ``locations`` are imported by MMEngine on the first look-up, so a config needs no ``custom_imports``. Every MMAction2
registry has a child, also those in which nothing of ours is registered: MMEngine warns about a scope that a registry lacks.
"""

from mmaction import registry as _parent
from mmengine.registry import Registry


def _child(name: str, location: str | None = None) -> Registry:
    parent = getattr(_parent, name)
    locations = [] if location is None else [location]
    return Registry(parent.name, parent=parent, scope='mmskanon', locations=locations)


DATASETS = _child('DATASETS', 'mmskanon.datasets')
DATA_SAMPLERS = _child('DATA_SAMPLERS', 'mmskanon.datasets')
TRANSFORMS = _child('TRANSFORMS', 'mmskanon.datasets')
MODELS = _child('MODELS', 'mmskanon.models')
LOOPS = _child('LOOPS', 'mmskanon.engine')
HOOKS = _child('HOOKS', 'mmskanon.engine')
OPTIM_WRAPPERS = _child('OPTIM_WRAPPERS', 'mmskanon.engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child('OPTIM_WRAPPER_CONSTRUCTORS', 'mmskanon.engine')
MODEL_WRAPPERS = _child('MODEL_WRAPPERS', 'mmskanon.engine')
METRICS = _child('METRICS', 'mmskanon.evaluation')

# The one registry that has no parent: MMAction2 knows no attackers.
ATTACKERS = Registry('attacker', scope='mmskanon', locations=['mmskanon.audit.attackers'])

EVALUATOR = _child('EVALUATOR')
FUNCTION = _child('FUNCTION')
INFERENCERS = _child('INFERENCERS')
LOG_PROCESSORS = _child('LOG_PROCESSORS')
OPTIMIZERS = _child('OPTIMIZERS')
PARAM_SCHEDULERS = _child('PARAM_SCHEDULERS')
RUNNERS = _child('RUNNERS')
RUNNER_CONSTRUCTORS = _child('RUNNER_CONSTRUCTORS')
TASK_UTILS = _child('TASK_UTILS')
VISBACKENDS = _child('VISBACKENDS')
VISUALIZERS = _child('VISUALIZERS')
WEIGHT_INITIALIZERS = _child('WEIGHT_INITIALIZERS')

__all__ = [
    'ATTACKERS',
    'DATASETS',
    'DATA_SAMPLERS',
    'EVALUATOR',
    'FUNCTION',
    'HOOKS',
    'INFERENCERS',
    'LOG_PROCESSORS',
    'LOOPS',
    'METRICS',
    'MODELS',
    'MODEL_WRAPPERS',
    'OPTIMIZERS',
    'OPTIM_WRAPPERS',
    'OPTIM_WRAPPER_CONSTRUCTORS',
    'PARAM_SCHEDULERS',
    'RUNNERS',
    'RUNNER_CONSTRUCTORS',
    'TASK_UTILS',
    'TRANSFORMS',
    'VISBACKENDS',
    'VISUALIZERS',
    'WEIGHT_INITIALIZERS',
]
