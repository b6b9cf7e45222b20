# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pickle

import numpy as np
import pytest
import torch
from builders import LAYOUT, annotations
from scipy.spatial.transform import Rotation

from mmskanon.models.anonymizers import CanonicalRestPoseAnonymizer
from mmskanon.skeletons import get_layout
from mmskanon.skeletons.geometry import normalize_skeleton
from mmskanon.skeletons.kinematics import inverse_kinematics

layout = get_layout(LAYOUT)
REST = np.random.default_rng(0).normal(size=(20, 3))
REST[layout.root] = 0
LENGTHS = [0.2 * (joint != layout.root) for joint in range(20)]


def build(persons=1, **kwargs):
    cfg = dict(lengths=LENGTHS, rest_directions=REST.tolist(), layout=LAYOUT, num_person=persons)
    return CanonicalRestPoseAnonymizer(**{**cfg, **kwargs})


def posture(seed, frames=30, persons=1):
    """Small movements about a posture, shape (1, M, T, V, 3); and the directions of the posture."""
    rng = np.random.default_rng(seed)
    rest = rng.normal(size=(persons, 1, 20, 3))
    directions = rest + 0.1 * rng.normal(size=(persons, frames, 20, 3))
    x = np.zeros((persons, frames, 20, 3))
    done = [layout.root]
    while len(done) < 20:
        for joint, parent in layout.graph_inward:
            if parent in done and joint not in done:
                x[:, :, joint] = x[:, :, parent] + directions[:, :, joint]
                done.append(joint)
    return torch.from_numpy(x[None] + 1).float()


def means(x):
    mean = inverse_kinematics(x, layout)[1].mean(2)
    return mean / mean.norm(dim=-1, keepdim=True).clamp(min=1e-6)


def test_every_clip_ends_in_the_rest_pose_of_the_population():
    anonymizer = build(keep_heading=False)
    expected = torch.from_numpy(REST / np.linalg.norm(REST, axis=1, keepdims=True).clip(1e-9))
    for seed in range(4):
        out = anonymizer(posture(seed))
        torch.testing.assert_close(means(out)[0, 0], expected.float(), atol=2e-3, rtol=0)
        lengths = inverse_kinematics(out, layout)[2]
        torch.testing.assert_close(
            lengths, torch.tensor(LENGTHS).expand_as(lengths), atol=1e-6, rtol=0
        )


def test_each_bone_is_turned_by_the_shortest_rotation_against_scipy():
    x = posture(0).double()
    out = build(keep_heading=False).double()(x)
    before, after = (inverse_kinematics(k, layout)[1][0, 0].numpy() for k in (x, out))
    rest = REST / np.linalg.norm(REST, axis=1, keepdims=True).clip(1e-9)
    for joint, _ in layout.graph_inward:
        own = before[:, joint].mean(0)
        own /= np.linalg.norm(own)
        axis = np.cross(own, rest[joint])
        angle = np.arctan2(np.linalg.norm(axis), own @ rest[joint])
        rotation = Rotation.from_rotvec(axis / np.linalg.norm(axis) * angle)
        np.testing.assert_allclose(rotation.apply(before[:, joint]), after[:, joint], atol=1e-6)


def test_movement_about_the_rest_pose_keeps_its_size():
    x = posture(1)
    out = build()(x)
    before, after = (inverse_kinematics(k, layout)[1] for k in (x, out))
    for step in (1, 5):
        angles = [(d[..., step:, :, :] * d[..., :-step, :, :]).sum(-1) for d in (before, after)]
        torch.testing.assert_close(angles[1], angles[0], atol=1e-4, rtol=0)


def test_it_looks_at_the_whole_clip_and_single_frames_are_the_rest_pose():
    anonymizer = build(keep_heading=False)
    assert not anonymizer.framewise and anonymizer.receptive_field is None
    alone = [anonymizer(posture(seed, frames=1)) for seed in range(3)]
    directions = [inverse_kinematics(x, layout)[1] for x in alone]
    torch.testing.assert_close(directions[0], directions[1], atol=1e-4, rtol=0)
    torch.testing.assert_close(directions[0], directions[2], atol=1e-4, rtol=0)


def turned(x, degrees):
    rotation = torch.from_numpy(Rotation.from_euler('z', degrees, degrees=True).as_matrix()).float()
    return x @ rotation.T


def test_persons_who_face_each_other_still_do():
    x = posture(2)
    pair = torch.cat([x, turned(x, 180)], dim=1)
    out = build(persons=2)(pair)
    torch.testing.assert_close(turned(out[:, :1], 180), out[:, 1:], atol=1e-4, rtol=0)
    # Without the heading both would face the front.
    front = inverse_kinematics(build(persons=2, keep_heading=False)(pair), layout)[1].mean(2)
    torch.testing.assert_close(front[:, 0], front[:, 1], atol=2e-2, rtol=0)


def test_absent_frames_do_not_count():
    x = posture(3)
    padded = torch.cat([x, 0 * x], dim=2)
    padded[:, :, 40:45] = 0
    out = build()(padded)
    torch.testing.assert_close(out[:, :, :30], build()(x), atol=1e-5, rtol=0)
    assert not out[:, :, 30:].any()
    with_absent_joint = x.clone()
    with_absent_joint[0, 0, 4, 6] = 0
    out = build()(with_absent_joint)
    assert not out[0, 0, 4, 6].any() and out.isfinite().all()


def test_gradients_are_finite():
    x = posture(4)
    x[0, 0, 3] = 0
    x[0, 0, 5, 7] = x[0, 0, 5, 6]
    x.requires_grad_()
    (grad,) = torch.autograd.grad(build()(x).square().sum(), x)
    assert grad.isfinite().all() and grad[0, 0, 0].any() and not grad[0, 0, 3].any()


def test_real_people_stand_alike(utd_data, tmp_path):
    path = tmp_path / 'utd.pkl'
    path.write_bytes(pickle.dumps(utd_data))
    population = dict(ann_file=str(path), split='train')
    anonymizer = CanonicalRestPoseAnonymizer(
        population=population, keep_heading=False, layout=LAYOUT, num_person=1
    )
    assert anonymizer.population.subjects == 8
    before, after = [], []
    for sample in utd_data['annotations']:
        x = torch.from_numpy(normalize_skeleton(sample['keypoint'], LAYOUT)[0])[None]
        before.append(means(x))
        after.append(means(anonymizer(x)))
    spread = [torch.stack(m).std(0).mean() for m in (before, after)]
    assert spread[1] < 0.15 * spread[0]


def test_mistakes(tmp_path):
    with pytest.raises(ValueError, match='lengths and rest_directions go together'):
        build(rest_directions=None)
    with pytest.raises(
        ValueError, match=r'rest_directions must be 20 x 3 finite numbers.*found shape \(19, 3\)'
    ):
        build(rest_directions=REST[:19].tolist())
    path = tmp_path / 'data.pkl'
    path.write_bytes(pickle.dumps(annotations()))
    with pytest.raises(ValueError, match='population has rotate=False'):
        build(lengths=None, rest_directions=None, population=dict(ann_file=str(path), rotate=False))
    with pytest.raises(ValueError, match="three-dimensional skeletons, found the layout 'coco'"):
        build(layout='coco')
