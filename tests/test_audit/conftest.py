# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Small originals for the tests of the audit."""

import pytest

from mmskanon.audit.inputs import read_original
from mmskanon.io import atomic_pickle


@pytest.fixture
def stores(tmp_path):
    """Folder of the stores."""
    return tmp_path / 'stores'


@pytest.fixture
def record(tmp_path, stores):
    """Write annotations to a file and read it as the original of an audit."""

    def write(data: dict, name: str = 'original.pkl', **kwargs):
        path = tmp_path / name
        atomic_pickle(data, path, overwrite=True)
        return read_original(str(path), stores, **kwargs)

    return write
