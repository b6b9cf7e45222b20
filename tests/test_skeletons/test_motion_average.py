# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from mmskanon.skeletons.kinematics import inverse_kinematics, split_length
from mmskanon.skeletons.layouts import get_layout
from mmskanon.skeletons.motion_average import (
    align,
    average_motion,
    is_part_of,
    match_orientation,
    timing_features,
    warped_time,
)
from mmskanon.skeletons.resampling import resample_frames

LAYOUT = get_layout('kinect_v1')
LENGTHS = 0.2 + 0.1 * torch.rand(20, generator=torch.Generator().manual_seed(1))
LENGTHS[LAYOUT.root] = 0


def motion(frames, persons=1, seed=0, size=0.2):
    """Directions (T, M, V, 3) that swing about a random pose."""
    generator = torch.Generator().manual_seed(seed)
    pose, swing = torch.randn(2, persons, 20, 3, generator=generator)
    time = torch.linspace(0, 6, frames)[:, None, None, None]
    directions = split_length(split_length(pose)[0] + size * time.sin() * swing)[0]
    directions[:, :, LAYOUT.root] = 0
    return directions


def test_posture_does_not_matter_for_timing():
    x = motion(30)
    rest = motion(1, seed=7)[0, 0]
    bent = Rotation.from_rotvec(np.random.default_rng(0).normal(scale=0.3, size=(20, 3)))
    other = torch.einsum('vij,tmvj->tmvi', torch.from_numpy(bent.as_matrix()).float(), x)
    features, changed = (timing_features(d, rest, 64) for d in (x, other))
    assert features.shape == (64, 60)
    mean = split_length(features.view(64, 20, 3).mean(0))[0]
    torch.testing.assert_close(mean, rest, atol=5e-3, rtol=0)
    # What is left is the turn of a movement about its bone.
    raw = (other - x).norm() * (64 / 30) ** 0.5
    assert (changed - features).norm() < 0.3 * raw


@pytest.mark.parametrize('frames', [1, 2, 5])
def test_short_clips_are_described(frames):
    features = timing_features(motion(frames), motion(1, seed=7)[0, 0], 64)
    assert features.shape == (64, 60) and features.isfinite().all()


def test_a_second_person_counts_as_half():
    rest = motion(1, seed=7)[0, 0]
    a, b = motion(20), motion(20, seed=2)
    one = (timing_features(a, rest, 64) - timing_features(b, rest, 64)).square().sum()
    a, b = a.expand(-1, 2, -1, -1), b.expand(-1, 2, -1, -1)
    two = (timing_features(a, rest, 64) - timing_features(b, rest, 64)).square().sum()
    torch.testing.assert_close(one, two)


def test_a_clip_and_its_frames_are_known_again():
    clip, other = motion(40), motion(40, seed=1)
    assert is_part_of(clip, clip) and is_part_of(clip[::3], clip) and is_part_of(clip[5:6], clip)
    between = resample_frames(clip.numpy(), 29).astype(np.float32)
    assert is_part_of(torch.from_numpy(between), clip)
    assert is_part_of(torch.cat([clip, other[:30]]), clip)  # more than half of it
    assert not is_part_of(torch.cat([clip[:30], other]), clip)
    assert not is_part_of(other, clip) and not is_part_of(clip, other[:1])
    assert not is_part_of(clip + 0.03, clip) and is_part_of(clip + 0.01, clip)


def test_alignment_finds_another_timing():
    rest = motion(1, seed=7)[0, 0]
    slow = torch.linspace(0, 1, 200)
    x = motion(201)
    uneven = x[(200 * slow**1.5).long()]
    path = align(
        *(timing_features(d, rest, 64)[None] for d in (uneven, x)), band=24, penalty=0, sigma=2
    )[0]
    expected = 63 * torch.linspace(0, 1, 64) ** 1.5
    assert (path - expected)[4:-4].abs().max() < 3 < (torch.arange(64) - expected).abs().max() / 3


def test_the_average_has_exact_bones_and_the_mean_of_directions_and_places():
    a, b = motion(10), motion(17, seed=5)
    places = torch.randn(10, 1, 3), torch.randn(17, 1, 3)
    positions = torch.arange(8.0), 2 * torch.arange(8.0)
    out = average_motion([a, b], places, positions, LENGTHS, LAYOUT)
    assert out.shape == (1, 8, 20, 3)
    _, directions, lengths = inverse_kinematics(out[0], LAYOUT)
    torch.testing.assert_close(lengths, LENGTHS.expand(8, 20), atol=1e-6, rtol=0)
    mean = a[:8, 0] + b[:16:2, 0]
    expected = mean / mean.norm(dim=-1, keepdim=True)
    inner = [j for j in range(20) if j != LAYOUT.root]
    torch.testing.assert_close(directions[:, inner], expected[:, inner], atol=1e-5, rtol=0)
    center = (places[0][:8, 0] + places[1][:16:2, 0]) / 2
    torch.testing.assert_close(out[0, :, LAYOUT.center], center)
    lent = torch.rand(2, 20, generator=torch.Generator().manual_seed(2)) < 0.5
    lent[1] = ~lent[0]  # each bone comes from one of them
    mixed = average_motion([a, b], places, positions, LENGTHS, LAYOUT, lent)
    found = inverse_kinematics(mixed[0], LAYOUT)[1]
    expected = torch.where(lent[0][:, None], a[:8, 0], b[:16:2, 0])
    torch.testing.assert_close(found[:, inner], expected[:, inner], atol=1e-5, rtol=0)
    torch.testing.assert_close(mixed[0, :, LAYOUT.center], center)


@pytest.mark.parametrize('frames', [1, 2, 50, 200])
def test_time_runs_evenly_without_noise_and_never_backwards_with_it(frames):
    np.testing.assert_allclose(warped_time(frames, 64, 0), np.linspace(0, 63, frames), atol=1e-5)
    generator = torch.Generator().manual_seed(0)
    noisy = torch.stack([warped_time(frames, 64, 3.0, generator) for _ in range(300)])
    assert noisy.shape == (300, frames) and (noisy.diff() >= 0).all()
    assert noisy.min() >= 0 and noisy.max() <= 63
    if frames == 200:
        middle = noisy[:, 100] - warped_time(200, 64, 0)[100]
        assert middle.std().item() == pytest.approx(3, rel=0.2)


def test_a_turned_scene_is_turned_back():
    directions = motion(12, persons=2)
    places = torch.randn(12, 2, 3)
    scene = average_motion([directions], [places], [torch.arange(12.0)], LENGTHS, LAYOUT)
    turn = torch.tensor(Rotation.from_euler('xyz', [0.2, -0.1, 0.5]).as_matrix()).float()
    for shown in ([True, True], [True, False], [False, True]):
        shown = torch.tensor(shown)
        own = directions[:, shown]
        back = match_orientation(scene @ turn, shown, own, LENGTHS, LAYOUT)
        torch.testing.assert_close(back, scene, atol=1e-5, rtol=0)
