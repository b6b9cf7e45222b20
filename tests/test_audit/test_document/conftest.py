# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Audits with planted answers, in which nobody is found unless a test says so."""

import numpy as np
import pytest
from planted_audits import build


@pytest.fixture(autouse=True)
def one_figure(monkeypatch):
    """How far the first test clip was moved instead of all that test_fidelity.py looks at, which takes longer."""

    def measure(original, anonymized, test):
        moved = anonymized.camera(test[0]) - original.store.camera(test[0])
        return dict(mpjpe_mm=1000 * float(np.linalg.norm(moved, axis=-1).mean()))

    monkeypatch.setattr('mmskanon.audit.document.measure_fidelity', measure)


@pytest.fixture(scope='session')
def cache(tmp_path_factory):
    """Clips that several audits share."""
    return tmp_path_factory.mktemp('cache')


@pytest.fixture
def audited(request, tmp_path, cache):
    """Build an audit with its own settings."""
    return lambda *args, **kwargs: build(request, tmp_path, cache, *args, **kwargs)


@pytest.fixture(scope='session')
def _common(request, tmp_path_factory, cache):
    return build(request, tmp_path_factory.mktemp('audit'), cache)


@pytest.fixture
def audit(_common):
    """An audit of one method 'm' in all tiers, in which nobody is found."""
    yield _common.plant()
    _common.cfg.merge_from_dict(dict(min_genuine=30, lower_bound=False, randomness=dict(seed=0)))
