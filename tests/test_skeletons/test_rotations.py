# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from mmskanon.skeletons.rotations import fit_rotation, rotate_shortest, turn_to_heading


def unit(*shape, seed=0, dtype=torch.float64):
    x = torch.randn(*shape, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return x / x.norm(dim=-1, keepdim=True)


def test_it_is_the_rotation_about_the_common_perpendicular():
    source, target, vectors = unit(50), unit(50, seed=1), unit(50, seed=2) * 3
    axis = np.cross(source, target)
    angle = np.arccos((source * target).sum(-1).numpy())
    axis *= (angle / np.linalg.norm(axis, axis=-1))[:, None]
    expected = Rotation.from_rotvec(axis).apply(vectors.numpy())
    made = rotate_shortest(vectors, source, target).numpy()
    np.testing.assert_allclose(made, expected, atol=1e-9)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('angle', [0, 1e-7, 1e-3, 1.5, 3.14, np.pi - 1e-4, np.pi - 1e-6, np.pi])
def test_source_arrives_at_target_and_lengths_stay(angle, dtype):
    source = unit(20, dtype=torch.float64)
    side = torch.linalg.cross(source, unit(20, seed=3))
    side /= side.norm(dim=-1, keepdim=True)
    target = (np.cos(angle) * source + np.sin(angle) * side).to(dtype)
    source = source.to(dtype)
    made = rotate_shortest(source, source, target)
    # Near the half turn, the axis follows from a small difference of rounded numbers.
    tolerance = 1e-3 if dtype == torch.float32 and 0 < np.pi - angle < 1e-3 else 2e-5
    torch.testing.assert_close(made, target, atol=tolerance, rtol=0)
    others = unit(20, seed=4, dtype=dtype)
    lengths = rotate_shortest(others, source, target).norm(dim=-1)
    torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=tolerance, rtol=0)


def test_without_a_direction_nothing_turns():
    vectors, zero = unit(5), torch.zeros(5, 3, dtype=torch.float64)
    assert torch.equal(rotate_shortest(vectors, zero, unit(5, seed=1)), vectors)
    assert torch.equal(rotate_shortest(vectors, unit(5, seed=1), zero), vectors)


def test_gradients_are_finite_at_the_singular_points():
    up = torch.tensor([0.0, 0, 1])
    for source in (up, -up, torch.zeros(3), torch.tensor([1e-4, 0, -1.0])):
        source = source.clone().requires_grad_()
        vectors = torch.randn(3, requires_grad=True)
        out = rotate_shortest(vectors, source, up)
        grads = torch.autograd.grad(out.sum(), (source, vectors))
        assert all(g.isfinite().all() for g in grads)
    source = unit(1, seed=5)[0].requires_grad_()
    vectors = unit(1, seed=6)[0].requires_grad_()
    target = unit(1, seed=7)[0].requires_grad_()
    assert torch.autograd.gradcheck(rotate_shortest, (vectors, source, target))


def test_a_turned_rest_pose_is_followed_exactly():
    rest = unit(20)
    for degrees in (0, 40, 180, -100):
        own = torch.from_numpy(Rotation.from_euler('z', degrees, degrees=True).apply(rest.numpy()))
        torch.testing.assert_close(turn_to_heading(rest, own), own)


def test_the_heading_is_the_best_of_all_angles():
    rest, own = unit(20), unit(20, seed=1)
    own[3] = 0
    made = turn_to_heading(rest, own)
    angles = np.linspace(-np.pi, np.pi, 721)
    losses = [
        np.square(Rotation.from_euler('z', a).apply(rest.numpy()) - own.numpy()).sum()
        for a in angles
    ]
    assert 0 <= min(losses) - np.square((made - own).numpy()).sum() < 1e-3
    torch.testing.assert_close(made[..., 2], rest[..., 2])


def test_vertical_poses_have_no_heading_and_finite_gradients():
    rest = torch.tensor([[0.0, 0, 1], [0, 0, -1]])
    own = rest.clone().requires_grad_()
    made = turn_to_heading(rest, own)
    assert torch.equal(made, rest)
    (grad,) = torch.autograd.grad(made.sum(), own, allow_unused=True)
    assert grad is None or grad.isfinite().all()


@pytest.mark.parametrize('points', [1, 2, 3, 30])
def test_the_fitted_rotation_is_that_of_scipy_and_never_a_reflection(points):
    generator = torch.Generator().manual_seed(points)
    x, y = torch.randn(2, points, 3, dtype=torch.float64, generator=generator)
    found = fit_rotation(x, y)
    torch.testing.assert_close(found @ found.T, torch.eye(3, dtype=torch.float64))
    assert torch.linalg.det(found).item() == pytest.approx(1)
    expected = Rotation.align_vectors(y.numpy(), x.numpy())[1] if points > 1 else None
    error = (x @ found.T - y).square().sum().sqrt().item()
    if expected is not None:
        assert error == pytest.approx(expected, abs=1e-6)
    mirrored = fit_rotation(x, -x)
    assert torch.linalg.det(mirrored).item() == pytest.approx(1)
