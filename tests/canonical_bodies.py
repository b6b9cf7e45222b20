# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Bodies to move into, anonymizers that do so, and skeletons with gaps."""

import numpy as np
import torch
from builders import LAYOUT

from mmskanon.models.anonymizers import CanonicalBodyAnonymizer
from mmskanon.skeletons import get_layout

IDENTITY = dict(type='IdentityAnonymizer')
SMALL_UNET = dict(type='UNetAnonymizer', base_channels=4, depth=2)


def body(layout, seed=0) -> dict:
    """A body whose sides differ, with a random rest pose."""
    layout, rng = get_layout(layout), np.random.default_rng(seed)
    inner = np.arange(layout.num_joints) != layout.root
    return dict(
        lengths=(rng.uniform(0.15, 0.4, layout.num_joints) * inner).tolist(),
        rest_directions=rng.normal(size=(layout.num_joints, 3)).tolist(),
        size_spread=0.08,
        proportion_spread=[0.03] * layout.num_joints,
    )


def build(inner=IDENTITY, layout=LAYOUT, persons=1, **kwargs):
    torch.manual_seed(0)
    cfg = dict(body=body(layout), layout=layout, num_person=persons)
    return CanonicalBodyAnonymizer(dict(inner), **{**cfg, **kwargs}).eval()


def skeletons(layout=LAYOUT, batch=2, persons=1, frames=6, seed=0, gaps=True):
    """Random bodies; with gaps, persons enter and leave, joints are absent, and bones have no length."""
    layout, rng = get_layout(layout), np.random.default_rng(seed)
    joints = layout.num_joints
    x = 0.4 * rng.normal(size=(batch, persons, frames, joints, 3)) + rng.normal(size=3)
    if gaps:
        joint = int(rng.integers(joints))
        flat = rng.random((batch, persons, frames)) < 0.3
        x[flat, joint] = x[flat, layout.parents[joint]]
        x[rng.random(x.shape[:4]) < 0.2] = 0
        enters, leaves = rng.integers(-2, frames + 2, size=(2, batch, persons, 1))
        time = np.arange(frames)
        x[(time < enters) | (time > leaves)] = 0
    return torch.from_numpy(x).float()
