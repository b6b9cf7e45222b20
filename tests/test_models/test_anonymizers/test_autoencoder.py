# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmskanon.models.anonymizers import AutoencoderAnonymizer


def linear(layer, x):
    return layer.weight.detach().double().numpy() @ x + layer.bias.detach().double().numpy()


def test_layers_are_those_of_the_release():
    anonymizer = AutoencoderAnonymizer()
    layers = [m for m in anonymizer.modules() if isinstance(m, torch.nn.Linear)]
    widths = [layers[0].in_features, *(layer.out_features for layer in layers)]
    assert widths == [150, 500, 100, 10, 100, 500, 150]
    x = torch.randn(2, 2, 3, 25, 3)
    out = anonymizer(x).detach().numpy()
    for clip in range(2):
        for frame in range(3):
            vector = x[clip, :, frame].double().numpy().reshape(150)
            for number, layer in enumerate(layers):
                vector = linear(layer, vector)
                if number < 5:
                    vector = np.maximum(vector, 0)
            np.testing.assert_allclose(out[clip, :, frame].reshape(150), vector, atol=1e-5)


def test_code_without_relu_may_be_negative():
    x = torch.randn(50, 150)
    assert AutoencoderAnonymizer().encoder(x).min() >= 0
    assert AutoencoderAnonymizer(code_relu=False).encoder(x).min() < 0


def test_all_that_leaves_a_frame_went_through_the_code():
    torch.manual_seed(0)
    anonymizer = AutoencoderAnonymizer(hidden=(), code=2, code_relu=False, num_person=1)
    frames = anonymizer(torch.randn(1, 1, 200, 25, 3)).detach()[0, 0].reshape(200, 75)
    assert torch.linalg.matrix_rank(frames - frames.mean(0), tol=1e-4) == 2


@pytest.mark.parametrize('frozen', [False, True])
def test_a_frozen_encoder_rests_while_the_decoder_learns(frozen):
    torch.manual_seed(0)
    anonymizer = AutoencoderAnonymizer(hidden=(32,), freeze_encoder=frozen)
    before = {k: v.clone() for k, v in anonymizer.state_dict().items()}
    optimizer = torch.optim.SGD(anonymizer.parameters(), lr=0.1, weight_decay=0.1)
    x = torch.randn(4, 2, 8, 25, 3)
    for _ in range(2):
        optimizer.zero_grad()
        (anonymizer(x) - x).square().mean().backward()
        optimizer.step()
    moved = {k for k, v in anonymizer.state_dict().items() if not torch.equal(v, before[k])}
    decoder = {k for k in before if k.startswith('decoder')}
    assert moved == (decoder if frozen else set(before))


def test_learns_to_reproduce_what_a_code_can_hold():
    torch.manual_seed(0)
    poses = torch.randn(3, 75)
    anonymizer = AutoencoderAnonymizer(hidden=(64,), code=6, num_person=1)
    optimizer = torch.optim.Adam(anonymizer.parameters(), lr=3e-3)

    def clips():
        return (torch.rand(8, 1, 6, 3) @ poses).view(8, 1, 6, 25, 3)

    for _ in range(300):
        x = clips()
        loss = (anonymizer(x) - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = clips()
    assert (anonymizer(x) - x).square().mean() < 0.05 * x.square().mean()


@pytest.mark.parametrize(
    'wrong', [dict(code=0), dict(hidden=(500, 0)), dict(hidden=(2.5,)), dict(code=True)]
)
def test_impossible_widths_fail_when_built(wrong):
    with pytest.raises(ValueError, match='integers of at least 1'):
        AutoencoderAnonymizer(**wrong)
