# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pickle

import numpy as np
import pytest
import torch
from builders import LAYOUT, annotations

from mmskanon.apis import anonymize_keypoints
from mmskanon.models.anonymizers import CanonicalBonesAnonymizer
from mmskanon.models.weights import load_weights
from mmskanon.skeletons import get_layout
from mmskanon.skeletons.geometry import bone_lengths
from mmskanon.skeletons.kinematics import inverse_kinematics

ARM = dict(name='arm', joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=1)
LENGTHS = [0, 0.3, 0.25]


def arm(persons=1, **kwargs):
    return CanonicalBonesAnonymizer(
        **{**dict(lengths=LENGTHS), **kwargs}, layout=ARM, num_person=persons
    )


@pytest.fixture
def ann_file(tmp_path):
    """Four subjects; each body is 1.2 times as large as the one before it in units of the first."""
    path = tmp_path / 'data.pkl'
    path.write_bytes(pickle.dumps(annotations()))
    return str(path)


@pytest.mark.parametrize(('persons', 'frames'), [(1, 1), (2, 7)])
def test_lengths_are_canonical_and_directions_are_kept(persons, frames):
    x = torch.randn(3, persons, frames, 3, 3)
    out = arm(persons)(x)
    _, before, _ = inverse_kinematics(x, ARM)
    _, after, lengths = inverse_kinematics(out, ARM)
    torch.testing.assert_close(lengths, torch.tensor(LENGTHS).expand_as(lengths), atol=1e-6, rtol=0)
    torch.testing.assert_close(after, before, atol=1e-5, rtol=0)
    assert torch.equal(out[..., 1, :], x[..., 1, :])  # the centre joint


def test_a_canonical_body_stays_as_it_is():
    canonical = arm()(torch.randn(2, 1, 5, 3, 3))
    torch.testing.assert_close(arm()(canonical), canonical, atol=1e-6, rtol=0)


def test_absent_joints_stay_absent_and_bones_without_length_continue():
    x = torch.randn(1, 1, 4, 3, 3)
    x[0, 0, 0, 1] = 0  # the elbow, which is the centre, is absent
    x[0, 0, 1, 2] = x[0, 0, 1, 1]  # the forearm has no length
    x[0, 0, 2] = 0
    x.requires_grad_()
    out = arm()(x)
    assert not out[0, 0, 0, 1].any() and not out[0, 0, 2].any()
    assert out[0, 0, 0, [0, 2]].any(-1).all()
    # Around the absent elbow the arm is straight.
    assert torch.isclose((out[0, 0, 0, 0] - out[0, 0, 0, 2]).norm(), torch.tensor(0.55))
    upper, fore = out[0, 0, 1, 1] - out[0, 0, 1, 0], out[0, 0, 1, 2] - out[0, 0, 1, 1]
    torch.testing.assert_close(fore / 0.25, upper / 0.3, atol=1e-5, rtol=0)
    (grad,) = torch.autograd.grad(out.square().sum(), x)
    assert grad.isfinite().all() and grad[0, 0, 3].any() and not grad[0, 0, 2].any()


def test_the_population_is_the_median_subject_of_the_split(ann_file):
    built = CanonicalBonesAnonymizer(
        population=dict(ann_file=ann_file, split='train'), layout=LAYOUT, num_person=1
    )
    layout, data = get_layout(LAYOUT), annotations()
    subjects = []
    for subject in range(1, 5):
        clips = [
            np.median(bone_lengths(s['keypoint'][0], layout), axis=0)
            for s in data['annotations']
            if s['subject'] == subject and s['frame_dir'] in data['split']['train']
        ]
        subjects.append(np.median(clips, axis=0))
    np.testing.assert_allclose(built.lengths, np.median(subjects, axis=0), atol=1e-6)
    assert (built.population.subjects, built.population.clips) == (4, 24)
    whole = dict(ann_file=ann_file, split=dict(by='subject', values=[1]))
    one = CanonicalBonesAnonymizer(population=whole, layout=LAYOUT, num_person=1)
    np.testing.assert_allclose(one.lengths, subjects[0], rtol=2e-2)


def test_a_checkpoint_holds_the_lengths(ann_file, tmp_path):
    first = CanonicalBonesAnonymizer(
        population=dict(ann_file=ann_file, split='train'), layout=LAYOUT, num_person=1
    )
    torch.save(first.state_dict(), tmp_path / 'bones.pth')
    second = CanonicalBonesAnonymizer(layout=LAYOUT, num_person=1)
    x = torch.randn(2, 1, 4, 20, 3)
    with pytest.raises(ValueError, match='no bone lengths yet: give it lengths or a population'):
        second(x)
    load_weights(second, str(tmp_path / 'bones.pth'), 'anonymizer', prefix='anonymizer.')
    assert torch.equal(second(x), first(x))


def test_real_people_become_one_body(utd_data, tmp_path):
    path = tmp_path / 'utd.pkl'
    path.write_bytes(pickle.dumps(utd_data))
    population = dict(ann_file=str(path), split='train')
    built = CanonicalBonesAnonymizer(population=population, layout=LAYOUT, num_person=1)
    assert built.population.subjects == 8
    layout = get_layout(LAYOUT)
    before, after, turned = [], [], 0
    for sample in utd_data['annotations']:
        keypoint = sample['keypoint'].astype(np.float32)
        made = anonymize_keypoints(keypoint, built, dict(layout=LAYOUT))
        before.append(np.median(bone_lengths(keypoint[0], layout), axis=0))
        after.append(np.median(bone_lengths(made[0], layout), axis=0))
        directions = [
            inverse_kinematics(torch.from_numpy(k).double(), layout)[1] for k in (keypoint, made)
        ]
        turned = max(turned, (directions[0] - directions[1]).abs().max().item())
    assert np.ptp(before, axis=0).max() > 0.05
    assert np.ptp(after, axis=0).max() < 2e-6
    np.testing.assert_allclose(after[0], built.lengths, atol=2e-6)
    assert turned < 1e-5


def test_mistakes_in_the_config(ann_file):
    with pytest.raises(
        ValueError, match="needs three-dimensional skeletons, found the layout 'coco'"
    ):
        CanonicalBonesAnonymizer(lengths=[1] * 17, layout='coco')
    with pytest.raises(KeyError, match="no skeleton layout is called 'martian'"):
        CanonicalBonesAnonymizer(lengths=[1], layout='martian')
    with pytest.raises(ValueError, match='both given; leave one of them out'):
        arm(population=dict(ann_file=ann_file))
    with pytest.raises(
        ValueError, match=r"3 numbers, one for each joint of the layout 'arm', found shape \(2,\)"
    ):
        arm(lengths=[0, 1])
    with pytest.raises(
        ValueError, match=r'lengths\[0\] \(shoulder\) must be 0, for the root has no bone'
    ):
        arm(lengths=[1, 1, 1])
    for value in (0, -1, float('nan'), float('inf')):
        with pytest.raises(ValueError, match=r'lengths\[2\] \(wrist\) must be a positive number'):
            arm(lengths=[0, 1, value])


def test_mistakes_in_the_population(ann_file, tmp_path):
    def build(layout=LAYOUT, **population):
        return CanonicalBonesAnonymizer(population=population, layout=layout, num_person=1)

    with pytest.raises(FileNotFoundError, match='gone.pkl.*of the population is not there'):
        build(ann_file=str(tmp_path / 'gone.pkl'))
    with pytest.raises(KeyError, match="data.pkl.*no split 'val': choose one of"):
        build(ann_file=ann_file, split='val')
    with pytest.raises(
        ValueError,
        match=r'data.pkl: the split .* holds no sample: the subject values found are \[1, 2, 3, 4\]',
    ):
        build(ann_file=ann_file, split=dict(by='subject', values=[9]))
    with pytest.raises(
        ValueError, match=r'population must be dict\(ann_file=..., split=...\).*found the keys'
    ):
        build(ann_file=ann_file, part='train')
    with pytest.raises(ValueError, match='20'):
        build(ann_file=ann_file, layout='nturgb+d')
    data = annotations()
    data['split']['train'] = ['somebody else']
    empty = tmp_path / 'empty.pkl'
    empty.write_bytes(pickle.dumps(data))
    with pytest.raises(ValueError, match='empty.pkl.*split.*train'):
        build(ann_file=str(empty), split='train')
