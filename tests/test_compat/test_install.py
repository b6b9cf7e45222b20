# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Installing every shim at once."""

import sys
import warnings

from mmengine.runner.checkpoint import CheckpointLoader

from mmskanon import compat


def test_importing_prints_nothing(start, finish):
    code = 'import mmskanon, mmskanon.registry; import mmaction.models, mmaction.datasets, mmaction.apis'
    assert finish(start(code, '-W', 'default')) == ('', '')


def test_installing_twice_changes_nothing():
    def state():
        schemes = dict(CheckpointLoader._schemes)
        return list(sys.meta_path), schemes, sorted(map(repr, warnings.filters))

    compat.install()
    before = state()
    compat.install()
    assert state() == before


def test_importing_the_shims_alone_imports_nothing_heavy(start, finish):
    code = (
        'import sys; sys.modules["mmskanon"] = type(sys)("mmskanon"); sys.modules["mmskanon"].__path__ = ["mmskanon"]\n'
        'import mmskanon.compat\n'
        'print([n for n in ("torch", "mmengine", "mmcv", "mmaction") if n in sys.modules])'
    )
    assert finish(start(code))[0] == '[]\n'
