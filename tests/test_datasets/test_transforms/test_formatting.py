# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import doctest

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import FormatGCNInput, PoseDecode, UniformSampleFrames
from mmengine.dataset import Compose, pseudo_collate

from mmskanon.datasets.transforms import NormalizeSkeleton, PackSkeletonInputs, formatting
from mmskanon.registry import TRANSFORMS


def sample(**kwargs):
    return dict(keypoint=np.ones((1, 2, 8, 25, 3)), label=4, frame_dir='a', **kwargs)


def test_packs_labels_and_metainfo():
    packed = TRANSFORMS.build(dict(type='PackSkeletonInputs', meta_keys=('frame_dir', 'camera')))(
        sample(private=dict(subject=np.int64(2), gender=1), camera=3)
    )
    assert packed['inputs'].dtype == torch.float32
    assert packed['inputs'].shape == (1, 2, 8, 25, 3)
    data = packed['data_samples']
    assert torch.equal(data.gt_label, torch.tensor([4]))
    assert data.gt_private == {'subject': 2, 'gender': 1}
    assert all(type(v) is int for v in data.gt_private.values())
    assert data.metainfo == {'frame_dir': 'a', 'camera': 3}
    assert data.to_dict()['gt_private'] == {'subject': 2, 'gender': 1}


def test_without_labels():
    packed = PackSkeletonInputs()(dict(keypoint=np.zeros((1, 1, 8, 25, 3)), frame_dir='a'))
    assert packed['data_samples'].gt_private == {}
    assert 'gt_label' not in packed['data_samples']


def test_ends_a_stock_pipeline():
    pipeline = Compose(
        [
            NormalizeSkeleton('nturgb+d'),
            UniformSampleFrames(clip_len=16, num_clips=2, test_mode=True),
            PoseDecode(),
            FormatGCNInput(num_person=2),
            PackSkeletonInputs(meta_keys=('frame_dir', 'normalization')),
        ]
    )
    rng = np.random.default_rng(0)
    samples = [
        pipeline(
            dict(
                keypoint=rng.normal(size=(1, 40, 25, 3)).astype(np.float16),
                total_frames=40,
                label=number,
                frame_dir=str(number),
                private=dict(subject=number),
            )
        )
        for number in range(3)
    ]
    batch = pseudo_collate(samples)
    assert [x.shape for x in batch['inputs']] == [(2, 2, 16, 25, 3)] * 3
    assert [s.gt_private['subject'] for s in batch['data_samples']] == [0, 1, 2]
    assert batch['data_samples'][0].normalization['present'].shape == (1, 40, 25)
    assert batch['inputs'][0][:, 0].any() and not batch['inputs'][0][:, 1].any()


def test_nothing_is_skipped_silently():
    with pytest.raises(KeyError, match="'camera'.*sample a"):
        PackSkeletonInputs(meta_keys=('frame_dir', 'camera'))(sample())
    with pytest.raises(KeyError, match="'keypoint'"):
        PackSkeletonInputs()(dict(frame_dir='a'))
    for value in ('m', True, float('nan')):
        with pytest.raises(TypeError, match="'gender' of sample a"):
            PackSkeletonInputs()(sample(private=dict(gender=value)))
    with pytest.raises(ValueError, match='FormatGCNInput'):
        PackSkeletonInputs()(dict(keypoint=np.ones((2, 8, 25, 3)), frame_dir='a'))


def test_numbers_stay_numbers():
    private = dict(subject=np.int64(3), age=np.float64(63.5), height=2.0)
    packed = PackSkeletonInputs()(sample(private=private))['data_samples'].gt_private
    assert packed == dict(subject=3, age=63.5, height=2.0)
    assert {k: type(v) for k, v in packed.items()} == dict(subject=int, age=float, height=float)


def test_repr_and_examples():
    assert repr(PackSkeletonInputs()) == "PackSkeletonInputs(meta_keys=('frame_dir',))"
    results = doctest.testmod(formatting)
    assert results.attempted >= 4 and results.failed == 0
