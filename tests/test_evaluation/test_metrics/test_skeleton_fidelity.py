# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmskanon.evaluation import SkeletonFidelity
from mmskanon.evaluation.functional import bone_length_deviation, fidelity_sums, mpjpe_mm, mse
from mmskanon.registry import METRICS
from mmskanon.skeletons.layouts import get_layout

BONES = get_layout('kinect_v1').bones


@pytest.fixture
def clips():
    """Clips of several lengths, so that a mean of means would differ from the mean."""
    rng = np.random.default_rng(0)
    return [
        (clip := rng.normal(size=(2, t, 20, 3)), clip + rng.normal(scale=0.01 * t, size=clip.shape))
        for t in (3, 8, 1, 20, 5)
    ]


def _samples(clips):
    return [
        dict(frame_dir=f'clip_{i}', fidelity=fidelity_sums(*pair, BONES))
        for i, pair in enumerate(clips)
    ]


def test_values_are_those_of_all_frames_at_once(clips, evaluate):
    found = evaluate(METRICS.build(dict(type='SkeletonFidelity')), _samples(clips), batch=2)
    whole = [np.concatenate(side, axis=1) for side in zip(*clips, strict=True)]
    assert found == pytest.approx(
        {
            'fidelity/mse': mse(*whole),
            'fidelity/mpjpe_mm': mpjpe_mm(*whole),
            'fidelity/bone_deviation': bone_length_deviation(*whole, BONES),
        }
    )
    assert all(type(value) is float for value in found.values())


def test_order_of_samples_changes_not_one_bit(make_samples, evaluate):
    samples = make_samples(50)
    expected = evaluate(SkeletonFidelity(), samples)
    assert evaluate(SkeletonFidelity(), samples[::-1], batch=3) == expected


def test_units(clips, evaluate):
    samples = _samples(clips)
    millimetres = evaluate(SkeletonFidelity(), samples)['fidelity/mpjpe_mm']
    assert evaluate(SkeletonFidelity(unit_mm=10.0), samples)[
        'fidelity/mpjpe_mm'
    ] * 100 == pytest.approx(millimetres)
    pixels = evaluate(SkeletonFidelity(unit_mm=None), samples)
    assert 'fidelity/mpjpe_mm' not in pixels
    assert pixels['fidelity/mpjpe'] * 1000 == pytest.approx(millimetres)


def test_sums_may_be_tensors(clips, evaluate):
    samples = _samples(clips)
    tensors = [
        dict(fidelity={k: torch.tensor(v, dtype=torch.float64) for k, v in s['fidelity'].items()})
        for s in samples
    ]
    assert evaluate(SkeletonFidelity(), tensors) == evaluate(SkeletonFidelity(), samples)


def test_missing_field_names_its_producer(evaluate):
    with pytest.raises(ValueError, match="'fidelity', which sample 'a' lacks.*anonymizer"):
        evaluate(SkeletonFidelity(), [dict(frame_dir='a')])


def test_incomplete_sums_are_named(clips, evaluate):
    samples = _samples(clips)
    del samples[0]['fidelity']['bone_count']
    with pytest.raises(ValueError, match="'clip_0' lacks .'bone_count'"):
        evaluate(SkeletonFidelity(), samples)


def test_no_sample_and_bad_unit_are_refused():
    with pytest.raises(ValueError, match='no samples'):
        SkeletonFidelity().evaluate(0)
    with pytest.raises(ValueError, match='unit_mm'):
        SkeletonFidelity(unit_mm=0)
