# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymization of 3D skeleton data for MMAction2."""

from . import compat

compat.install()

from .version import __version__  # noqa: E402

__all__ = ['__version__']
