# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Fixtures shared by all tests.

Real recordings and released weights stay outside the repository, in a folder ``shared`` beside the checkout or wherever the
environment variable ``MMSKANON_SHARED`` points. Tests that need them skip where they are absent.
"""

import os
from pathlib import Path

import pytest

import mmskanon  # noqa: F401  before any test imports mmaction: it makes the registry's wheel importable

# Helpers that assert: so that a failure shows the values.
pytest.register_assert_rewrite('annotation_files', 'planted_audits', 'refusals')

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session', autouse=True)
def configs_as_they_are():
    """MMEngine lays out the text of a config before each run, which takes longer than most runs of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.config.config.FormatCode', lambda text, **_: (text, True))
        yield


@pytest.fixture(scope='session', autouse=True)
def unused_workers_end_at_once():
    """PyTorch waits 5 seconds for each worker of a loader that the garbage collector found, since it has closed their queues by then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('torch.utils.data._utils.MP_STATUS_CHECK_INTERVAL', 0.2)
        yield


def _shared(*parts: str) -> Path:
    root = Path(os.environ.get('MMSKANON_SHARED', REPO.parent / 'shared'))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(
            f'needs real data: {"/".join(("shared", *parts))} is not there (set MMSKANON_SHARED)'
        )
    return path


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """Folder with real data and released weights."""
    return _shared()


@pytest.fixture(scope='session')
def utd_dir() -> Path:
    """Folder with the 861 UTD-MHAD .mat files."""
    return _shared('data', 'utd_mhad')


@pytest.fixture(scope='session')
def ntu_samples_dir() -> Path:
    """Folder with three original NTU RGB+D .skeleton files."""
    return _shared('data', 'ntu_samples')


@pytest.fixture(scope='session')
def weights_dir() -> Path:
    """Folder with the Shift-GCN weights released with the AAAI 2023 paper."""
    return _shared('weights')
