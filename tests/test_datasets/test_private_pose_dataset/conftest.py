# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The scope of the data set, and files for it to read."""

import pickle

import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmskanon'):
        yield


@pytest.fixture
def write(tmp_path):
    def write(data, name='ann.pkl'):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(data, protocol=4))
        return str(path)

    return write
