# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Registration of everything in the package, under the name that MMEngine expects of an OpenMMLab package."""

from mmengine.registry import init_default_scope as _init_default_scope


def register_all_modules(init_default_scope: bool = True) -> None:
    """Import every module that registers something.

    Args:
        init_default_scope (bool): Make ``'mmskanon'`` the scope in which unprefixed names are looked up. Defaults to True.
    """
    import mmskanon.datasets
    import mmskanon.engine
    import mmskanon.evaluation
    import mmskanon.models  # noqa: F401

    if init_default_scope:
        _init_default_scope('mmskanon')
