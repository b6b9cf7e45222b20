# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Configs that inherit from this package's."""


def install_config_scope() -> None:
    """Let configs inherit with ``_base_ = 'mmskanon::...'``.

    Fault: MMEngine 0.10.7 keeps a fixed list of the packages whose configs may be inherited. Can go
    when it takes any installed package.
    """
    from mmengine.config.utils import MODULE2PACKAGE

    MODULE2PACKAGE.setdefault('mmskanon', 'mmskanon')
