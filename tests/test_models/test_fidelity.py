# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import torch

from mmskanon.models.fidelity import fidelity_sums, motion_energy
from mmskanon.skeletons.layouts import get_layout


def test_sums_agree_with_a_plain_loop():
    rng = np.random.default_rng(0)
    layout = get_layout('nturgb+d')
    x = rng.normal(size=(2, 2, 5, 25, 3))
    x[0, 1] = 0
    x[1, :, 3:] = 0
    y = x + rng.normal(scale=0.1, size=x.shape) * (x != 0)
    sums = fidelity_sums(torch.from_numpy(x), torch.from_numpy(y), layout)
    for n in range(2):
        square = distance = joints = bones = deviation = 0
        for m in range(2):
            for t in range(5):
                if not x[n, m, t].any():
                    continue
                for v, parent in enumerate(layout.parents):
                    joints += 1
                    d = np.linalg.norm(x[n, m, t, v] - y[n, m, t, v])
                    square, distance = square + d**2, distance + d
                    if v != parent:
                        before = np.linalg.norm(x[n, m, t, v] - x[n, m, t, parent])
                        after = np.linalg.norm(y[n, m, t, v] - y[n, m, t, parent])
                        bones, deviation = bones + 1, deviation + abs(after - before) / before
        expected = dict(
            sum_sq=square,
            sum_dist=distance,
            count=joints,
            coords=3 * joints,
            bone_dev_sum=deviation,
            bone_count=bones,
        )
        for key, value in expected.items():
            assert np.isclose(sums[key][n].item(), value), key


def test_scores_are_no_coordinates():
    layout = get_layout('coco')
    x = torch.rand(1, 1, 4, 17, 3) + 1
    y = x.clone()
    y[..., 2] += 1
    assert fidelity_sums(x, y, layout)['sum_dist'].item() == 0


def test_motion_energy_of_a_uniform_motion():
    x = torch.zeros(1, 1, 4, 20, 3)
    x[..., 0] = torch.arange(4)[:, None] * 0.1
    assert torch.isclose(motion_energy(x), torch.tensor(0.01))
    assert motion_energy(x[:, :, :1]) == 0
