# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import torch

from mmskanon.models.anonymizers import ResNetAnonymizer


def test_blocks_are_those_of_the_paper():
    torch.manual_seed(0)
    anonymizer = ResNetAnonymizer(num_blocks=3, published=True, last_std=None)
    x = torch.randn(2, 2, 5, 25, 3)
    frames = torch.stack([clip[:, t].reshape(150) for clip in x for t in range(5)])
    for block in anonymizer.blocks:
        assert block.fc1.weight.shape == block.fc2.weight.shape == (150, 150)
        hidden = (frames @ block.fc1.weight.T + block.fc1.bias).clamp(min=0)
        frames = (hidden @ block.fc2.weight.T + block.fc2.bias).clamp(min=0) + frames
    expected = frames.view(2, 5, 2, 25, 3).transpose(1, 2)
    torch.testing.assert_close(anonymizer(x), expected)


def test_number_of_parameters():
    count = sum(p.numel() for p in ResNetAnonymizer().parameters())
    assert count == 10 * 2 * (150 * 150 + 150)
    count = sum(p.numel() for p in ResNetAnonymizer(4, 64, num_person=1).parameters())
    assert count == 4 * (75 * 64 + 64 + 64 * 75 + 75)


def test_starts_near_the_identity_unless_told_otherwise():
    x = torch.randn(2, 2, 5, 25, 3)
    torch.manual_seed(0)
    assert (ResNetAnonymizer()(x) - x).abs().max() < 0.1
    assert torch.equal(ResNetAnonymizer(last_std=0)(x), x)
    assert (ResNetAnonymizer(last_std=None)(x) - x).abs().max() > 0.1


def train_to_lower(published):
    """Learn to move every joint down by 0.5 and return the result on new skeletons."""
    torch.manual_seed(0)
    anonymizer = ResNetAnonymizer(
        num_blocks=2, hidden_channels=32, published=published, num_person=1
    )
    optimizer = torch.optim.Adam(anonymizer.parameters(), lr=3e-3)
    for _ in range(150):
        x = torch.randn(8, 1, 4, 25, 3)
        loss = (anonymizer(x) - (x - 0.5)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = torch.randn(8, 1, 4, 25, 3)
    with torch.no_grad():
        return anonymizer(x) - x


def test_default_learns_to_subtract():
    assert abs(train_to_lower(published=False).mean().item() + 0.5) < 0.05


def test_published_block_can_only_add():
    assert train_to_lower(published=True).min() >= 0
    torch.manual_seed(0)
    x = torch.randn(2, 2, 5, 25, 3)
    change = ResNetAnonymizer(published=True, last_std=None)(x) - x
    assert change.min() >= 0 and change.max() > 0
    assert (ResNetAnonymizer(last_std=None)(x) - x).min() < 0
