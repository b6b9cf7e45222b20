# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Helpers of the command-line tools, worker processes, and registration of the package's modules."""

from .cli import (
    Overrides,
    add_annotation_output,
    add_run_arguments,
    check_device,
    read_run_config,
    run_converter,
    run_tool,
    split_name,
)
from .config import (
    adapt_to_cpu,
    check_optimizers,
    enable_auto_scale_lr,
    read_config,
    resolve_model_wrapper,
    set_work_dir,
    skip_party_checkpoints,
)
from .progress import show_progress
from .setup_env import register_all_modules
from .steps import run_step
from .workers import worker_pool

__all__ = [
    'Overrides',
    'adapt_to_cpu',
    'add_annotation_output',
    'add_run_arguments',
    'check_device',
    'check_optimizers',
    'enable_auto_scale_lr',
    'read_config',
    'read_run_config',
    'register_all_modules',
    'resolve_model_wrapper',
    'run_converter',
    'run_step',
    'run_tool',
    'set_work_dir',
    'show_progress',
    'skip_party_checkpoints',
    'split_name',
    'worker_pool',
]
