# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""MMAction2 needs one of two packages that own the same folder, and declares neither."""

import importlib.metadata
import importlib.util
import warnings


def check_mmcv() -> None:
    """Say what to do where neither ``mmcv`` nor ``mmcv-lite`` is installed, or both are.

    Fault: MMAction2 needs one of the two, which own the same folder ``mmcv``; a package cannot require "either", and
    requiring one would put it on top of the other. Can go when MMAction2 declares what it needs.

    Raises:
        ModuleNotFoundError: If neither is installed.
    """
    if importlib.util.find_spec('mmcv') is None:
        raise ModuleNotFoundError(
            'mmskanon needs mmcv or mmcv-lite, and neither is installed. For skeletons run "pip install mmcv-lite==2.1.0"; '
            "for MMAction2's other recipes too, install the full mmcv 2.1 instead.",
            name='mmcv',
        )
    names = ('mmcv', 'mmcv-lite')
    if all(any(importlib.metadata.distributions(name=name)) for name in names):
        warnings.warn(
            'mmcv and mmcv-lite are both installed and have overwritten files of each other: run "pip uninstall mmcv '
            'mmcv-lite", then install one of them.',
            stacklevel=2,
        )
