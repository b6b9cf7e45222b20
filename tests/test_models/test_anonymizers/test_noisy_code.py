# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import pytest
import torch

from mmskanon.models.anonymizers import NoisyCodeAnonymizer
from mmskanon.skeletons import get_layout
from mmskanon.skeletons.kinematics import bone_vectors

LAYOUT = get_layout('kinect_v1')
LENGTHS = [0.0 if j == LAYOUT.root else 0.1 + 0.01 * j for j in range(LAYOUT.num_joints)]


def build(**kwargs):
    torch.manual_seed(0)
    options = dict(channels=16, lengths=LENGTHS, layout='kinect_v1', num_person=1)
    return NoisyCodeAnonymizer(**{**options, **kwargs}).eval()


def clips(n=2, frames=40, persons=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, persons, frames, LAYOUT.num_joints, 3, generator=generator)


@pytest.mark.parametrize('frames', [1, 2, 7, 64, 65])
def test_every_body_has_exactly_the_canonical_bones(frames):
    out = build()(clips(frames=frames))
    lengths = bone_vectors(out, LAYOUT).norm(dim=-1)
    assert out.shape == (2, 1, frames, 20, 3)
    assert torch.allclose(lengths, torch.tensor(LENGTHS).expand_as(lengths), atol=1e-5)


def test_bone_lengths_of_the_person_do_not_reach_the_output():
    from mmskanon.skeletons.kinematics import forward_kinematics, inverse_kinematics

    x, net = clips(), build(noise=0)
    root, directions, lengths = inverse_kinematics(x, LAYOUT)
    tall = forward_kinematics(root, directions, 1.3 * lengths, LAYOUT)
    tall = tall - tall[..., LAYOUT.center : LAYOUT.center + 1, :]
    x = x - x[..., LAYOUT.center : LAYOUT.center + 1, :]
    assert torch.allclose(net(x + 0.5), net(tall + 0.5), atol=1e-4)


def test_noise_follows_the_seed_changes_slowly_and_is_there_in_eval_mode():
    net, x = build(noise=0.4, hold=4), clips()
    torch.manual_seed(1)
    first = net(x)
    torch.manual_seed(1)
    assert torch.equal(net(x), first)
    assert not torch.equal(net(x), first)
    drawn = net._draw(torch.zeros(400, 5, 10))
    # Straight lines between every fourth step, up to what keeps the variance.
    scale = torch.tensor([1.0, 0.75**2 + 0.25**2, 0.5, 0.75**2 + 0.25**2, 1.0]).sqrt()
    line = drawn[..., :5] * scale
    assert torch.allclose(line.diff(n=2, dim=-1), torch.zeros(400, 5, 3), atol=1e-5)
    assert (drawn.std((0, 1)) - 1).abs().max() < 0.08
    assert torch.corrcoef(drawn[..., [0, 4, 8]].flatten(0, 1).T).triu(1).abs().max() < 0.1
    still = build(noise=0)
    assert torch.equal(still(x), still(x))


@pytest.mark.parametrize('frame', [100, 101])
def test_receptive_field_is_the_reach_of_the_gradient(frame):
    net, x = build(noise=0, channels=8), clips(1, 220).requires_grad_()
    (net(x)[0, 0, frame] * torch.randn(20, 3)).sum().backward()
    reached = x.grad.abs().sum((0, 1, 3, 4)).nonzero()
    assert int(reached.max() - reached.min()) + 1 == net.receptive_field


def test_absent_persons_frames_and_joints_stay_absent_and_persons_do_not_mix():
    net, x = build(noise=0, num_person=2), clips(persons=2)
    x[:, 1, 10:] = 0
    x[:, 0, 5, 3] = 0
    out = net(x)
    assert not out[:, 1, 10:].any() and not out[:, 0, 5, 3].any()
    other = x.clone()
    other[:, 1] = 0
    assert torch.allclose(net(other)[:, 0], out[:, 0], atol=1e-6)


def test_gradients_reach_every_weight():
    net = build().train()
    net(clips()).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in net.parameters())


def test_lengths_travel_with_the_checkpoint():
    empty = build(lengths=None)
    with pytest.raises(ValueError, match='NoisyCodeAnonymizer has no bone lengths yet'):
        empty(clips())
    empty.load_state_dict(build().state_dict())
    assert torch.allclose(empty.lengths, torch.tensor(LENGTHS))


@pytest.mark.parametrize(
    ('wrong', 'words'),
    [
        (dict(channels=0), 'channels must be an integer of at least 1, found 0'),
        (dict(hold=1.5), 'hold must be an integer of at least 1, found 1.5'),
        (dict(noise=-1), 'noise must be a finite number >= 0, found -1'),
        (dict(noise=float('nan')), 'noise must be a finite number'),
    ],
)
def test_senseless_settings_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        build(**wrong)
