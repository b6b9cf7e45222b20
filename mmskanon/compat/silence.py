# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Warnings and notes that no user can act on."""

import warnings
from typing import Any

_UNACTIONABLE: tuple[tuple[str, type[Warning], str], ...] = (
    # mmengine imports torch.distributed.optim, which compiles functions with torch.jit.
    (r'`torch\.jit\.\w+` is deprecated', DeprecationWarning, r'torch\.jit\._script'),
    # mmcv-lite has no compiled operators, and no skeleton recipe uses one.
    (
        r'Fail to import ``MultiScaleDeformableAttention``',
        UserWarning,
        r'mmcv\.cnn\.bricks\.transformer',
    ),
    # mmengine imports and reloads pkg_resources to find packages; our requirements keep it there.
    (
        r'pkg_resources is deprecated as an API',
        UserWarning,
        r'mmengine\.utils\.package_utils|importlib',
    ),
    # mmengine makes its gradient scaler by the name that PyTorch had for it before 2.4.
    (
        r'`torch\.cuda\.amp\.GradScaler',
        FutureWarning,
        r'mmengine\.optim\.optimizer\.amp_optimizer_wrapper',
    ),
    # mmengine's distributed wrapper passes an argument on by a name that PyTorch has replaced.
    (
        r'`broadcast_buffers` is deprecated',
        FutureWarning,
        r'mmengine\.model\.wrappers\.distributed',
    ),
)
"""Warnings that no user can act on and why: start of the message, category and module."""


def silence_unactionable_warnings() -> None:
    """Silence the listed warnings, each by its message, its category and the module it is from.

    Fault: importing MMEngine and MMAction2 on today's PyTorch warns about code inside them and
    inside PyTorch. A line of the list can go when its package no longer issues it.
    """
    for message, category, module in _UNACTIONABLE:
        warnings.filterwarnings('ignore', message, category, module)


def silence_file_client() -> None:
    """Drop the notes that ``FileClient`` and ``HardDiskBackend`` are deprecated.

    Fault: the checkpoint hook of MMEngine 0.10.7 makes a ``FileClient`` on every run, which logs
    two warnings about itself. Can go when the hook uses MMEngine's own replacement.
    """
    from mmengine.fileio import file_client

    file_client.print_log = _print_unless_deprecation


def _print_unless_deprecation(message: Any, *args: Any, **kwargs: Any) -> None:
    """Log a message of ``mmengine.fileio.file_client`` unless it announces its own deprecation."""
    from mmengine.logging import print_log

    if 'will be deprecated in future' not in str(message):
        print_log(message, *args, **kwargs)
