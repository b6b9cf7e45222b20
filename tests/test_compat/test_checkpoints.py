# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import os

import pytest
import torch
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader, load_from_http

from mmskanon.compat import load_from_local, load_url
from mmskanon.io import UnsafePickleError


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *args):
        self.reduced = function, args

    def __reduce__(self):
        return self.reduced


@pytest.fixture
def checkpoints(tmp_path):
    """A good file, a bad one, and what the bad one would make."""
    sentinel = tmp_path / 'sentinel'
    good, bad = tmp_path / 'good-0123.pth', tmp_path / 'bad.pth'
    torch.save({'state_dict': {'x': torch.ones(2)}}, good)
    torch.save({'state_dict': {'x': Call(os.system, f'touch {sentinel}')}}, bad)
    return good, bad, sentinel


def test_mmengine_loads_files_through_the_allow_list(checkpoints):
    good, bad, sentinel = checkpoints
    loader = CheckpointLoader._get_checkpoint_loader(str(good))
    assert loader is load_from_local
    assert loader.__name__[10:] == 'local'  # what MMEngine prints
    loaded = CheckpointLoader.load_checkpoint(str(good), map_location='cpu', logger=None)
    assert loaded['state_dict']['x'].tolist() == [1, 1]
    with pytest.raises(UnsafePickleError, match='system'):
        CheckpointLoader.load_checkpoint(str(bad), map_location='cpu', logger=None)
    with pytest.raises(FileNotFoundError, match='does not exist; expected a checkpoint'):
        CheckpointLoader.load_checkpoint(str(good) + 'x', logger=None)
    assert not sentinel.exists()


def test_mmengine_loads_downloads_through_the_allow_list(checkpoints, tmp_path):
    good, bad, sentinel = checkpoints
    cache = tmp_path / 'cache'
    for _ in range(2):
        loaded = load_from_http(good.as_uri(), 'cpu', model_dir=str(cache), progress=False)
        assert loaded['state_dict']['x'].tolist() == [1, 1]
        good.unlink(missing_ok=True)  # the second time it comes from the cache
    with pytest.raises(UnsafePickleError, match='system'):
        load_from_http(bad.as_uri(), 'cpu', model_dir=str(cache), progress=False)
    assert not sentinel.exists()
    assert mmengine_checkpoint.load_url is load_url


def test_the_hash_of_a_download_is_checked(checkpoints, tmp_path):
    good, _, _ = checkpoints
    with pytest.raises(RuntimeError, match='hash'):
        load_url(good.as_uri(), str(tmp_path / 'c'), progress=False, check_hash=True)
    assert list((tmp_path / 'c').iterdir()) == []


def test_the_default_cache_is_that_of_pytorch(checkpoints, tmp_path, monkeypatch):
    good, _, _ = checkpoints
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    load_url(good.as_uri(), progress=False, file_name='renamed.pth')
    assert (tmp_path / 'hub' / 'checkpoints' / 'renamed.pth').exists()
