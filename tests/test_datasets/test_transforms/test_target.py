# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
from builders import LAYOUT, annotations
from mmengine.registry import init_default_scope

from mmskanon.datasets import LoadTarget, PrivatePoseDataset
from mmskanon.io import atomic_pickle
from mmskanon.skeletons.geometry import normalize_skeleton


@pytest.fixture
def files(tmp_path):
    """An annotation file, and two target files whose clips are moved by 1 and by 2 metres."""
    data = annotations()
    paths = [tmp_path / 'data.pkl']
    atomic_pickle(data, paths[0])
    for metres in (1, 2):
        moved = copy.deepcopy(data)
        for sample in moved['annotations']:
            sample['keypoint'] = sample['keypoint'] + np.float32(metres)
        paths.append(tmp_path / f'target_{metres}.pkl')
        atomic_pickle(moved, paths[-1])
    return [str(p) for p in paths]


def dataset(files, targets, persons=1):
    init_default_scope('mmskanon')
    return PrivatePoseDataset(
        files[0],
        [
            dict(type='LoadTarget', ann_files=targets, num_person=persons),
            dict(type='NormalizeSkeleton', layout=LAYOUT),
            dict(type='UniformSampleFrames', clip_len=12),
            dict(type='PoseDecode'),
            dict(type='FormatGCNInput', num_person=2 * persons),
            dict(type='PackSkeletonInputs'),
        ],
        split='train',
        layout=LAYOUT,
    )


@pytest.mark.parametrize('persons', [1, 2])
def test_sample_and_target_pass_the_same_transforms(files, persons):
    data = dataset(files, files[1], persons)
    data.set_random_state(0, 0)
    item = data[3]
    target, own = item['data_samples'].target, item['inputs']
    assert own.shape == target.shape == (1, persons, 12, 20, 3)
    # Moved by one metre along each axis of the camera, so by its turned image in body space, in every frame alike.
    _, record = normalize_skeleton(data.get_data_info(3)['keypoint'], LAYOUT)
    shift = np.abs((target - own)[0, 0].numpy())
    assert np.ptp(shift, axis=(0, 1)).max() < 1e-4
    assert np.linalg.norm((target - own)[0, 0, 0, 0].numpy()) == pytest.approx(3**0.5, rel=1e-4)
    assert not own[:, 1:].any() and not target[:, 1:].any()


def test_one_of_several_files_is_drawn_each_time(files):
    data = dataset(files, files[1:])
    found = set()
    for epoch in range(12):
        data.set_random_state(0, epoch)
        item = data[3]
        moved = (item['data_samples'].target - item['inputs'])[0, 0, 0, 0].norm()
        found.add(round(moved.item() / 3**0.5))
    assert found == {1, 2}
    data.set_random_state(0, 5)
    first = data[3]['data_samples'].target
    assert (data[3]['data_samples'].target == first).all()


def test_targets_that_do_not_fit_are_named(files, tmp_path):
    with pytest.raises(ValueError, match='ann_files is empty'):
        LoadTarget([], 1)
    with pytest.raises(FileNotFoundError, match="target file 'nowhere.pkl' is not there"):
        LoadTarget('nowhere.pkl', 1)
    step = LoadTarget(files[1], 1)
    clip = np.zeros((1, 20, 20, 3), np.float32)
    with pytest.raises(ValueError, match="sample 'x' of shape .* found none; make the target file"):
        step(dict(frame_dir='x', keypoint=clip))
    with pytest.raises(ValueError, match='found one of shape \\(1, 20, 20, 3\\)'):
        step(dict(frame_dir='a1_s1_t1', keypoint=clip[:, :7]))
