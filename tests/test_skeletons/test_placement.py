# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from builders import annotations
from scipy.ndimage import gaussian_filter1d

from mmskanon.skeletons.geometry import denormalize_skeleton, normalize_skeleton
from mmskanon.skeletons.layouts import get_layout
from mmskanon.skeletons.placement import PLACEMENTS, SMOOTHED_FRAMES, place, place_canonically

LAYOUT = get_layout('kinect_v1')


def clip(persons=1, seed=0):
    body = annotations(persons=persons, seed=seed)['annotations'][5]['keypoint'].copy()
    for person in range(persons):
        body[person] += person
    return body


def turned(keypoint, seed=1):
    """The same clip with the person elsewhere, facing and leaning elsewhere."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    return (keypoint @ rotation.T + rng.normal(size=3) * 3).astype(np.float32)


def placed(keypoint, **normalization):
    body, record = normalize_skeleton(keypoint, LAYOUT, **normalization)
    return place_canonically(body, record, LAYOUT)


@pytest.mark.parametrize('center', ['first_frame', 'every_frame', None])
@pytest.mark.parametrize('rotate', [True, False, 'invariant'])
def test_centre_at_the_origin_spine_up_shoulders_sideways(center, rotate):
    made = placed(clip(), center=center, rotate=rotate)[0, 0]
    assert np.abs(made[LAYOUT.center]).max() < 1e-6
    low, high = LAYOUT.spine
    right, left = LAYOUT.shoulders
    shoulders, spine = made[right] - made[left], made[high] - made[low]
    assert np.abs(shoulders[1:]).max() < 1e-6 < shoulders[0]
    assert abs(spine[1]) < 1e-6 < spine[2]


@pytest.mark.parametrize('rotate', [True, False, 'invariant'])
def test_nothing_tells_where_and_how_somebody_stood(rotate):
    one, other = placed(clip(), rotate=rotate), placed(turned(clip()), rotate=rotate)
    np.testing.assert_allclose(one, other, atol=3e-6)


def test_the_motion_and_the_places_of_two_persons_stay():
    two = clip(persons=2)
    made = placed(two)
    for a, b in ((0, 0), (0, 1), (1, 1)):
        before = np.linalg.norm(two[a, 0, 3] - two[b, 7, 5])
        assert np.linalg.norm(made[a, 0, 3] - made[b, 7, 5]) == pytest.approx(before, abs=1e-5)


def test_a_body_that_is_the_same_is_the_same_to_the_last_bit():
    """What an anonymizer made alike stays alike, whatever the original was: no way through camera coordinates."""
    body, record = normalize_skeleton(clip(), LAYOUT)
    _, other = normalize_skeleton(turned(clip()), LAYOUT)
    one = place_canonically(body, record, LAYOUT)
    np.testing.assert_array_equal(one, place_canonically(body, other, LAYOUT))


def test_absent_joints_stay_absent_and_present_ones_present():
    keypoint = clip(persons=2)
    keypoint[0, :, 4] = 0
    keypoint[1, 3:6] = 0
    body, record = normalize_skeleton(keypoint, LAYOUT)
    body += 0.5  # a network that draws what is absent
    body[0, 8] = 0  # and brings what is present to the origin
    made = place_canonically(body, record, LAYOUT)
    np.testing.assert_array_equal(made.any(-1), keypoint.any(-1))


def smoothly(keypoint, **normalization):
    body, record = normalize_skeleton(keypoint, LAYOUT, **normalization)
    return place(body, record, LAYOUT, 'smooth')


@pytest.mark.parametrize('center', ['first_frame', 'every_frame', None])
def test_smooth_carries_the_body_along_the_filtered_path(center):
    keypoint = clip(persons=2)
    keypoint[0, ::2] += 0.1  # sways from frame to frame
    made = smoothly(keypoint, center=center)
    for before, after in zip(keypoint, made, strict=True):
        path = gaussian_filter1d(before[:, LAYOUT.center], SMOOTHED_FRAMES, axis=0, mode='nearest')
        np.testing.assert_allclose(after[:, LAYOUT.center], path, atol=2e-5)
        posture = (x - x[:, [LAYOUT.center]] for x in (before, after))
        np.testing.assert_allclose(*posture, atol=2e-5)


def test_smooth_does_not_reach_across_gaps_and_keeps_what_is_absent():
    keypoint = clip()
    far = keypoint.copy()
    far[0, 20:] += 5
    for one in (keypoint, far):
        one[0, 12:20] = 0
        one[0, :, 4] = 0
    near, away = smoothly(keypoint), smoothly(far)
    np.testing.assert_allclose(near[0, :12], away[0, :12], atol=1e-5)
    np.testing.assert_array_equal(near.any(-1), keypoint.any(-1))


def test_smooth_where_the_centre_joint_is_lost():
    keypoint = clip()
    keypoint[0, 10:14, LAYOUT.center] = 0
    made = smoothly(keypoint)
    assert not made[0, 10:14, LAYOUT.center].any()
    moved = (made - keypoint)[0, :, 3]
    between = np.linspace(moved[9], moved[14], 6)[1:-1]
    np.testing.assert_allclose(moved[10:14], between, atol=1e-4)
    keypoint[0, :, LAYOUT.center] = 0  # never seen: nothing to smooth
    np.testing.assert_allclose(smoothly(keypoint, center=None, rotate=False), keypoint, atol=1e-5)


def test_smooth_leaves_a_body_that_stands_still_where_it_is():
    keypoint = np.repeat(clip()[:, :1], 30, axis=1)
    np.testing.assert_allclose(smoothly(keypoint), keypoint, atol=1e-5)


def test_each_placement_and_no_other():
    body, record = normalize_skeleton(clip(), LAYOUT)
    kept, smooth, canonical = (place(body, record, LAYOUT, p) for p in PLACEMENTS)
    np.testing.assert_array_equal(kept, denormalize_skeleton(body, record))
    np.testing.assert_array_equal(canonical, place_canonically(body, record, LAYOUT))
    assert 1e-4 < np.abs(smooth - kept).max() < 1
    with pytest.raises(ValueError, match=r"one of \('keep', 'smooth', 'canonical'\), found 'away'"):
        place(body, record, LAYOUT, 'away')
