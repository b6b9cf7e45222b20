# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Adversaries that start anew from time to time."""

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmskanon.registry import HOOKS


@HOOKS.register_module()
class RestartAdversaryHook(Hook):
    """Let one adversary after the other forget what it has learned, while the others go on.

    An adversary that has trained along with the anonymizer looks where the identity used to be. One that starts anew finds
    where it is now, as an attacker will who meets the finished anonymizer.

    After every ``interval`` iterations of the adversaries' phase, not counting those of the warm-up, the next member of the bank gets new weights, and its optimizer forgets
    it. Which one, and its weights, follow from the seed and the iteration alone, so that a resumed run equals a straight one and all
    processes agree. Use it with :class:`AlternatingTrainLoop`.

    Args:
        interval (int): Iterations of the adversaries' phase between restarts, and between the warm-up and the first.
        members (list[str], optional): Members that take turns. Defaults to None, all.

    Raises:
        ValueError: If ``interval`` is not positive; before training, if the bank has no such member or the loop no such phase.
    """

    priority = 'HIGH'
    phase = 'adversary'

    def __init__(self, interval: int, members: list[str] | None = None) -> None:
        if interval < 1:
            raise ValueError(f'RestartAdversaryHook: interval must be positive, found {interval}')
        self.interval, self.members = interval, members

    def before_train(self, runner) -> None:
        """Check the members."""
        bank = self._model(runner).adversary
        schedule = getattr(runner.train_loop, 'schedule', None)
        if bank is None or schedule is None or self.phase not in schedule.phases:
            raise ValueError(
                "RestartAdversaryHook needs an AlternatingTrainLoop with the phase 'adversary' and model.adversary; take it out of custom_hooks, "
                'or configure them'
            )
        unknown = sorted(set(self.members or ()) - set(bank.names))
        if unknown:
            raise ValueError(
                f'RestartAdversaryHook: members names {unknown[0]!r}, but the adversaries are {list(bank.names)}'
            )

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Restart a member where it is time."""
        schedule = runner.train_loop.schedule
        if schedule.phase(runner.iter) != self.phase:
            return
        warm = schedule.count(self.phase, min(runner.iter, schedule.warmup))
        done = schedule.count(self.phase, runner.iter) - warm
        if done == 0 or done % self.interval:
            return
        model = self._model(runner)
        members = self.members or model.adversary.names
        name = members[(done // self.interval - 1) % len(members)]
        with torch.random.fork_rng([]):
            torch.manual_seed(hash((runner.seed, done)) % 2**63)
            parameters = model.adversary.restart(name)
        optimizer = runner.optim_wrapper[self.phase].optimizer
        for parameter in parameters:
            optimizer.state.pop(parameter, None)
        runner.logger.info(f"adversary '{name}' starts anew at iteration {runner.iter + 1}")

    @staticmethod
    def _model(runner):
        return runner.model.module if is_model_wrapper(runner.model) else runner.model
