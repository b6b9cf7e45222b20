# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A whole file anonymized: sample by sample, with everything else in it as it was."""

import pickle
import tracemalloc

import numpy as np
import pytest
from builders import annotations
from raw_recordings import config

from mmskanon.apis import init_anonymizer
from mmskanon.apis.anonymize import anonymize_annotations
from mmskanon.collection import MotionSettings, ReleaseOptions, RunOptions, anonymize_collection
from mmskanon.io import load_annotations


@pytest.fixture
def cfg():
    return config('SmoothingAnonymizer', made=dict(sigma=1.0))


def assert_equal(made, expected):
    assert type(made) is type(expected)
    if isinstance(expected, dict):
        assert list(made) == list(expected)
        for key, value in expected.items():
            assert_equal(made[key], value)
    elif isinstance(expected, list):
        assert len(made) == len(expected)
        for one, other in zip(made, expected, strict=True):
            assert_equal(one, other)
    elif isinstance(expected, np.ndarray):
        assert made.dtype == expected.dtype
        np.testing.assert_array_equal(made, expected)
    else:
        assert made == expected


@pytest.mark.parametrize('protocol', [2, 4, 5])
@pytest.mark.parametrize('form', ['stock', 'mixed', 'list'])
def test_only_the_motion_changes(cfg, tmp_path, form, protocol):
    data = annotations()
    data['annotations'][1]['note'] = ['any', np.arange(999.0)]
    if form == 'mixed':
        data = dict(
            made=dict(when=1, table=np.ones((40, 30))),
            annotations=data['annotations'],
            split=data['split'],
            last='x' * 999,
        )
    data = data['annotations'] if form == 'list' else data
    source, target = tmp_path / 'in.pkl', tmp_path / 'out' / 'made.pkl'
    source.write_bytes(pickle.dumps(data, protocol=protocol))
    assert anonymize_collection(MotionSettings(cfg, None), source, target).recordings == 48
    expected = load_annotations(source)
    samples = expected if form == 'list' else expected['annotations']
    anonymizer = init_anonymizer(cfg, None)
    samples[:] = anonymize_annotations(samples, anonymizer, anonymizer.normalization)
    assert_equal(load_annotations(target), expected)
    assert_equal(pickle.loads(target.read_bytes()), expected)
    assert not np.array_equal(samples[0]['keypoint'], annotations()['annotations'][0]['keypoint'])


@pytest.mark.parametrize('broken', ['sample', 'cut'])
def test_a_faulty_file_leaves_nothing(cfg, tmp_path, broken):
    data = annotations()
    data['annotations'][40]['keypoint'][0, 3, 2, 1] = np.nan
    content = pickle.dumps(data)
    (tmp_path / 'in.pkl').write_bytes(content if broken == 'sample' else content[:-40])
    words = 'NaN or infinite' if broken == 'sample' else 'truncated'
    with pytest.raises(ValueError, match=rf'in\.pkl.*{words}'):
        motion = MotionSettings(cfg, None)
        anonymize_collection(motion, tmp_path / 'in.pkl', tmp_path / 'out' / 'made.pkl')
    assert [path.name for path in tmp_path.iterdir()] == ['in.pkl']


@pytest.mark.parametrize('released', [False, True])
def test_memory_is_a_fraction_of_the_file(cfg, tmp_path, released):
    source, target = tmp_path / 'in.pkl', tmp_path / 'made.pkl'
    source.write_bytes(pickle.dumps(annotations(n_subjects=1, n_actions=2, trials=40, frames=500)))
    release = ReleaseOptions() if released else None

    def run():
        options = RunOptions(overwrite=True, chunk=4)
        anonymize_collection(
            MotionSettings(cfg, None), source, target, release=release, run=options
        )

    run()  # what is imported and cached stays
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert target.stat().st_size > 9e6
    assert peak < 0.3 * target.stat().st_size
