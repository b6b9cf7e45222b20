# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
from collection_runs import KEY
from raw_recordings import utd_folder


@pytest.fixture
def folder(tmp_path):
    return utd_folder(tmp_path / 'raw')


@pytest.fixture
def key_file(tmp_path):
    (tmp_path / 'key').write_bytes(KEY)
    return tmp_path / 'key'
