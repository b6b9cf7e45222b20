# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
import torch
from builders import LAYOUT, annotations, tiny_model
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmskanon.apis import (
    anonymize_annotations,
    anonymize_keypoints,
    build_anonymizer,
    normalization_of,
)
from mmskanon.apis.anonymize import retimed
from mmskanon.models import BaseAnonymizer, IdentityAnonymizer, ResNetAnonymizer
from mmskanon.registry import MODELS
from mmskanon.skeletons.geometry import denormalize_skeleton, normalize_skeleton

NORMALIZATION = dict(layout=LAYOUT)


@pytest.fixture
def clip():
    """One walk through camera space, shape (1, 20, 20, 3)."""
    return annotations()['annotations'][0]['keypoint']


@pytest.fixture
def trained(tmp_path):
    """Config of a whole model, and a checkpoint of it."""
    init_default_scope('mmskanon')
    cfg = Config(dict(default_scope='mmskanon', model=tiny_model()))
    model = MODELS.build(copy.deepcopy(cfg.model))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'model.pth')
    return cfg, model, str(tmp_path / 'model.pth')


class Raise(BaseAnonymizer):
    """Lifts every body by a tenth of a metre in body space."""

    framewise = True

    def transform(self, coords, present):
        return coords + torch.tensor([0.0, 0.0, 0.1])


def test_the_anonymizer_of_a_checkpoint_is_built_frozen_in_eval(trained):
    cfg, model, checkpoint = trained
    built = build_anonymizer(cfg, checkpoint)
    expected = model.anonymizer.state_dict()
    assert built.state_dict().keys() == expected.keys()
    assert all(torch.equal(v, expected[k]) for k, v in built.state_dict().items())
    assert not built.training
    assert not any(p.requires_grad for p in built.parameters())


def test_weights_are_needed_only_where_there_are_any(trained):
    cfg = trained[0]
    with pytest.raises(ValueError, match='ResNetAnonymizer has weights; give the checkpoint'):
        build_anonymizer(cfg, None)
    cfg.model.anonymizer = dict(type='IdentityAnonymizer', layout=LAYOUT, num_person=1)
    assert isinstance(build_anonymizer(cfg, None), IdentityAnonymizer)


def test_a_config_without_anonymizer_is_named(tmp_path):
    (tmp_path / 'recipe.py').write_text("model = dict(type='RecognizerGCN')")
    cfg = Config.fromfile(tmp_path / 'recipe.py')
    with pytest.raises(ValueError, match=r'recipe.py has no model.anonymizer .*RecognizerGCN'):
        build_anonymizer(cfg, None)


class TestNormalization:
    STEP = dict(type='NormalizeSkeleton', layout=LAYOUT, center='every_frame', rotate=False)
    REST = dict(layout=LAYOUT, center='every_frame', rotate=False)

    def found(self, dataset):
        return normalization_of(Config(dict(test_dataloader=dict(dataset=dataset))))

    def test_is_that_of_the_test_pipeline(self):
        assert self.found(dict(pipeline=[dict(type='Other'), self.STEP])) == self.REST

    def test_is_found_below_a_wrapper_and_with_a_scope(self):
        inner = dict(pipeline=[dict(self.STEP, type='mmskanon.NormalizeSkeleton')])
        assert self.found(dict(type='RepeatDataset', times=2, dataset=inner)) == self.REST
        assert self.found(dict(pipeline=[dict(self.STEP, _scope_='mmskanon')])) == self.REST

    @pytest.mark.parametrize(
        'cfg',
        [
            dict(test_dataloader=dict(dataset=dict(pipeline=[dict(type='PreNormalize3D')]))),
            dict(test_dataloader=None),
            dict(),
        ],
    )
    def test_has_to_be_there(self, cfg):
        with pytest.raises(ValueError, match='no NormalizeSkeleton'):
            normalization_of(Config(cfg))


class TestKeypoints:
    def test_the_way_there_and_back_is_that_of_the_geometry(self, clip):
        lifted = anonymize_keypoints(clip, Raise(LAYOUT, 1), NORMALIZATION)
        body, record = normalize_skeleton(clip, LAYOUT)
        body[..., 2] += 0.1
        np.testing.assert_allclose(lifted, denormalize_skeleton(body, record), atol=1e-6)
        moved = np.linalg.norm(lifted - clip, axis=-1)
        np.testing.assert_allclose(moved, 0.1, atol=1e-5)

    @pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
    def test_type_and_shape_are_those_of_the_input(self, clip, dtype):
        out = anonymize_keypoints(
            clip.astype(dtype), ResNetAnonymizer(layout=LAYOUT, num_person=1), NORMALIZATION
        )
        assert (out.dtype, out.shape) == (dtype, clip.shape)

    def test_the_input_is_not_changed(self, clip):
        before = clip.copy()
        anonymize_keypoints(clip, Raise(LAYOUT, 1), NORMALIZATION)
        np.testing.assert_array_equal(clip, before)

    def test_absent_persons_and_frames_stay_zero(self, clip):
        two = np.concatenate([clip, clip + 1])
        two[1, :6] = 0
        two[:, 9] = 0
        out = anonymize_keypoints(two, Raise(LAYOUT, 3), NORMALIZATION)
        np.testing.assert_array_equal(out.any(axis=(2, 3)), two.any(axis=(2, 3)))
        assert out.shape == two.shape

    def test_scores_pass(self, clip):
        scores = np.random.default_rng(0).random((*clip.shape[:3], 1), dtype=np.float32)
        out = anonymize_keypoints(
            np.concatenate([clip, scores], axis=-1), Raise(LAYOUT, 1), NORMALIZATION
        )
        np.testing.assert_array_equal(out[..., 3:], scores)

    def test_more_persons_than_trained_for(self, clip):
        two = np.concatenate([clip, clip])
        with pytest.raises(ValueError, match=r'sample a1 shows 2 persons, .* trained for 1; train'):
            anonymize_keypoints(two, Raise(LAYOUT, 1), NORMALIZATION, 'sample a1')
        two[1] = 0
        one = anonymize_keypoints(clip, Raise(LAYOUT, 1), NORMALIZATION)
        out = anonymize_keypoints(two, Raise(LAYOUT, 1), NORMALIZATION)
        np.testing.assert_array_equal(out[:1], one)
        assert not out[1].any()

    def test_a_framewise_anonymizer_treats_each_frame_alone(self, clip):
        """Export at full length equals export of a part, once both start from the same frame."""
        net = ResNetAnonymizer(layout=LAYOUT, num_person=1).eval()
        whole = anonymize_keypoints(clip, net, NORMALIZATION)
        part = anonymize_keypoints(clip[:, :7], net, NORMALIZATION)
        np.testing.assert_allclose(whole[:, :7], part, atol=1e-6)


def test_annotations_keep_everything_but_keypoints():
    samples = annotations()['annotations']
    made = list(anonymize_annotations(samples, Raise(LAYOUT, 1), NORMALIZATION))
    assert len(made) == len(samples)
    for new, old in zip(made, samples, strict=True):
        assert new is not old
        assert list(new) == list(old)
        assert all(new[k] == old[k] for k in old if k != 'keypoint')
        assert not np.array_equal(new['keypoint'], old['keypoint'])


def test_a_sample_that_does_not_fit_is_named():
    samples = annotations(persons=2)['annotations'][:1]
    with pytest.raises(ValueError, match='sample a1_s1_t1 shows 2 persons'):
        next(anonymize_annotations(samples, Raise(LAYOUT, 1), NORMALIZATION))


def test_an_absent_joint_is_absent_between_frames_too_though_it_has_a_score():
    keypoint = np.full((1, 10, 3, 3), 4.0, np.float32)
    keypoint[0, 5:, 1, :2] = 0
    score = np.where(keypoint[..., :2].any(-1), 0.9, 0.1)
    made = retimed(dict(keypoint=keypoint, keypoint_score=score, total_frames=10), 20, dims=2)
    there = np.rint(np.linspace(0, 9, 20)) < 5
    expected = np.where(there, 4.0, 0.0)[:, None]
    np.testing.assert_array_equal(made['keypoint'][0, :, 1, :2], expected.repeat(2, 1))
    np.testing.assert_allclose(
        made['keypoint_score'][0, :, 1], np.where(there, 0.9, 0.1), atol=1e-6
    )


def test_all_clips_get_one_number_of_frames_where_asked():
    samples = annotations()['annotations'][:4]
    for length, sample in enumerate(samples, 15):
        sample['keypoint'] = sample['keypoint'][:, :length]
        sample['total_frames'] = sample['keypoint'].shape[1]
        sample['keypoint_score'] = np.linspace(0, 1, length)[None, :, None] * np.ones((1, 1, 20))
    made = list(anonymize_annotations(samples, Raise(LAYOUT, 1), NORMALIZATION, frames=12))
    plain = list(anonymize_annotations(samples, Raise(LAYOUT, 1), NORMALIZATION))
    for new, whole, old in zip(made, plain, samples, strict=True):
        assert new['keypoint'].shape == (1, 12, 20, 3) and new['total_frames'] == 12
        np.testing.assert_allclose(
            new['keypoint'][:, [0, -1]], whole['keypoint'][:, [0, -1]], atol=1e-5
        )
        np.testing.assert_allclose(new['keypoint_score'][0, :, 3], np.linspace(0, 1, 12), atol=1e-6)
        assert old['total_frames'] == old['keypoint'].shape[1] != 12
