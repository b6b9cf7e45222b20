# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The control of independent noise: nothing of the originals is in it, and nothing that people or clips have in common."""

import numpy as np
import pytest
from audit_recordings import recordings

from mmskanon.audit.controls import noise_recording
from mmskanon.audit.measures import Yardstick
from mmskanon.audit.tasks import closed_task


def long_and_short(**kwargs):
    """Recordings whose length tells the person: 20 frames, 21, 22, 23."""
    data = recordings(**kwargs)
    for sample in data['annotations']:
        sample['keypoint'] = sample['keypoint'][:, : 16 + sample['subject']]
        sample['total_frames'] = 16 + sample['subject']
    return data


@pytest.fixture
def original(record):
    return record(long_and_short(cameras=2))


def table(recording):
    """Coordinates as in the file, one row a clip."""
    store = recording.store
    return np.stack([store.camera(i)[0].ravel() for i in range(len(store))])


def test_length_tells_nothing(original, stores):
    assert len(set(original.store.num_frames)) == 4  # while in the originals it names the person
    noise = noise_recording(original, stores, 0)
    assert set(noise.store.num_frames) == {48}


def test_the_originals_do_not_enter(original, record, stores):
    noise = noise_recording(original, stores, 0)
    data = long_and_short(cameras=2, seed=1)
    others = record(data, 'others.pkl')
    assert not np.allclose(others.store.camera(0), original.store.camera(0))
    again = noise_recording(others, stores, 0)
    np.testing.assert_array_equal(table(again), table(noise))


def test_the_seed_alone_decides(original, stores, tmp_path):
    first, second, other = (
        table(noise_recording(original, root, seed))
        for root, seed in ((stores, 3), (tmp_path / 'elsewhere', 3), (stores, 4))
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.01


def test_no_two_clips_have_anything_in_common(original, stores):
    """Neither those of one person nor those that two cameras filmed at once."""
    noise = noise_recording(original, stores, 0)
    rows = table(noise)
    together = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(together).max() < 6 / np.sqrt(rows.shape[1])  # six standard errors
    assert rows.std() == pytest.approx(0.3, rel=0.01) and rows.mean() == pytest.approx(0, abs=0.002)
    # From frame to frame it is independent too: smooth noise would be as a movement of its own.
    frames = rows.reshape(len(rows), 48, -1)
    assert np.abs(np.corrcoef(frames[:, 1:].ravel(), frames[:, :-1].ravel())[0, 1]) < 0.01


def test_everything_but_the_clips_is_that_of_the_originals(original, stores):
    noise = noise_recording(original, stores, 0)
    assert noise.samples == original.samples and noise.split == original.split
    assert noise.store.names == original.store.names and noise.store.layout == original.store.layout
    np.testing.assert_array_equal(noise.actions, original.actions)
    np.testing.assert_array_equal(closed_task(noise).labels, closed_task(original).labels)
    assert noise.file == 'independent noise' and original.file.endswith('original.pkl')


def test_of_several_persons_the_first_is_there(record, stores):
    noise = noise_recording(record(recordings(persons=2)), stores, 0)
    clip = noise.store.camera(5)
    assert clip.shape == (2, 48, 20, 3) and clip[0].any(axis=(1, 2)).all() and not clip[1].any()


def test_flat_layouts_have_flat_noise(record, stores):
    data = recordings(joints=17)
    for sample in data['annotations']:
        sample['keypoint'] = 200 * sample['keypoint'][..., :2]
        sample['keypoint_score'] = np.ones(sample['keypoint'].shape[:-1], np.float32)
    noise = noise_recording(record(data, layout='coco'), stores, 0)
    assert noise.store.camera(0).shape == (1, 48, 17, 2)
    assert table(noise).std() == pytest.approx(0.3, rel=0.02)


def test_the_nearest_clip_names_people_in_the_originals_and_nobody_in_noise(original, stores):
    task = closed_task(original)
    (fold,) = task.folds
    bound = Yardstick(task, {}, original, 10, 0).guess_bound(1)

    def named(recording):
        rows = recording.store.clips(16).reshape(len(recording.store), -1)
        distance = np.linalg.norm(rows[fold.test, None] - rows[None, fold.train], axis=-1)
        nearest = fold.train[distance.argmin(axis=1)]
        return (task.labels[nearest] == task.labels[fold.test]).mean()

    assert named(original) == 1
    assert named(noise_recording(original, stores, 0)) <= bound < 0.5
