# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmskanon.models.losses import (
    BetweenSubjectVariance,
    PartyOutputs,
    SoftNearestNeighbour,
    between_group_share,
    neighbour_divergence,
)
from mmskanon.models.losses.motion_features import motion_spaces
from mmskanon.skeletons import get_layout

CLASSES = torch.arange(24) // 12
GROUPS = torch.arange(24) % 4


def reference_divergence(vectors, classes, groups, temperature, recordings=None):
    """The definition, clip by clip, in float64."""
    vectors = vectors.double().numpy()
    recordings = range(len(vectors)) if recordings is None else recordings
    shares, nearest = [], []
    for i in range(len(vectors)):
        others = [
            j
            for j in range(len(vectors))
            if recordings[j] != recordings[i] and classes[j] == classes[i]
        ]
        own = [j for j in others if groups[j] == groups[i]]
        if own and len(own) < len(others):
            square = {j: ((vectors[i] - vectors[j]) ** 2).sum() for j in others}
            nearest.append(min(square.values()))
            shares.append((square, own))
    tau, total = temperature * np.mean(nearest), []
    for square, own in shares:
        weights = {j: np.exp(-d / tau) for j, d in square.items()}
        p, q = sum(weights[j] for j in own) / sum(weights.values()), len(own) / len(square)
        total.append(q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p)))
    return np.mean(total)


@pytest.mark.parametrize('temperature', [0.5, 2.0])
@pytest.mark.parametrize('recordings', [None, torch.arange(24) % 8 + 8 * CLASSES])
def test_neighbour_divergence_is_its_definition(temperature, recordings):
    vectors = torch.randn(24, 6, generator=torch.Generator().manual_seed(0))
    vectors += GROUPS[:, None]
    found = neighbour_divergence(vectors, CLASSES, GROUPS, temperature, recordings)
    expected = reference_divergence(vectors, CLASSES, GROUPS, temperature, recordings)
    assert found.item() == pytest.approx(expected, rel=1e-4)


def test_neighbour_divergence_vanishes_at_chance_and_punishes_both_sides():
    # Everybody equally far from everybody: weights follow the numbers of clips.
    alike = torch.eye(24)
    assert neighbour_divergence(alike, CLASSES, GROUPS, 1.0).abs() < 1e-5
    near = torch.cat([torch.nn.functional.one_hot(GROUPS).float(), 0.1 * alike], dim=1)
    assert neighbour_divergence(near, CLASSES, GROUPS, 1.0) > 0.5
    # Farther from oneself than from others: three clips of one person are the corners of a large triangle.
    far = torch.zeros(12, 12)
    far[torch.arange(12), torch.arange(12) // 4] = 3.0
    far += 0.1 * torch.eye(12)
    assert neighbour_divergence(far, CLASSES[:12], GROUPS[:12], 1.0) > 0.1


def test_neighbours_of_other_classes_and_lonely_clips_do_not_count():
    vectors = torch.randn(24, 6, generator=torch.Generator().manual_seed(0))
    moved = vectors + 100.0 * CLASSES[:, None]
    args = CLASSES, GROUPS, 1.0
    found = neighbour_divergence(moved, *args).item()
    assert found == pytest.approx(neighbour_divergence(vectors, *args).item(), rel=1e-3)
    nobody = neighbour_divergence(
        vectors.requires_grad_(), torch.arange(24), torch.zeros(24, dtype=torch.long), 1.0
    )
    assert nobody.item() == 0
    nobody.backward()


def test_between_group_share_is_the_adjusted_r_squared():
    """In one class, from the mean squares within and in all that the analysis of variance has."""
    vectors = torch.randn(24, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    vectors += GROUPS[:, None]
    total = (vectors - vectors.mean(0)).square().sum() / 23
    rest = vectors - torch.stack([vectors[GROUPS == g].mean(0) for g in range(4)])[GROUPS]
    expected = 1 - rest.square().sum() / (24 - 4) / total
    found = between_group_share(vectors, torch.zeros(24), GROUPS)
    assert 0.1 < found < 0.9 and torch.isclose(found, expected)
    person = torch.nn.functional.one_hot(GROUPS).double() + 7.0 * CLASSES[:, None]
    assert between_group_share(person, CLASSES, GROUPS) == pytest.approx(1)
    assert between_group_share(vectors, CLASSES, torch.arange(24)) == pytest.approx(0, abs=1e-9)


def test_what_chance_gives_is_the_mean_over_groups_dealt_out_anew():
    """Classes of other sizes, unequal groups: of many deals, R averages to E, so (R - E) / (1 - E) to 0."""
    generator = torch.Generator().manual_seed(2)
    classes = torch.tensor([0] * 12 + [1] * 7 + [2])
    groups = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 4, 0, 0, 1, 1, 1, 5, 5, 2])
    vectors = torch.randn(20, 6, generator=generator, dtype=torch.float64)
    vectors[12:] *= 3.0
    left = vectors - torch.stack([vectors[classes == c].mean(0) for c in range(3)])[classes]
    by_class = torch.stack([left[classes == c].square().sum() for c in range(3)])
    expected, shares = 0.0, []
    for c in range(2):
        for g in range(6):
            n, own = (classes == c).sum(), ((classes == c) & (groups == g)).sum()
            chance = own * (n - own) / ((groups == g).sum() * n * (n - 1))
            expected += float(by_class[c] / by_class.sum() * chance)
    for _ in range(2000):
        dealt = groups.clone()
        for c in range(3):
            rows = (classes == c).nonzero()[:, 0]
            dealt[rows] = groups[rows[torch.randperm(len(rows), generator=generator)]]
        means = torch.stack([left[dealt == g].mean(0) for g in range(6)])[dealt]
        shares.append(float(means.square().sum() / by_class.sum()))
    assert np.mean(shares) == pytest.approx(expected, abs=4 * np.std(shares) / 2000**0.5)
    means = torch.stack([left[groups == g].mean(0) for g in range(6)])[groups]
    share = float(means.square().sum() / by_class.sum())
    found = between_group_share(vectors, classes, groups).item()
    assert found == pytest.approx(max(0, (share - expected) / (1 - expected)), abs=1e-7)


@pytest.mark.parametrize('noise', [0.1, 1.0])
def test_outputs_that_tell_nothing_of_the_person_cost_nothing_though_clips_are_repeated(noise):
    """Twelve recordings of eight people in sixteen clips: other passes of a recording are no neighbours."""
    people = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7])
    found = []
    for seed in range(100):
        generator = torch.Generator().manual_seed(seed)
        rows = torch.cat([torch.arange(12), torch.randperm(12, generator=generator)[:4]])
        args = torch.zeros(16), people[rows]
        x = torch.randn(12, 200, generator=generator)[rows]
        x = x + noise * torch.randn(16, 200, generator=generator)
        found.append(
            (neighbour_divergence(x, *args, 1.0, rows), between_group_share(x, *args, rows))
        )
    divergence, share = (torch.stack(column).mean() for column in zip(*found, strict=True))
    assert divergence < 0.01 and share < 0.03
    person = torch.randn(8, 200, generator=generator)[people[rows]]
    person = person + 0.3 * torch.randn(16, 200, generator=generator)
    assert neighbour_divergence(person, *args, 1.0, rows) > 1
    assert between_group_share(person, *args, rows) > 0.7


def outputs(skeletons, people=GROUPS):
    return PartyOutputs(
        skeletons, skeletons, None, CLASSES, {}, {}, {}, private_labels=dict(subject=people)
    )


@pytest.mark.parametrize('loss', [SoftNearestNeighbour, BetweenSubjectVariance])
@pytest.mark.parametrize('space', ['posture', 'residual', 'speed', 'position'])
def test_training_with_the_loss_takes_the_person_out_of_a_space(loss, space):
    generator = torch.Generator().manual_seed(0)
    style = torch.randn(4, 1, 16, 20, 3, generator=generator).cumsum(2) * 0.2
    x = 0.2 * torch.randn(24, 1, 16, 20, 3, generator=generator) + style[GROUPS]
    x = x.requires_grad_()
    module = loss(layout='kinect_v1', spaces=[space])
    optimizer = torch.optim.Adam([x], lr=0.02)
    first = module(outputs(x)).item()
    for _ in range(60):
        optimizer.zero_grad()
        value = module(outputs(x))
        value.backward()
        assert x.grad.isfinite().all()
        optimizer.step()
    assert value.item() < 0.5 * first


def test_the_term_is_the_weighted_mean_over_spaces():
    x = torch.randn(24, 1, 16, 20, 3, generator=torch.Generator().manual_seed(0))
    made = motion_spaces(x, 'kinect_v1')
    chosen = ['posture', 'speed']
    terms = [between_group_share(made[s], CLASSES, GROUPS) for s in chosen]
    module = BetweenSubjectVariance(weight=3.0, layout='kinect_v1', spaces=chosen)
    assert torch.isclose(module(outputs(x)), 3 * torch.stack(terms).mean())


def test_motion_spaces_are_what_their_names_say():
    layout = get_layout('kinect_v1')
    x = torch.randn(3, 2, 32, 20, 3, generator=torch.Generator().manual_seed(0))
    x[:, 1, 20:] = 0
    spaces = motion_spaces(x, layout)
    still = motion_spaces(x[:, :, :1].expand(-1, -1, 32, -1, -1), layout)
    assert still['residual'].abs().max() < 1e-6
    assert still['speed'].max() < 2e-4
    first = motion_spaces(x[:, :, :1].expand(-1, -1, 2, -1, -1), layout)
    assert torch.allclose(still['posture'], first['posture'], atol=1e-6)
    moved = motion_spaces(x + torch.tensor([1.0, 2.0, 3.0]) * (x != 0), layout)
    for name in ('posture', 'residual', 'speed'):
        assert torch.allclose(moved[name], spaces[name], atol=1e-4)
    assert not torch.allclose(moved['position'], spaces['position'])
    speed = (x - x[..., layout.center : layout.center + 1, :]).diff(dim=2).norm(dim=-1)
    at = torch.linspace(0, 30, 32)[5]
    low = int(at)
    expected = speed[0, 0, low, 7] * (1 - (at - low)) + speed[0, 0, low + 1, 7] * (at - low)
    assert torch.isclose(spaces['speed'].view(3, 2, 20, 32)[0, 0, 7, 5], expected, atol=1e-3)


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match='SoftNearestNeighbour: temperature must be positive'):
        SoftNearestNeighbour(temperature=0)
    with pytest.raises(ValueError, match="spaces must be some of .*found \\['gait'\\]"):
        BetweenSubjectVariance(spaces=['gait'])
    x = torch.randn(24, 1, 16, 20, 3)
    with pytest.raises(ValueError, match="no private attribute 'gender', but \\['subject'\\]"):
        BetweenSubjectVariance(attribute='gender', layout='kinect_v1')(outputs(x))
