# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from mmskanon.skeletons import get_layout, typical
from mmskanon.skeletons.kinematics import inverse_kinematics
from mmskanon.skeletons.typical import medoid, typical_clips

ARM = get_layout(dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=0))
LENGTHS = np.array([0, 0.3, 0.25])


def swing(end, frames=12, persons=1, scale=1.0):
    """An arm that swings from straight down to an angle, shape (M, T, 3, 3)."""
    angle = np.linspace(0, end, frames)
    direction = np.stack([np.sin(angle), 0 * angle, -np.cos(angle)], -1)[:, None]
    clip = 1 + scale * direction * np.array([0, 0.3, 0.5])[:, None]
    return np.repeat(clip[None], persons, 0).astype(np.float32)


def choose(clips, labels=None, persons=1, classes=1, **kwargs):
    labels = [0] * len(clips) if labels is None else labels
    return typical_clips(clips, labels, LENGTHS, ARM, classes, persons, **kwargs)


def test_medoid_against_scipy():
    rows = np.random.default_rng(0).normal(size=(40, 7))
    assert medoid(rows) == cdist(rows, rows).sum(1).argmin()
    assert medoid(rows[:1]) == 0
    assert medoid(np.ones((3, 4))) == 0


def test_the_middle_clip_is_chosen_whatever_length_and_body_size():
    clips = [swing(0.2), swing(1.0, frames=30, scale=1.4), swing(0.6, frames=21, scale=0.7)]
    (chosen,) = choose(clips)
    assert chosen.shape == (1, 21, 3, 3)
    _, directions, lengths = inverse_kinematics(torch.from_numpy(chosen), ARM)
    torch.testing.assert_close(lengths, torch.tensor(LENGTHS).float().expand(1, 21, 3))
    expected = inverse_kinematics(torch.from_numpy(clips[2]), ARM)[1]
    torch.testing.assert_close(directions, expected, atol=1e-5, rtol=0)


def test_each_class_has_its_own():
    clips = [swing(0.2), swing(1.0, frames=15), swing(0.3, frames=17), swing(0.4, frames=19)]
    chosen = choose(clips, labels=[1, 0, 1, 1], classes=2)
    assert [c.shape[1] for c in chosen] == [15, 17]


def test_gaps_are_bridged_and_empty_ends_cut():
    whole = swing(1.0)
    clip = whole.copy()
    clip[:, 5] = 0
    clip[:, 7, 1] = 0  # an absent elbow
    padded = np.concatenate([0 * clip[:, :3], clip, 0 * clip[:, :4]], axis=1)
    (chosen,) = choose([padded])
    assert chosen.shape == whole.shape
    # The arm is straight, so what was missing lies between its neighbours.
    made = inverse_kinematics(torch.from_numpy(chosen), ARM)[1]
    expected = inverse_kinematics(torch.from_numpy(whole), ARM)[1]
    torch.testing.assert_close(made, expected, atol=1e-2, rtol=0)


def test_missing_persons_stand_beside_the_first():
    (chosen,) = choose([swing(1.0)], persons=3)
    np.testing.assert_allclose(
        chosen[1] - chosen[0], np.broadcast_to([1, 0, 0], (12, 3, 3)), atol=1e-6
    )
    np.testing.assert_allclose(
        chosen[2] - chosen[0], np.broadcast_to([2, 0, 0], (12, 3, 3)), atol=1e-6
    )
    late = swing(1.0, persons=2)
    late[0] = 0
    (chosen,) = choose([late], persons=2)
    np.testing.assert_allclose(
        chosen[0] - chosen[1], np.broadcast_to([-1, 0, 0], (12, 3, 3)), atol=1e-6
    )
    (chosen,) = choose([swing(1.0, persons=2)], persons=1)  # a surplus person is left out
    assert chosen.shape[0] == 1


def test_candidates_are_bounded_and_the_draw_follows_the_seed(monkeypatch):
    monkeypatch.setattr(typical, 'MAX_CANDIDATES', 5)
    read = []

    class Clips:
        def __getitem__(self, index):
            read.append(int(index))
            return swing(0.01 * index, frames=10 + index)

    made = [choose(Clips(), labels=[0] * 40, seed=seed)[0].shape[1] for seed in (0, 0, 1, 2)]
    assert made[0] == made[1] and len(set(made)) > 1
    assert len(set(read[:6])) == 5 and read[:6] == read[6:12]


def test_mistakes():
    with pytest.raises(ValueError, match='class 2, the recognizer tells 2 classes apart'):
        choose([swing(1.0)], labels=[2], classes=2)
    with pytest.raises(ValueError, match='no clip of class 1 with a person in it'):
        choose([swing(1.0), 0 * swing(1.0)], labels=[0, 1], classes=2)
