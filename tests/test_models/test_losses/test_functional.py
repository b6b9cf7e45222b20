# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import entropy

from mmskanon.models.losses import present_mse, softmax_entropy, uniform_kl

LOGITS = st.integers(0, 2**31 - 1).map(
    lambda s: np.random.default_rng(s).normal(scale=5, size=(7, 4))
)


@settings(max_examples=30, deadline=None)
@given(LOGITS)
def test_entropy_and_kl_agree_with_scipy(logits):
    p = softmax(logits, axis=1)
    tensor = torch.from_numpy(logits)
    assert np.isclose(softmax_entropy(tensor).item(), entropy(p, axis=1).mean())
    assert np.isclose(uniform_kl(tensor).item(), entropy(np.full(4, 0.25)[:, None], p.T).mean())


def test_known_values():
    uniform, certain = torch.zeros(3, 8), torch.tensor([[1e4, 0.0, 0.0]])
    assert math.isclose(softmax_entropy(uniform).item(), math.log(8), rel_tol=1e-6)
    assert abs(uniform_kl(uniform).item()) < 1e-6
    assert abs(softmax_entropy(certain).item()) < 1e-6
    assert uniform_kl(certain).item() > 1e3


def test_uniform_kl_pushes_a_certain_classifier_where_the_entropy_does_not():
    logits = torch.tensor([[40.0, 0.0, 0.0]], requires_grad=True)
    weak = torch.autograd.grad(-softmax_entropy(logits), logits)[0].abs().max()
    strong = torch.autograd.grad(uniform_kl(logits), logits)[0].abs().max()
    assert weak < 1e-6 < 0.3 < strong


def test_present_mse_ignores_absent_persons_and_frames():
    target = torch.randn(2, 2, 5, 4, 3)
    target[0, 1] = 0
    target[1, :, 3:] = 0
    output = target + 0.5
    assert torch.isclose(present_mse(output, target), torch.tensor(0.25))
    assert present_mse(torch.ones(1, 1, 2, 3, 3), torch.zeros(1, 1, 2, 3, 3)) == 0
