# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import doctest
from itertools import chain, combinations, permutations

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import GenSkeFeat

from mmskanon.skeletons import features as features_module
from mmskanon.skeletons.features import FEATURES, SkeletonFeatures, skeleton_features
from mmskanon.skeletons.layouts import get_layout

SUBSETS = list(chain.from_iterable(combinations(FEATURES, k) for k in range(1, 5)))
STOCK = [('nturgb+d', 3), ('coco', 2), ('coco', 3), ('openpose', 2), ('openpose', 3)]


def random_joints(layout, channels, persons=2, frames=7):
    rng = np.random.default_rng(0)
    joints = get_layout(layout).num_joints
    return rng.normal(size=(persons, frames, joints, channels)).astype(np.float32)


def stock_features(x, features, layout):
    results = dict(keypoint=x.copy())
    if layout != 'nturgb+d' and x.shape[-1] == 3:
        results = dict(keypoint=x[..., :2].copy(), keypoint_score=x[..., 2].copy())
    return GenSkeFeat(dataset=layout, feats=list(features))(results)['keypoint']


@pytest.mark.parametrize('features', SUBSETS, ids='-'.join)
@pytest.mark.parametrize(('layout', 'channels'), STOCK)
def test_equals_stock_to_the_bit(layout, channels, features):
    x = random_joints(layout, channels)
    ours = skeleton_features(torch.from_numpy(x), features, layout)
    np.testing.assert_array_equal(ours.numpy(), stock_features(x, features, layout))
    module = SkeletonFeatures(features, layout)
    assert torch.equal(module(torch.from_numpy(x)), ours)


def test_order_is_as_listed():
    x = random_joints('nturgb+d', 3)
    for order in permutations(FEATURES):
        ours = skeleton_features(torch.from_numpy(x), order, 'nturgb+d')
        np.testing.assert_array_equal(ours.numpy(), stock_features(x, order, 'nturgb+d'))


def test_single_frame_has_no_motion():
    x = random_joints('coco', 3, frames=1)
    ours = skeleton_features(torch.from_numpy(x), ('jm', 'bm'), 'coco')
    np.testing.assert_array_equal(ours.numpy(), stock_features(x, ('jm', 'bm'), 'coco'))
    assert not ours.any()


def test_leading_axes_are_free():
    x = torch.randn(4, 1, 2, 5, 25, 3)
    ours = skeleton_features(x, FEATURES)
    assert ours.shape == (4, 1, 2, 5, 25, 12)
    assert torch.equal(ours[2, 0, 1], skeleton_features(x[2, 0, 1], FEATURES))


def test_layouts_that_stock_does_not_know():
    x = torch.randn(2, 5, 20, 3)
    bones = skeleton_features(x, ('b',), 'kinect_v1')
    for joint, parent in enumerate(get_layout('kinect_v1').parents):
        assert torch.equal(bones[..., joint, :], x[..., joint, :] - x[..., parent, :])
    arm = dict(joints=['a', 'b', 'c'], parents=[0, 0, 1], center=0)
    bones = skeleton_features(torch.tensor([[[1.0, 0, 0], [3.0, 0, 0], [7.0, 0, 0]]]), ('b',), arm)
    assert bones[0, :, 0].tolist() == [0, 2, 4]


@pytest.mark.parametrize(('layout', 'channels'), [('nturgb+d', 3), ('coco', 3)])
def test_gradients(layout, channels):
    x = torch.randn(
        1, 3, get_layout(layout).num_joints, channels, dtype=torch.float64, requires_grad=True
    )
    assert torch.autograd.gradcheck(lambda t: skeleton_features(t, FEATURES, layout), x)


def test_module_has_nothing_to_save():
    assert not SkeletonFeatures(FEATURES).state_dict()


def test_can_be_traced_whole():
    x = torch.randn(2, 5, 25, 3)
    module = SkeletonFeatures(FEATURES)
    assert torch.equal(torch.compile(module, backend='eager', fullgraph=True)(x), module(x))
    program = torch.export.export(module, (x,))
    assert torch.equal(program.module()(x), module(x))


def test_errors_name_what_was_found():
    x = torch.randn(2, 5, 25, 3)
    with pytest.raises(ValueError, match="'velocity'"):
        skeleton_features(x, ('j', 'velocity'))
    with pytest.raises(ValueError, match='found none'):
        SkeletonFeatures(())
    with pytest.raises(ValueError, match=r'25 joints.*coco.*17'):
        skeleton_features(x, ('j',), 'coco')


def test_examples():
    results = doctest.testmod(features_module)
    assert results.attempted >= 4 and results.failed == 0
