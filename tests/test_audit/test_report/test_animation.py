# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import audit_documents
import numpy as np
import pytest

from mmskanon.audit.report import Example
from mmskanon.audit.report.animation import animation_data
from mmskanon.skeletons.layouts import get_layout


def unfold(entry, name):
    """Coordinates (M, T, V, C) as the page has them."""
    shape = (entry['frames'], entry['joints'], entry['dims'])
    return np.stack([np.cumsum(np.reshape(p, shape), axis=0) for p in entry['clips'][name]])


def test_coordinates_come_back_to_the_millimetre():
    clip = audit_documents.walking(persons=2)
    changed = clip + np.float32(0.1)
    (entry,) = animation_data([Example('a', 'kinect_v1', 30.0, clip, dict(unet=changed))])
    assert (entry['fps'], entry['frames'], entry['unit']) == (30.0, 40, 'mm')
    assert np.abs(unfold(entry, '') - clip * 1000.0).max() <= 0.5 + 1e-3
    assert np.abs(unfold(entry, 'unet') - changed * 1000.0).max() <= 0.5 + 1e-3
    # The second person is absent in the first half, and exactly zero there.
    assert not unfold(entry, '')[1, :20].any() and unfold(entry, '')[1, 20:].any()
    layout = get_layout('kinect_v1')
    assert sorted(map(tuple, entry['bones'])) == sorted(b for b in layout.bones if b[0] != b[1])


def test_absent_joints_lie_between_their_neighbours_not_at_the_camera():
    clip = audit_documents.walking()
    layout = get_layout('kinect_v1')
    knee, hand = layout.joints.index('left_knee'), layout.joints.index('left_hand')
    seen = clip.copy()
    seen[:, :, [knee, hand]] = 0
    (entry,) = animation_data([Example('a', 'kinect_v1', 30.0, seen)])
    around = [layout.joints.index(name) for name in ('left_hip', 'left_ankle')]
    shown = unfold(entry, '') / 1000
    assert np.abs(shown[:, :, knee] - clip[:, :, around].mean(axis=2)).max() <= 1e-3
    wrist = layout.joints.index('left_wrist')
    assert np.abs(shown[:, :, hand] - clip[:, :, wrist]).max() <= 1e-3


def test_long_clips_are_thinned_and_keep_their_duration():
    clip = np.repeat(audit_documents.walking(frames=1), 1000, axis=1)
    clip[0, :, 0, 0] = np.arange(1000)
    (entry,) = animation_data([Example('a', 'kinect_v1', 50.0, clip)])
    assert entry['frames'] == 240
    assert entry['frames'] / entry['fps'] == pytest.approx(1000 / 50, rel=1e-3)
    shown = unfold(entry, '')[0, :, 0, 0] / 1000
    assert (shown[0], shown[-1]) == (0, 999) and np.diff(shown).max() <= 5


def test_images_stay_in_pixels_and_are_turned_upright():
    clip = np.random.default_rng(0).uniform(1, 100, (1, 3, 17, 3))
    (entry,) = animation_data([Example('a', 'coco', 25.0, clip)])
    assert (entry['unit'], entry['dims']) == ('px', 2)
    assert np.array_equal(unfold(entry, ''), np.rint(clip[..., :2]) * [1, -1])


CLIP = np.ones((1, 4, 20, 3))
CASES = {
    'fps': (dict(fps=0), "sample 'a': fps must be positive, found 0"),
    'rank': (dict(original=CLIP[0]), r'the original: expected shape \(M, T, V, C\)'),
    'joints': (dict(original=CLIP[:, :, :17]), '17 joints.*20'),
    'frames': (dict(anonymized=dict(unet=CLIP[:, :3])), "unet: has 3 frames, the original 4"),
    'NaN': (dict(anonymized=dict(unet=CLIP * np.nan)), 'unet: holds NaN'),
}  # fmt: skip


@pytest.mark.parametrize('case', CASES)
def test_samples_that_cannot_be_shown_are_refused(case):
    change, sentence = CASES[case]
    with pytest.raises(ValueError, match=sentence):
        Example(**(dict(name='a', layout='kinect_v1', fps=30.0, original=CLIP) | change))
