# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from audit_views import SUBJECTS, samples, view_of

from mmskanon.audit.attackers import Anthropometrics
from mmskanon.audit.inversion import Inverter


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    """Originals, and clips whose joints a fixed linear map has mixed, split by trial."""
    folder, clips = tmp_path_factory.mktemp('pairs'), samples('bones')
    mix = np.eye(20) + 0.1 * np.random.default_rng(3).normal(size=(20, 20))
    mixed = [
        dict(s, keypoint=np.einsum('uv,mtvc->mtuc', mix, s['keypoint']).astype(np.float32))
        for s in clips
    ]
    train = np.array([s['trial'] < 4 for s in clips])
    original, labels = view_of(clips, folder / 'a')
    anonymized, _ = view_of(mixed, folder / 'b')
    return original, anonymized, labels, train


@pytest.mark.parametrize('kind', ['ridge', 'network'])
def test_recovers_what_a_linear_map_hid(kind, pairs, tmp_path):
    original, anonymized, labels, train = pairs
    inverter = Inverter(kind, length=20, window=3, penalty=1e-5, channels=16, epochs=5)
    report = inverter.fit(anonymized[train], original[train], 0)
    assert report.after < 0.3 * report.before
    found = inverter.recover(anonymized[~train], tmp_path / 'out', 'key')
    true = original[~train]
    assert found.names() == true.names() and (found.actions == true.actions).all()
    assert (found.num_frames() == true.num_frames()).all()
    error = np.linalg.norm(found.clips(20) - true.clips(20), axis=-1).mean()
    assert (
        error < 0.5 * np.linalg.norm(anonymized[~train].clips(20) - true.clips(20), axis=-1).mean()
    )
    # The attacker who knows originals only reads the recovered clips better.
    attacker = Anthropometrics('logistic')
    attacker.fit(original[train], labels[train], SUBJECTS, 0)
    rates = [
        (attacker.score(v).log_posterior.argmax(1) == labels[~train]).mean()
        for v in (anonymized[~train], found)
    ]
    assert rates[1] > rates[0] and rates[1] > 0.7
    # A store that is there is taken as it is.
    again = Inverter(kind).recover(anonymized[~train], tmp_path / 'out', 'key')
    np.testing.assert_array_equal(again.clips(20), found.clips(20))


def test_is_deterministic(pairs, tmp_path):
    original, anonymized, _, train = pairs
    out = []
    for number in range(2):
        inverter = Inverter('network', length=12, window=3, channels=8, epochs=1)
        inverter.fit(anonymized[train], original[train], 7)
        out.append(inverter.recover(anonymized[~train], tmp_path / str(number), 'key').clips(12))
    np.testing.assert_array_equal(*out)


def test_absent_persons_stay_absent(tmp_path):
    view, _ = view_of(samples('bones', persons=2), tmp_path / 'a')
    inverter = Inverter(length=12, window=3)
    inverter.fit(view, view, 0)
    found = inverter.recover(view, tmp_path / 'b', 'key')
    there = view.clips(12).any((2, 3, 4))
    assert not there.all()
    np.testing.assert_array_equal(found.clips(12).any((2, 3, 4)), there)


def test_mistakes_are_named(pairs):
    original, anonymized, _, train = pairs
    with pytest.raises(ValueError, match='found 48 anonymized and 72 original clips'):
        Inverter().fit(anonymized[train], original, 0)
    with pytest.raises(ValueError, match=r"'a1_s1_t1' beside the original 'a3_s4_t6'"):
        Inverter().fit(anonymized, original[::-1], 0)
    with pytest.raises(ValueError, match="'ridge', 'network'.*found 'magic'"):
        Inverter('magic')
    with pytest.raises(ValueError, match='window of an Inverter must be odd, found 4'):
        Inverter(window=4)
