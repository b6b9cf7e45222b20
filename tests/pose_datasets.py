# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A small PrivatePoseDataset."""

import numpy as np

from mmskanon.datasets import PrivatePoseDataset

SAMPLE = [dict(type='UniformSampleFrames', clip_len=8), dict(type='PoseDecode')]
FORMAT = [dict(type='FormatGCNInput', num_person=1), dict(type='PackSkeletonInputs')]


def build(path, pipeline=SAMPLE, split='train', layout='kinect_v1', **kwargs) -> PrivatePoseDataset:
    return PrivatePoseDataset(path, pipeline, split=split, layout=layout, **kwargs)


def ntu_pickle() -> dict:
    """What MMAction2 distributes: names, labels and half-precision keypoints, no private keys."""
    rng = np.random.default_rng(0)
    names = [
        f'S001C{c:03d}P{p:03d}R{r:03d}A{a:03d}'
        for c in (1, 2, 3)
        for p in (3, 8, 40)
        for r in (1, 2)
        for a in (1, 50)
    ]
    samples = []
    for index, name in enumerate(names):
        persons, frames = 2 if name.endswith('A050') else 1, 20 + index
        keypoint = rng.normal(size=(persons, frames, 25, 3)).astype(np.float16)
        label = 0 if name.endswith('A001') else 1
        samples.append(dict(frame_dir=name, label=label, keypoint=keypoint, total_frames=frames))
    split = {
        'xsub_train': [n for n in names if 'P008' in n or 'P003' in n],
        'xsub_val': [n for n in names if 'P040' in n],
        'xview_train': [n for n in names if 'C001' not in n],
        'xview_val': [n for n in names if 'C001' in n],
    }
    return dict(split=split, annotations=samples)
