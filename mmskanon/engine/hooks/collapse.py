# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Warn when adversarial training has stopped to mean anything."""

import re
from collections.abc import Mapping

import numpy as np
import torch
from mmengine.hooks import Hook

from mmskanon.registry import HOOKS


def collapse_warnings(
    means: Mapping[str, float],
    action_classes: int | None,
    first_epoch: bool,
    margin: float = 1.5,
    still: float = 0.02,
) -> list[str]:
    """Signs of collapse in the mean logs of one epoch.

    Args:
        means (Mapping[str, float]): From log key to its mean over the epoch.
        action_classes (int, optional): Number of action classes; None skips that check.
        first_epoch (bool): Whether this is the first epoch; an adversary that starts at chance never was an adversary.
        margin (float): An accuracy below margin times chance counts as chance. Defaults to 1.5.
        still (float): A motion energy ratio below this counts as no motion. Defaults to 0.02.

    Returns:
        list[str]: One sentence per sign.
    """
    found = []
    broken = sorted(key for key, value in means.items() if not np.isfinite(value))
    if broken:
        found.append(
            f'{broken[0]} and {len(broken) - 1} other values are not finite: training has diverged; lower the learning rate or '
            'set clip_grad, and start again.'
        )
    for key, accuracy in means.items():
        match = re.fullmatch(r'adversary/acc_(.+)', key)
        chance = match and means.get(f'adversary/chance_{match[1]}')
        if first_epoch and chance and accuracy < margin * chance:
            found.append(
                f"adversary '{match[1]}' read {accuracy:.1%} in the first epoch, chance is {chance:.1%}: it gives the anonymizer "
                'nothing to learn from; warm-start it from a privacy classifier trained on original data.'
            )
        match = re.fullmatch(r'adversary/mae_(.+)', key)
        guess = match and means.get(f'adversary/guess_{match[1]}')
        if first_epoch and guess and accuracy > guess:
            found.append(
                f"adversary '{match[1]}' was off by {accuracy:.4g} in the first epoch, always saying the mean is off by {guess:.4g}: "
                'it gives the anonymizer nothing to learn from; warm-start it from a regressor trained on original data.'
            )
    action = means.get('anonymizer/action_acc')
    if action is not None and action_classes and action < margin / action_classes:
        found.append(
            f'the recognizer reads {action:.1%} of the actions, chance is {1 / action_classes:.1%}: the anonymizer destroys the '
            'action; lower its learning rate or the privacy weight, or raise the reconstruction weight.'
        )
    ratio = means.get('anonymizer/motion_ratio')
    if ratio is not None and ratio < still:
        found.append(
            f'anonymized skeletons keep {ratio:.2%} of the motion energy: the output is close to constant; raise the '
            'reconstruction weight or lower the learning rate.'
        )
    return found


@HOOKS.register_module()
class CollapseWarningHook(Hook):
    """Look at each epoch's logs and warn in words when training has collapsed.

    Args:
        margin (float): See :func:`collapse_warnings`. Defaults to 1.5.
        still (float): See :func:`collapse_warnings`. Defaults to 0.02.
    """

    priority = 'LOW'

    def __init__(self, margin: float = 1.5, still: float = 0.02) -> None:
        self.margin, self.still = margin, still
        self._sums: dict[str, list[float]] = {}

    def before_train_epoch(self, runner) -> None:
        """Forget the previous epoch."""
        self._sums = {}

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Remember the logged values of one iteration."""
        for key, value in (outputs or {}).items():
            # Stock models log losses with their gradients.
            value = value.item() if isinstance(value, torch.Tensor) else value
            self._sums.setdefault(key, []).append(float(value))

    def after_train_epoch(self, runner) -> None:
        """Warn about the epoch that ended."""
        means = {k: float(np.mean(v)) for k, v in self._sums.items()}
        model = getattr(runner.model, 'module', runner.model)
        recognizer = getattr(model, 'recognizer', None)
        classes = None if recognizer is None else recognizer.num_classes
        for sentence in collapse_warnings(
            means, classes, runner.epoch == 0, self.margin, self.still
        ):
            runner.logger.warning(f'epoch {runner.epoch + 1}: {sentence}')
