# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmskanon.models.anonymizers import UNetAnonymizer


def standard_count(base, depth, channels):
    """Parameters of the standard UNet with transposed convolutions and no bias before batch normalization."""
    widths = [base * 2**level for level in range(depth + 1)]

    def double(before, after):
        return 9 * before * after + 2 * after + 9 * after * after + 2 * after

    down = sum(double(i, o) for i, o in zip([channels, *widths], widths, strict=False))
    up = sum(4 * 2 * w * w + w + double(2 * w, w) for w in widths[:-1])
    return down + up + widths[0] * channels + channels


@pytest.mark.parametrize(
    ('base', 'depth', 'layout', 'channels'),
    [
        (64, 4, 'nturgb+d', 3),
        (16, 4, 'kinect_v1', 3),
        (8, 3, 'coco', 2),
        (4, 0, 'nturgb+d', 3),
    ],
)
def test_number_of_parameters(base, depth, layout, channels):
    count = sum(p.numel() for p in UNetAnonymizer(base, depth, layout=layout).parameters())
    assert count == standard_count(base, depth, channels)


def test_paper_size():
    anonymizer = UNetAnonymizer()
    assert [e[0].out_channels for e in anonymizer.encoders] == [64, 128, 256, 512, 1024]
    assert sum(p.numel() for p in anonymizer.parameters()) == 31_037_763


@given(
    batch=st.integers(1, 2),
    persons=st.integers(1, 3),
    frames=st.integers(1, 40),
    joints=st.integers(1, 26),
    depth=st.integers(0, 4),
    residual=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_shape(batch, persons, frames, joints, depth, residual):
    layout = dict(
        joints=[str(j) for j in range(joints)],
        parents=[max(0, j - 1) for j in range(joints)],
        center=0,
    )
    anonymizer = UNetAnonymizer(2, depth, residual, layout=layout, num_person=persons).eval()
    x = torch.randn(batch, persons, frames, joints, 3)
    out = anonymizer(x)
    assert out.shape == x.shape and out.isfinite().all()


def test_padding_is_with_zeros_and_cropped():
    torch.manual_seed(0)
    anonymizer = UNetAnonymizer(4, depth=2).eval()
    x = torch.randn(2, 2, 17, 25, 3)
    padded = torch.cat([x, torch.zeros(2, 2, 3, 25, 3)], dim=2)
    torch.testing.assert_close(anonymizer(padded)[:, :, :17], anonymizer(x))


def test_image_has_frames_by_joints_of_all_persons():
    anonymizer = UNetAnonymizer(4, depth=2).eval()
    images = []
    anonymizer.encoders[0].register_forward_pre_hook(lambda _, args: images.append(args[0]))
    x = torch.randn(1, 2, 17, 25, 3)
    anonymizer(x)
    assert images[0].shape == (1, 3, 20, 52)
    for person, frame, joint in [(0, 0, 0), (1, 16, 3), (0, 5, 24)]:
        assert torch.equal(images[0][0, :, frame, joint * 2 + person], x[0, person, frame, joint])
    assert not images[0][:, :, 17:].any() and not images[0][..., 50:].any()


def test_eval_output_does_not_depend_on_the_batch_and_statistics_rest():
    torch.manual_seed(0)
    anonymizer = UNetAnonymizer(4, depth=2)
    x = torch.randn(4, 2, 16, 25, 3)
    anonymizer(x)
    moved = {k: v.clone() for k, v in anonymizer.named_buffers()}
    anonymizer.eval()
    alone = anonymizer(x[:1])
    companions = 100 * torch.randn(3, 2, 16, 25, 3)
    torch.testing.assert_close(
        anonymizer(torch.cat([x[:1], companions]))[:1], alone, atol=1e-5, rtol=1e-5
    )
    for name, buffer in anonymizer.named_buffers():
        assert torch.equal(buffer, moved[name])
    # In train mode they do move.
    anonymizer.train()(x)
    assert any(not torch.equal(b, moved[k]) for k, b in anonymizer.named_buffers())


@pytest.mark.parametrize('depth', [0, 1, 2, 3])
def test_receptive_field_is_reached_and_not_exceeded(depth):
    torch.manual_seed(0)
    anonymizer = UNetAnonymizer(4, depth).double().eval()
    frames = 3 * anonymizer.receptive_field // 2**depth * 2**depth
    x = torch.randn(1, 2, frames, 25, 3, dtype=torch.float64, requires_grad=True)
    out = anonymizer(x)
    widest = 0
    for frame in range(frames // 2, frames // 2 + 2**depth):
        (grad,) = torch.autograd.grad(out[:, :, frame].sum(), x, retain_graph=True)
        used = grad.abs().sum((0, 1, 3, 4)).nonzero().flatten()
        widest = max(widest, (used.max() - used.min() + 1).item())
    # Max pooling ignores three quarters of the pixels, so a border frame may happen not to matter.
    assert anonymizer.receptive_field - 2 ** (depth + 1) < widest <= anonymizer.receptive_field
    if depth == 0:
        assert widest == 5


def test_residual_starts_from_the_input():
    x = torch.randn(2, 2, 16, 25, 3)
    assert torch.equal(UNetAnonymizer(4, 2, residual=True, last_std=0)(x), x)
    assert not UNetAnonymizer(4, 2, last_std=0)(x).any()
    assert (UNetAnonymizer(4, 2, residual=True, last_std=1e-3)(x) - x).abs().max() < 0.05


@pytest.mark.parametrize('residual', [False, True])
def test_learns(residual):
    torch.manual_seed(0)
    anonymizer = UNetAnonymizer(8, 2, residual, num_person=1)
    optimizer = torch.optim.Adam(anonymizer.parameters(), lr=1e-2)
    x = torch.randn(4, 1, 16, 25, 3)
    losses = []
    for _ in range(60):
        loss = (anonymizer(x) + 0.5 * x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    with torch.no_grad():
        assert (anonymizer.eval()(x) + 0.5 * x).square().mean() < 0.3 * losses[0]
