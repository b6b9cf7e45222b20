# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from audit_views import halves
from torch import nn

from mmskanon.audit.attackers import TemporalCNN, Training
from mmskanon.audit.attackers.reading import crop_time, predict
from mmskanon.audit.attackers.training import rise_and_fall, train_to_the_end
from mmskanon.skeletons.resampling import resample_clip


def run(accuracies, **options):
    """A training whose measured accuracies are given, round by round; returns the report and what was trained."""
    measured, trained = iter(accuracies), []
    net, report = train_to_the_end(
        lambda: nn.Linear(1, 1),
        lambda net, rate, epochs, seed: trained.append((rate, epochs, seed)),
        lambda net: next(measured),
        100,
        Training(**{**dict(epochs=10, learning_rates=[0.1, 0.01], max_rounds=3), **options}),
        0,
        'cpu',
    )
    return report, trained


def test_the_target_ends_the_training():
    report, trained = run([0.5, 0.96])
    assert report.converged and report.train_accuracy == 0.96 and report.epochs == 30
    assert [(rate, epochs) for rate, epochs, _ in trained] == [(0.1, 10), (0.1, 20)]
    assert report.how == 'reached 96.0% of its training clips after 30 epochs'


def test_a_plateau_has_to_be_shown_for_every_rate_and_seed():
    report, trained = run([0.5, 0.505, 0.6, 0.605, 0.4, 0.4, 0.3, 0.3], seeds=2)
    assert report.converged and 'plateau at 60.5%' in report.how and '4 tries' in report.how
    assert report.train_accuracy == 0.605
    assert len(report.tries) == 4 and report.epochs == 120
    assert len({seed for _, _, seed in trained}) == 4  # the seeds are shared by both rates


def test_still_gaining_is_not_converged():
    report, _ = run([0.5, 0.505, 0.3, 0.5, 0.7])
    assert not report.converged and 'while still gaining' in report.how
    assert report.train_accuracy == 0.7 and [t['end'] for t in report.tries] == [
        'plateau',
        'budget',
    ]


def test_one_round_alone_shows_nothing():
    report, _ = run([0.5, 0.5], max_rounds=1)
    assert not report.converged


def test_large_sets_get_fewer_epochs():
    _, trained = run([1.0], batch_size=10, max_updates=50)
    assert trained[0][1] == 5


def test_a_network_that_cannot_fit_is_not_said_to_have_reached_the_target(tmp_path):
    view, labels, *_ = halves(None, tmp_path)
    options = dict(epochs=2, learning_rates=[1e-6], max_rounds=2)
    report = TemporalCNN(length=8, channels=4, blocks=1, training=options).fit(view, labels, 4, 0)
    assert report.train_accuracy < 0.95
    assert 'reached' not in report.how
    assert report.converged == (report.tries[0]['end'] == 'plateau')


def test_rate_rises_then_falls():
    rates = [rise_and_fall(i, 50) for i in range(51)]
    assert rates[9] == rates[10] == 1 and rates[0] == 0.1
    assert rates[50] == pytest.approx(0) and np.all(np.diff(rates[10:]) < 0)
    assert all(np.isfinite(rise_and_fall(i, n)) for n in (1, 2, 5) for i in range(n + 1))


def test_cuts_are_what_resampling_makes_of_the_piece():
    rng = np.random.default_rng(0)
    clip = rng.normal(size=(2, 21, 5, 3)).astype(np.float32)
    clip[1, 12:] = 0
    whole = crop_time(torch.from_numpy(clip)[None], torch.zeros(1), torch.ones(1))
    np.testing.assert_array_equal(whole[0].numpy(), clip)
    # From 0.25 to 0.75 of 21 frames are frames 5 to 15, stretched from 11 to 21.
    piece = crop_time(torch.from_numpy(clip)[None], torch.tensor([0.25]), torch.tensor([0.75]))[0]
    expected = resample_clip(clip[:, 5:16], 21)
    half = np.isclose(np.linspace(5, 15, 21) % 1, 0.5)  # where both frames are equally near
    np.testing.assert_allclose(piece[:, ~half], expected[:, ~half], atol=1e-5)
    np.testing.assert_allclose(piece[0], expected[0], atol=1e-5)
    assert not (piece[1].any(-1).any(-1) & (torch.arange(21) > 15)).any()


def test_windows_average_probabilities(tmp_path):
    view, *_ = halves('bones', tmp_path)

    class Mean(nn.Module):
        def forward(self, clips, frames):
            value = clips.mean((1, 2, 3, 4))
            return torch.stack([value, -value], 1) * 30, frames[:, None]

    net, length = Mean(), 20
    clips = torch.from_numpy(view.clips(length))
    ones = torch.ones(len(view))
    cuts = [clips, crop_time(clips, 0 * ones, 0.9 * ones), crop_time(clips, 0.1 * ones, ones)]
    expected = torch.stack([net(c, ones)[0].softmax(1) for c in cuts]).mean(0)
    found, frames = predict(net, view, length, 'cpu', windows=3, size=5)
    np.testing.assert_allclose(np.exp(found), expected, atol=1e-5)
    np.testing.assert_allclose(frames[:, 0], view.num_frames() * (1 + 0.9 + 0.9) / 3, rtol=1e-5)
