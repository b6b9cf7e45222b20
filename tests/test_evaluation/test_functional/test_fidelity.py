# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_squared_error

from mmskanon.evaluation.functional import (
    MIN_BONE_LENGTH,
    batch_fidelity_sums,
    bone_deviation_from_sums,
    bone_length_deviation,
    fidelity_sums,
    merge_fidelity_sums,
    motion_energy,
    mpjpe_from_sums,
    mpjpe_mm,
    mse,
    mse_from_sums,
)
from mmskanon.skeletons.layouts import get_layout

BONES = ((0, 0), (1, 0), (2, 1), (3, 1))


def _skeletons(seed, shape=(2, 6, 4, 3)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.normal(size=shape)


def test_unchanged_skeletons_are_at_distance_zero():
    original, _ = _skeletons(0)
    assert mse(original, original) == mpjpe_mm(original, original) == 0.0
    assert bone_length_deviation(original, original, BONES) == 0.0


def test_known_shift_and_known_scale():
    original, _ = _skeletons(0)
    shifted = original + [0.03, 0.0, -0.04]
    assert mpjpe_mm(original, shifted) == pytest.approx(50.0)
    assert mpjpe_mm(original * 1000, shifted * 1000, unit_mm=1.0) == pytest.approx(50.0)
    assert mse(original, shifted) == pytest.approx((0.03**2 + 0.04**2) / 3)
    assert bone_length_deviation(original, shifted, BONES) == pytest.approx(0.0, abs=1e-12)
    assert bone_length_deviation(original, original * 0.9, BONES) == pytest.approx(0.1)
    assert bone_length_deviation(original, original * -1.3, BONES) == pytest.approx(0.3)


def test_equals_independent_computation():
    original, anonymized = _skeletons(1)
    assert mse(original, anonymized) == pytest.approx(
        mean_squared_error(original.ravel(), anonymized.ravel())
    )
    distances, changes = [], []
    for person in range(2):
        for frame in range(6):
            a, b = original[person, frame], anonymized[person, frame]
            distances += [sum((a[v] - b[v]) ** 2) ** 0.5 for v in range(4)]
            for joint, parent in BONES[1:]:
                before = sum((a[joint] - a[parent]) ** 2) ** 0.5
                after = sum((b[joint] - b[parent]) ** 2) ** 0.5
                changes.append(abs(after - before) / before)
    assert mpjpe_mm(original, anonymized) == pytest.approx(1000 * np.mean(distances))
    assert bone_length_deviation(original, anonymized, BONES) == pytest.approx(np.mean(changes))


def test_absent_bodies_dilute_nothing():
    original, anonymized = _skeletons(2)
    padded = [np.concatenate([a, np.zeros((2, 50, 4, 3))], axis=1) for a in (original, anonymized)]
    padded[1][:, 6:] = 7.0
    assert fidelity_sums(*padded, BONES) == fidelity_sums(original, anonymized, BONES)


def test_a_single_joint_at_the_origin_is_present():
    original = np.ones((1, 1, 4, 3))
    original[..., 0, :] = 0
    assert fidelity_sums(original, original)['count'] == 4


def test_bones_of_length_zero_are_left_out():
    original = np.array([[0.0, 0, 0], [0, 0, 0], [1, 0, 0]])
    anonymized = np.array([[0.0, 0, 0], [5, 0, 0], [2, 0, 0]])
    assert bone_length_deviation(original, anonymized, [(1, 0), (2, 0)]) == 1.0


def test_bones_no_longer_than_the_threshold_are_left_out():
    for factor, count in ((0.5, 0), (2, 1)):
        original = np.array([[0.0, 0, 0], [0, factor * MIN_BONE_LENGTH, 0]])
        sums = fidelity_sums(original, 3 * original, [(0, 0), (1, 0)])
        assert sums['bone_count'] == count
        assert sums['bone_dev_sum'] == pytest.approx(2 * count)


def _sums_by_loop(original, anonymized, layout):
    """The sums of one sample of shape (M, T, V, C), body by body and joint by joint."""
    square = distance = joints = bones = deviation = 0
    for before, after in zip(
        original.reshape(-1, *original.shape[-2:]),
        anonymized.reshape(-1, *original.shape[-2:]),
        strict=True,
    ):
        if not before.any():
            continue
        for joint, parent in enumerate(layout.parents):
            joints += 1
            d = np.linalg.norm(before[joint] - after[joint])
            square, distance = square + d**2, distance + d
            if joint != parent:
                length = np.linalg.norm(before[joint] - before[parent])
                changed = np.linalg.norm(after[joint] - after[parent])
                bones, deviation = bones + 1, deviation + abs(changed - length) / length
    return dict(
        sum_sq=square,
        sum_dist=distance,
        count=joints,
        coords=original.shape[-1] * joints,
        bone_dev_sum=deviation,
        bone_count=bones,
    )


def test_the_sums_of_each_sample_of_a_batch_agree_with_a_plain_loop():
    rng = np.random.default_rng(0)
    layout = get_layout('nturgb+d')
    x = rng.normal(size=(3, 2, 5, 25, 3))
    x[0, 1] = 0
    x[1, :, 3:] = 0
    x[2] = 0
    y = x + rng.normal(scale=0.1, size=x.shape)
    sums = batch_fidelity_sums(torch.from_numpy(x), torch.from_numpy(y), layout.bones)
    for n in range(3):
        expected = _sums_by_loop(x[n], y[n], layout)
        assert {k: v[n].item() for k, v in sums.items()} == pytest.approx(expected)
        assert fidelity_sums(x[n], y[n], layout.bones) == pytest.approx(expected)


def test_motion_energy_of_a_uniform_motion():
    x = torch.zeros(1, 1, 4, 20, 3)
    x[..., 0] = torch.arange(4)[:, None] * 0.1
    assert torch.isclose(motion_energy(x), torch.tensor(0.01))
    assert motion_energy(x[:, :, :1]) == 0


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_sums_merge_to_the_whole_in_any_grouping(seed, cut):
    original, anonymized = _skeletons(seed)
    whole = fidelity_sums(original, anonymized, BONES)
    parts = [
        fidelity_sums(original[:, s], anonymized[:, s], BONES) for s in (slice(cut), slice(cut, 6))
    ]
    merged = merge_fidelity_sums(parts)
    assert merged == pytest.approx(whole)
    assert merged == merge_fidelity_sums(parts[::-1])
    assert mse_from_sums(merged) == pytest.approx(mse(original, anonymized))
    assert 1000 * mpjpe_from_sums(merged) == pytest.approx(mpjpe_mm(original, anonymized))
    assert bone_deviation_from_sums(merged) == pytest.approx(
        bone_length_deviation(original, anonymized, BONES)
    )


@pytest.mark.parametrize(
    ('original', 'anonymized', 'message'),
    [
        (np.ones((4, 3)), np.ones((5, 3)), r'\(4, 3\) and \(5, 3\)'),
        (np.ones((4, 3)), np.full((4, 3), np.inf), 'anonymized skeletons hold NaN or infinite'),
        (np.full((4, 3), np.nan), np.ones((4, 3)), 'original skeletons hold NaN or infinite'),
        (np.zeros((4, 3)), np.ones((4, 3)), 'every body of the original is absent'),
    ],
)
def test_unusable_input_is_refused(original, anonymized, message):
    with pytest.raises(ValueError, match=message):
        mse(original, anonymized)


def test_no_measurable_bone_is_refused():
    with pytest.raises(ValueError, match='no bone to compare'):
        bone_length_deviation(np.ones((4, 3)), np.zeros((4, 3)), [(0, 0)])
