# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymizers inside of a body: what they see, and what comes back."""

import pickle

import numpy as np
import pytest
import torch
from builders import LAYOUT, annotations
from canonical_bodies import IDENTITY, SMALL_UNET, body, build, skeletons
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.registry import DefaultScope

from mmskanon.apis import anonymize_annotations, anonymize_keypoints
from mmskanon.models.anonymizers import (
    BaseAnonymizer,
    CanonicalBodyAnonymizer,
    CanonicalBonesAnonymizer,
    CanonicalRestPoseAnonymizer,
)
from mmskanon.skeletons import get_layout
from mmskanon.skeletons.geometry import bone_lengths
from mmskanon.skeletons.kinematics import inverse_kinematics

ARM = get_layout(dict(joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 1], center=1))
NOISE = dict(type='GaussianNoiseAnonymizer', std=0.2, seed=0)
RESNET = dict(type='ResNetAnonymizer', num_blocks=2, hidden_channels=32, last_std=None)


class Seen(BaseAnonymizer):
    """The identity, which remembers its input."""

    framewise = True

    def transform(self, coords, present):
        self.saw = coords
        return coords


class Bend(BaseAnonymizer):
    """Smooth, with weights."""

    framewise = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.weight = torch.nn.Parameter(torch.randn(3, 3) / 3)

    def transform(self, coords, present):
        return coords + torch.tanh(coords @ self.weight)


@st.composite
def layouts(draw):
    if draw(st.booleans()):
        return get_layout(draw(st.sampled_from(['nturgb+d', 'kinect_v1'])))
    size = draw(st.integers(1, 12))
    parents = [0] + [draw(st.integers(0, joint - 1)) for joint in range(1, size)]
    return get_layout(dict(joints=[str(j) for j in range(size)], parents=parents, center=size // 2))


@settings(max_examples=80, deadline=None)
@given(
    layout=layouts(),
    persons=st.integers(1, 3),
    frames=st.integers(1, 6),
    seed=st.integers(0, 2**31),
    rest_pose=st.sampled_from(['none', 'own']),
    keep_heading=st.booleans(),
)
def test_round_trip_of_the_identity(layout, persons, frames, seed, rest_pose, keep_heading):
    kwargs = dict(lengths='own', rest_pose=rest_pose, keep_heading=keep_heading)
    anonymizer = build(layout=layout, persons=persons, **kwargs)
    x = skeletons(layout, 2, persons, frames, seed)
    out = anonymizer(x)
    assert (out - x).abs().max() < 1e-5
    assert not out[x == 0].any()
    doubled = anonymizer.double()(x.double())
    torch.testing.assert_close(doubled, x.double(), atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    'layout', ['nturgb+d', 'kinect_v1', ARM], ids=lambda x: getattr(x, 'name', x)
)
@pytest.mark.parametrize('inner', [IDENTITY, NOISE, RESNET, SMALL_UNET], ids=lambda c: c['type'])
@pytest.mark.parametrize('lengths', ['canonical', 'random', 'own'])
@pytest.mark.parametrize('rest_pose', ['none', 'canonical', 'own'])
def test_bones_are_what_was_asked_for_whatever_is_inside(layout, inner, lengths, rest_pose):
    anonymizer = build(inner, layout, persons=2, lengths=lengths, rest_pose=rest_pose)
    x = skeletons(layout, persons=2, gaps=False)
    x[0, 1, :3] = 0
    x[1, 1] = 0
    out = anonymizer(x)
    present = x.any(-1).any(-1)
    assert not out[~present].any()
    found = inverse_kinematics(out, layout)[2]
    if lengths == 'own':
        expected = inverse_kinematics(x, layout)[2]
    elif lengths == 'canonical':
        expected = anonymizer.bone_lengths.expand_as(found)
    else:
        expected = found.amax(2, keepdim=True).expand_as(found)  # the same in all frames
    torch.testing.assert_close(found[present], expected[present], atol=2e-6, rtol=0)


def test_the_inner_anonymizer_sees_one_body():
    layout = get_layout('nturgb+d')
    for rest_pose in ('none', 'canonical', 'own'):
        for lengths in ('canonical', 'random', 'own'):
            anonymizer = build(
                dict(type=Seen), layout, 2, lengths=lengths, rest_pose=rest_pose, keep_heading=False
            )
            x = skeletons(layout, persons=2, frames=9, seed=1)
            anonymizer(x)
            saw = anonymizer.inner.saw
            present = x.any(-1).any(-1)
            assert saw.dtype == x.dtype and not saw[~present].any()
            _, directions, found = inverse_kinematics(saw, layout)
            expected = anonymizer.bone_lengths.expand_as(found)[present]
            torch.testing.assert_close(found[present], expected, atol=1e-5, rtol=0)
            # Absent joints are filled, so the body is whole.
            assert saw[present].any(-1).all()
            if rest_pose != 'none':
                clip = skeletons(layout, persons=2, frames=9, seed=1, gaps=False)
                anonymizer(clip)
                mean = inverse_kinematics(anonymizer.inner.saw, layout)[1].mean(2)
                unit = mean / mean.norm(dim=-1, keepdim=True).clamp(min=1e-9)
                rest = anonymizer.rest_directions.clone()
                rest[layout.root] = 0
                torch.testing.assert_close(unit, rest.expand_as(unit), atol=1e-3, rtol=0)


@pytest.mark.parametrize('keep_heading', [True, False])
def test_with_the_identity_it_is_the_baselines(keep_heading):
    known = body('nturgb+d')
    x = skeletons('nturgb+d', persons=2, frames=9)
    bones = CanonicalBonesAnonymizer(lengths=known['lengths'])
    pose = CanonicalRestPoseAnonymizer(
        known['lengths'], known['rest_directions'], keep_heading=keep_heading
    )
    options = dict(layout='nturgb+d', persons=2, keep_heading=keep_heading)
    for expected, rest_pose in ((bones, 'none'), (bones, 'own'), (pose, 'canonical')):
        made = build(**options, rest_pose=rest_pose)(x)
        torch.testing.assert_close(made, expected(x), atol=2e-5, rtol=0)


def test_absent_joints_stay_absent_and_what_the_inside_drops_is_dropped():
    class Drop(Seen):
        def transform(self, coords, present):
            kept = coords.clone()
            kept[:, :, 2, 4] = 0  # a joint
            kept[:, :, 3] = 0  # everybody
            return kept

    x = skeletons(frames=5, gaps=False)
    x[:, :, 1, 7] = 0
    out = build(dict(type=Drop))(x)
    assert not out[:, :, 1, 7].any() and not out[:, :, 2, 4].any() and not out[:, :, 3].any()
    rest = out.clone()
    rest[:, :, 1, 7] = rest[:, :, 2, 4] = rest[:, :, 3] = 1
    assert rest.any(-1).all() and out.isfinite().all()


def test_score_channels_pass_through():
    x = torch.cat([skeletons(), torch.rand(2, 1, 6, 20, 1)], dim=-1)
    out = build(RESNET)(x)
    assert torch.equal(out[..., 3], x[..., 3])
    assert torch.equal(out[..., :3], build(RESNET)(x[..., :3]))


def test_gradients_equal_finite_differences():
    layout = get_layout(dict(joints=list('abcde'), parents=[1, 1, 1, 2, 0], center=2))
    x = skeletons(layout, 1, 2, 2, seed=3, gaps=False).double()
    x[0, 1, 0] = 0
    weight = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    for lengths in ('canonical', 'random', 'own'):
        for rest_pose in ('none', 'canonical', 'own'):
            kwargs = dict(lengths=lengths, rest_pose=rest_pose)
            anonymizer = build(dict(type=Bend), layout, 2, **kwargs).double()

            def run(moved, weight, anonymizer=anonymizer):
                # Absent persons stay so: they take part in nothing. The same draw each time.
                torch.manual_seed(0)
                clip = torch.where(x != 0, moved, 0)
                return torch.func.functional_call(anonymizer, {'inner.weight': weight}, clip)

            assert torch.autograd.gradcheck(run, (x.clone().requires_grad_(), weight))


def test_gradients_are_finite_at_gaps_and_flat_bones():
    for rest_pose in ('none', 'own', 'canonical'):
        anonymizer = build(RESNET, persons=2, lengths='own', rest_pose=rest_pose)
        for seed in range(4):
            x = skeletons(persons=2, seed=seed).requires_grad_()
            anonymizer(x).square().sum().backward()
            assert x.grad.isfinite().all() and x.grad.any()
            absent = ~x.detach().any(-1).any(-1)
            assert not x.grad[absent].any()
        assert all(p.grad.isfinite().all() for p in anonymizer.parameters())
        assert any(p.grad.any() for p in anonymizer.parameters())


def test_autocast_does_not_round_bones():
    anonymizer = build(RESNET, lengths='canonical', rest_pose='own')
    x = skeletons(gaps=False)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        out = anonymizer(x)
    assert out.dtype == torch.float32
    found = inverse_kinematics(out, LAYOUT)[2]
    torch.testing.assert_close(found, anonymizer.bone_lengths.expand_as(found), atol=2e-6, rtol=0)


class TestRandomBodies:
    def found(self, anonymizer, x):
        return inverse_kinematics(anonymizer(x), anonymizer.layout)[2][:, :, 0]

    def test_they_differ_between_clips_and_persons_and_have_two_like_sides(self):
        x = skeletons(batch=50, persons=2, frames=3, gaps=False)
        anonymizer = build(persons=2, lengths='random')
        found = self.found(anonymizer, x)
        layout = anonymizer.layout
        torch.testing.assert_close(
            found, found[..., list(layout.mirrored_bones)], atol=2e-6, rtol=0
        )
        sizes = found.sum(-1).flatten()
        assert len(sizes.unique()) == 100
        middle = anonymizer.bone_lengths + anonymizer.bone_lengths[list(layout.mirrored_bones)]
        log = (sizes / middle.sum() * 2).log()
        assert abs(log.mean()) < 0.03 and 0.05 < log.std() < 0.1

    def test_they_say_nothing_about_the_person(self):
        x = skeletons(batch=2, frames=3, gaps=False)
        anonymizer = build(lengths='random')
        torch.manual_seed(1)
        small = self.found(anonymizer, 0.5 * x)
        torch.manual_seed(1)
        torch.testing.assert_close(self.found(anonymizer, x), small, atol=2e-6, rtol=0)

    def test_chance_follows_the_generator_of_torch(self):
        x, anonymizer = skeletons(), build(lengths='random')
        torch.manual_seed(3)
        first, second = anonymizer(x), anonymizer(x)
        assert not torch.allclose(first, second, atol=1e-3)
        torch.manual_seed(3)
        assert torch.equal(anonymizer(x), first)

    def test_a_seed_gives_equal_clips_equal_bodies_whatever_else_is_in_the_batch(self):
        x = skeletons(batch=3)
        anonymizer = build(lengths='random', seed=7)
        state = torch.get_rng_state()
        out = anonymizer(x)
        assert torch.equal(torch.get_rng_state(), state)
        alone = torch.cat([anonymizer(clip[None]) for clip in x.flip(0)]).flip(0)
        torch.testing.assert_close(alone, out, atol=1e-6, rtol=0)
        other = build(lengths='random', seed=8)(x)
        assert not torch.allclose(other, out, atol=1e-3)

    def test_persons_who_enter_and_leave_keep_their_body(self):
        x = skeletons(persons=2, frames=8, gaps=False)
        x[0, 1, :2] = x[0, 1, 4] = x[0, 0, 6:] = 0
        out = build(persons=2, lengths='random')(x)
        found = inverse_kinematics(out, LAYOUT)[2]
        for person, frames in ((0, [0, 1, 2, 3, 4, 5]), (1, [2, 3, 5, 6, 7])):
            body = found[0, person, frames]
            torch.testing.assert_close(body, body[:1].expand_as(body), atol=2e-6, rtol=0)


@pytest.mark.parametrize(
    ('inner', 'options', 'framewise', 'field'),
    [
        (IDENTITY, dict(), True, 1),
        (IDENTITY, dict(lengths='own'), True, 1),
        (IDENTITY, dict(lengths='random'), False, None),
        (IDENTITY, dict(rest_pose='own'), False, None),
        (dict(type='SmoothingAnonymizer', sigma=1), dict(), False, 9),
        (dict(type='SmoothingAnonymizer', sigma=1), dict(rest_pose='canonical'), False, None),
    ],
)
def test_what_a_frame_depends_on(inner, options, framewise, field):
    anonymizer = build(inner, **options)
    assert anonymizer.framewise is framewise and anonymizer.receptive_field == field


def test_subjects_are_passed_on():
    class Asks(Seen):
        asks_for_subject = True

        def forward(self, x, subjects=None):
            self.subjects = subjects
            return x

    anonymizer = build(dict(type=Asks))
    assert anonymizer.asks_for_subject and not build().asks_for_subject
    x = skeletons()
    anonymizer(x, subjects=['a', 'b'])
    assert anonymizer.inner.subjects == ['a', 'b']
    sample = annotations()['annotations'][0]
    anonymize_keypoints(sample['keypoint'], anonymizer, dict(layout=LAYOUT), subject=9)
    assert anonymizer.inner.subjects == [9]


def test_takes_are_passed_on():
    class Asks(Seen):
        asks_for_take = True

        def forward(self, x, takes=None):
            self.takes = takes
            return x

    anonymizer = build(dict(type=Asks))
    assert anonymizer.asks_for_take and not build().asks_for_take
    anonymizer(skeletons(), takes=['a', None])
    assert anonymizer.inner.takes == ['a', None]
    samples = annotations()['annotations'][:1]
    next(anonymize_annotations(samples, anonymizer, dict(layout=LAYOUT)))
    assert anonymizer.inner.takes == [(None, 1, 1, 0)]


def test_wrappers_can_be_nested():
    x = skeletons(gaps=False)
    inside = dict(type='CanonicalBodyAnonymizer', anonymizer=IDENTITY, body=body(LAYOUT, seed=5))
    out = build(inside, lengths='own')(x)
    torch.testing.assert_close(out, x, atol=1e-5, rtol=0)


# ---------------------------------------------------------------------- recordings


def test_recordings_come_back_as_they_were_in_camera_space():
    anonymizer = build(layout='nturgb+d', persons=2, lengths='own', rest_pose='own')
    for sample in annotations(2, 1, 2, joints=25, persons=2)['annotations']:
        keypoint = sample['keypoint']
        keypoint[1] += np.float32([1, 0, 0.2])
        keypoint[1, :7] = keypoint[0, 12:15] = 0
        keypoint[0, 3, 5:8] = 0
        made = anonymize_keypoints(keypoint, anonymizer, dict(layout='nturgb+d'))
        np.testing.assert_allclose(made, keypoint, atol=1e-5)
        np.testing.assert_array_equal(made[keypoint == 0], 0)


def test_real_people_get_bodies_of_nobody(utd_data, tmp_path):
    path = tmp_path / 'utd.pkl'
    path.write_bytes(pickle.dumps(utd_data))
    population = dict(ann_file=str(path), split='train')
    anonymizer = build(body=None, population=population, lengths='random')
    assert 0.03 < float(anonymizer.size_spread) < 0.15  # adults of unlike height
    layout = get_layout(LAYOUT)
    made = [
        np.median(bone_lengths(sample['keypoint'][0], layout), axis=0)
        for sample in anonymize_annotations(
            utd_data['annotations'], anonymizer, dict(layout=LAYOUT)
        )
    ]
    sizes = np.log(np.sum(made, axis=1) / anonymizer.bone_lengths.sum().item())
    assert 0.5 * anonymizer.size_spread < sizes.std() < 1.3 * anonymizer.size_spread
    subjects = np.array([sample['subject'] for sample in utd_data['annotations']])
    between = np.std([sizes[subjects == s].mean() for s in np.unique(subjects)])
    assert between < 0.6 * sizes.std()  # of eight times eight clips, chance alone


def test_mistakes(population):
    with pytest.raises(ValueError, match="needs three-dimensional skeletons.*'coco'"):
        CanonicalBodyAnonymizer(IDENTITY, layout='coco')
    with pytest.raises(ValueError, match=r"lengths must be one of .*'random'.*found 'mean'"):
        build(lengths='mean')
    with pytest.raises(ValueError, match="rest_pose must be one of .*found 'mean'"):
        build(rest_pose='mean')
    with pytest.raises(ValueError, match='inner IdentityAnonymizer has num_person 2, .* 1;'):
        build(dict(IDENTITY, num_person=2))
    with pytest.raises(ValueError, match='inner IdentityAnonymizer has layout'):
        build(dict(IDENTITY, layout='nturgb+d'))
    with pytest.raises(ValueError, match='both given; leave one of them out'):
        build(population=population)
    with pytest.raises(ValueError, match='population has rotate=False'):
        build(body=None, population=dict(population, rotate=False), rest_pose='own')
    known = body(LAYOUT)
    with pytest.raises(ValueError, match=r'body must be dict\(lengths=...\).*found the keys'):
        build(body=dict(lengths=known['lengths'], size=1))
    with pytest.raises(ValueError, match='lengths must be 20 numbers'):
        build(body=dict(lengths=[1, 2]))
    for spread in (-0.1, [0.1], float('inf')):
        with pytest.raises(ValueError, match=r'size_spread must be of shape \(\)'):
            build(body=dict(known, size_spread=spread))
    with pytest.raises(ValueError, match="does not know .'size_spread', 'proportion_spread'"):
        build(body=dict(lengths=known['lengths']), lengths='random')
    alone = dict(population, split=dict(by='subject', values=[1]))
    with pytest.raises(ValueError, match='a spread needs two subjects at least'):
        build(body=None, population=alone, lengths='random')
    assert build(body=None, population=alone).population.subjects == 1


def test_the_inner_anonymizer_is_found_under_the_scope_of_a_stock_recipe():
    with DefaultScope.overwrite_default_scope('mmaction'):
        made = CanonicalBodyAnonymizer(IDENTITY, body=body(ARM), layout=ARM)
    assert type(made.inner).__name__ == 'IdentityAnonymizer'
