# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest

from mmskanon.compat import mmcv


def test_missing_mmcv_is_told_with_the_command_to_run(monkeypatch):
    monkeypatch.setattr(mmcv.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install mmcv-lite==2\.1\.0'):
        mmcv.check_mmcv()


def test_mmcv_and_mmcv_lite_together_are_warned_about(monkeypatch):
    monkeypatch.setattr(mmcv.importlib.metadata, 'distributions', lambda name: [name])
    with pytest.warns(UserWarning, match='pip uninstall mmcv mmcv-lite'):
        mmcv.check_mmcv()
