# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pickle
import shutil

import pytest
from builders import annotations

from mmskanon.datasets.converters import read_utd_mhad


@pytest.fixture(scope='session')
def utd_data(utd_dir, tmp_path_factory):
    """Two actions of UTD-MHAD, "swipe left" and "jogging in place", by 8 subjects in 4 trials."""
    folder = tmp_path_factory.mktemp('utd_mhad')
    for action in (1, 22):
        for path in utd_dir.glob(f'a{action}_*.mat'):
            shutil.copy(path, folder)
    return read_utd_mhad(folder)


@pytest.fixture
def population(tmp_path):
    """What a CanonicalBodyAnonymizer measures a population from."""
    path = tmp_path / 'data.pkl'
    path.write_bytes(pickle.dumps(annotations()))
    return dict(ann_file=str(path), split='train')
