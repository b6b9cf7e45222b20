# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmskanon.models.anonymizers import LSTMAutoencoderAnonymizer


def lstm_step(weights, x, hidden, cell):
    """One step of an LSTM (Hochreiter and Schmidhuber, 1997, with PyTorch's gate order) in float64."""
    w_in, w_hidden, b_in, b_hidden = weights
    gates = w_in @ x + b_in + w_hidden @ hidden + b_hidden
    i, f, g, o = np.split(gates, 4)
    i, f, o = (1 / (1 + np.exp(-v)) for v in (i, f, o))
    cell = f * cell + i * np.tanh(g)
    return o * np.tanh(cell), cell


def numpy_weights(module):
    return [p.detach().double().numpy() for p in module.parameters()]


def test_equals_a_loop_in_float64():
    torch.manual_seed(0)
    anonymizer = LSTMAutoencoderAnonymizer(hidden_channels=7, num_person=1, layout='kinect_v1')
    x = torch.randn(2, 1, 6, 20, 3)
    x[1, :, 4:] = 0
    out = anonymizer(x).detach().numpy()
    encoder, decoder = numpy_weights(anonymizer.encoder), numpy_weights(anonymizer.decoder)
    weight, bias = numpy_weights(anonymizer.head)
    for clip, length in ((0, 6), (1, 4)):
        hidden, cell = np.zeros(7), np.zeros(7)
        for t in range(length):
            frame = x[clip, 0, t].double().numpy().reshape(60)
            hidden, cell = lstm_step(encoder, frame, hidden, cell)
        frame = np.zeros(60)
        for t in range(length):
            hidden, cell = lstm_step(decoder, frame, hidden, cell)
            frame = weight @ hidden + bias
            np.testing.assert_allclose(out[clip, 0, t].reshape(60), frame, atol=1e-5)


def test_padding_changes_no_frame_and_stays_zero():
    torch.manual_seed(0)
    anonymizer = LSTMAutoencoderAnonymizer(hidden_channels=16).eval()
    x = torch.randn(3, 2, 8, 25, 3)
    x[1, 1] = 0
    padded = torch.cat([x, torch.zeros(3, 2, 5, 25, 3)], dim=2)
    out = anonymizer(padded)
    torch.testing.assert_close(out[:, :, :8], anonymizer(x))
    assert not out[:, :, 8:].any() and not out[1, 1].any()


def test_a_batch_with_nobody_in_a_clip():
    anonymizer = LSTMAutoencoderAnonymizer(hidden_channels=16)
    x = torch.randn(2, 2, 8, 25, 3)
    x[0] = 0
    out = anonymizer(x)
    assert not out[0].any() and out[1].any()
    out.sum().backward()
    assert all(p.grad.isfinite().all() for p in anonymizer.parameters())


def test_the_first_frame_is_decoded_and_later_ones_move():
    torch.manual_seed(0)
    out = LSTMAutoencoderAnonymizer()(torch.randn(2, 2, 8, 25, 3))
    assert out[:, :, 0].abs().amax((1, 2, 3)).min() > 0
    assert (out[:, :, 1:] - out[:, :, :-1]).abs().amax((1, 2, 3, 4)).min() > 0


@pytest.mark.parametrize('frozen', [False, True])
def test_a_frozen_encoder_rests_while_the_decoder_learns(frozen):
    torch.manual_seed(0)
    anonymizer = LSTMAutoencoderAnonymizer(hidden_channels=8, freeze_encoder=frozen)
    before = {k: v.clone() for k, v in anonymizer.state_dict().items()}
    optimizer = torch.optim.SGD(anonymizer.parameters(), lr=0.1, weight_decay=0.1)
    x = torch.randn(4, 2, 6, 25, 3)
    (anonymizer(x) - x).square().mean().backward()
    optimizer.step()
    moved = {k for k, v in anonymizer.state_dict().items() if not torch.equal(v, before[k])}
    rests = {k for k in before if k.startswith('encoder')} if frozen else set()
    assert moved == set(before) - rests


def test_learns_to_reproduce_clips():
    torch.manual_seed(0)
    clips = torch.randn(4, 1, 1, 25, 3) + 0.3 * torch.randn(4, 1, 5, 25, 3)
    anonymizer = LSTMAutoencoderAnonymizer(hidden_channels=48, num_person=1)
    optimizer = torch.optim.Adam(anonymizer.parameters(), lr=0.01)
    for _ in range(150):
        loss = (anonymizer(clips) - clips).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2 * clips.square().mean()


def test_impossible_width_fails_when_built():
    with pytest.raises(ValueError, match='hidden_channels must be at least 1, found 0'):
        LSTMAutoencoderAnonymizer(hidden_channels=0)
