# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A small collection, and what becomes of it."""

import pytest
from ntu_files import write_collection

from mmskanon.datasets.converters.ntu import convert_ntu


@pytest.fixture(scope='session')
def folder(tmp_path_factory):
    """24 sound recordings: three subjects, an action of two persons among two, two replications, two cameras."""
    folder = tmp_path_factory.mktemp('nturgb+d')
    write_collection(folder, actions=(1, 50))
    return folder


@pytest.fixture(scope='session')
def converted(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp('out') / 'ntu60.pkl'
    convert_ntu(folder, out)
    return out
