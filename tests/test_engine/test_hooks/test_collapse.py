# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import logging
from types import SimpleNamespace

import pytest

from mmskanon.engine import CollapseWarningHook
from mmskanon.engine.hooks import collapse_warnings

HEALTHY = {
    'adversary/acc_subject': 0.8,
    'adversary/chance_subject': 0.125,
    'anonymizer/action_acc': 0.9,
    'anonymizer/motion_ratio': 0.7,
}


def test_healthy_training_is_not_disturbed():
    assert collapse_warnings(HEALTHY, 27, first_epoch=True) == []


@pytest.mark.parametrize(
    ('change', 'word'),
    [
        ({'adversary/acc_subject': 0.13}, 'warm-start'),
        ({'anonymizer/action_acc': 0.04}, 'destroys the action'),
        ({'anonymizer/motion_ratio': 0.001}, 'close to constant'),
        ({'anonymizer/loss': float('nan')}, 'diverged'),
    ],
)
def test_each_collapse_is_named_with_advice(change, word):
    found = collapse_warnings({**HEALTHY, **change}, 27, first_epoch=True)
    assert len(found) == 1
    assert word in found[0]


def test_an_adversary_that_is_beaten_later_is_the_aim():
    assert (
        collapse_warnings({**HEALTHY, 'adversary/acc_subject': 0.13}, 27, first_epoch=False) == []
    )


def test_the_hook_averages_an_epoch_and_forgets_the_last(caplog):
    hook, logger = CollapseWarningHook(), logging.getLogger('collapse')
    model = SimpleNamespace(recognizer=SimpleNamespace(num_classes=10))
    runner = SimpleNamespace(model=model, epoch=3, logger=logger)
    for values, warned in (([0.0, 0.1], True), ([0.9, 0.8], False)):
        hook.before_train_epoch(runner)
        for value in values:
            hook.after_train_iter(runner, 0, outputs={'anonymizer/action_acc': value})
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            hook.after_train_epoch(runner)
        assert bool(caplog.records) == warned
    assert hook._sums


def test_a_regressor_that_is_no_better_than_the_mean_is_named_in_the_first_epoch():
    means = {'adversary/mae_age': 25.5, 'adversary/guess_age': 24.0}
    (sentence,) = collapse_warnings(means, None, first_epoch=True)
    assert "adversary 'age' was off by 25.5" in sentence and 'off by 24' in sentence
    assert not collapse_warnings(means, None, first_epoch=False)
    assert not collapse_warnings({**means, 'adversary/mae_age': 12.0}, None, first_epoch=True)
