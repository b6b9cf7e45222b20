# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy import stats

from mmskanon.skeletons import get_layout
from mmskanon.skeletons.random_body import FARTHEST, draw_bone_lengths

layout = get_layout('nturgb+d')
LENGTHS = torch.linspace(0.1, 0.6, 25, dtype=torch.float64)
LENGTHS[layout.root] = 0
SIZE = 0.08
PROPORTIONS = torch.where(torch.arange(25) % 2 == 0, 0.01, 0.05).double()


def draw(count=20000, seed=0, size=SIZE, proportions=PROPORTIONS, lengths=LENGTHS):
    generator = torch.Generator().manual_seed(seed)
    return draw_bone_lengths(lengths, size, proportions, layout, count, generator)


def test_size_and_proportions_have_the_given_spread():
    drawn = draw()
    assert drawn.shape == (20000, 25) and drawn.dtype == LENGTHS.dtype
    inner = [joint for joint, _ in layout.graph_inward]
    assert not drawn[:, layout.root].any()
    mirror = list(layout.mirrored_bones)
    assert torch.equal(drawn, drawn[:, mirror])
    middle = (LENGTHS + LENGTHS[mirror]) / 2
    log = (drawn[:, inner] / middle[inner]).log().numpy()
    assert np.abs(log.mean(0)).max() < 0.005
    shrunk = stats.truncnorm(-FARTHEST, FARTHEST).std()
    one_side = [min(j, mirror[j]) for j in inner]
    expected = shrunk * np.hypot(SIZE, PROPORTIONS[one_side].numpy())
    np.testing.assert_allclose(log.std(0), expected, rtol=0.03)
    # Bones of one body share its size and nothing else.
    other = log[:, inner.index(1 if layout.root != 1 else 0)], log[:, inner.index(13)]
    assert np.isclose(np.cov(*other)[0, 1], (shrunk * SIZE) ** 2, rtol=0.1)
    assert np.abs(log).max() <= FARTHEST * (SIZE + 0.05) + 1e-9


def test_draws_are_truncated_normal():
    drawn = draw(proportions=torch.zeros(25, dtype=torch.float64))
    sizes = (drawn.sum(1) / LENGTHS.sum()).log() / SIZE
    law = stats.truncnorm(-FARTHEST, FARTHEST)
    assert stats.kstest(sizes.numpy(), law.cdf).pvalue > 1e-3


def test_nothing_spreads_nothing_and_chance_follows_the_generator():
    zero = torch.zeros(25, dtype=torch.float64)
    still = draw(3, size=0.0, proportions=zero)
    middle = (LENGTHS + LENGTHS[list(layout.mirrored_bones)]) / 2
    torch.testing.assert_close(still, middle.expand(3, -1))
    assert torch.equal(draw(2, seed=1), draw(2, seed=1))
    assert not torch.equal(draw(2, seed=1), draw(2, seed=2))
    torch.manual_seed(5)
    first = draw_bone_lengths(LENGTHS, SIZE, PROPORTIONS, layout, 2)
    torch.manual_seed(5)
    assert torch.equal(draw_bone_lengths(LENGTHS, SIZE, PROPORTIONS, layout, 2), first)
    assert not torch.equal(first[0], first[1])


def test_a_wrong_number_of_joints_is_named():
    with pytest.raises(ValueError, match=r'the body to draw from has 20 joints'):
        draw_bone_lengths(torch.ones(20), 0.1, torch.ones(20), layout, 1)
