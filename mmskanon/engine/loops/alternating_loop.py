# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Training loops in which parties take turns: the loop decides when, the model decides what."""

import itertools
import math
import warnings
from collections.abc import Sequence

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop

from mmskanon.registry import LOOPS

from .schedule import PhaseSchedule


@LOOPS.register_module()
class AlternatingTrainLoop(EpochBasedTrainLoop):
    """Epoch-based training with one optimizer per party; one iteration is one batch of one phase.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Training data.
        max_epochs (int): Passes over the data, shared by all phases: with a 1 : 1 cycle each party sees half the batches.
        cycle (Sequence[tuple[str, int]]): Phases in order with their number of optimizer updates; a party with
            ``accumulative_counts=a`` uses a batches an update. Defaults to one adversary update, then one of the anonymizer.
        warmup (Sequence[tuple[str, int]]): Phases that run once before the first cycle. Defaults to ().
        **kwargs: ``val_begin``, ``val_interval``, ``dynamic_intervals`` as in MMEngine.

    Raises:
        ValueError: If cycle or warm-up is malformed, or names a phase that the model or the optimizers do not have.
    """

    def __init__(
        self,
        runner,
        dataloader,
        max_epochs: int,
        cycle: Sequence[tuple[str, int]] = (('adversary', 1), ('anonymizer', 1)),
        warmup: Sequence[tuple[str, int]] = (),
        **kwargs,
    ) -> None:
        super().__init__(runner, dataloader, max_epochs, **kwargs)
        self._cycle, self._warmup = cycle, warmup
        self.schedule = PhaseSchedule(cycle, warmup)

    def _start(self) -> None:
        """Check the phases against model and optimizers, and tell each optimizer wrapper how many batches it will see.

        ``OptimWrapperDict.initialize_count_status`` does nothing, so accumulation would never flush a remainder.
        """
        runner, wrappers = self.runner, self.runner.optim_wrapper
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not isinstance(wrappers, OptimWrapperDict):
            raise ValueError(
                f'{type(self).__name__} needs one optimizer wrapper per party, found a single {type(wrappers).__name__}; '
                "set optim_wrapper=dict(constructor='PartyOptimWrapperConstructor', anonymizer=dict(...), adversary=dict(...))."
            )
        known = [p for p in getattr(model, 'parties', ()) if getattr(model, p) is not None]
        for phase in sorted(self.schedule.phases):
            if phase not in known:
                raise ValueError(
                    f"train_cfg names the phase '{phase}', but the model has the parties {known}; "
                    'correct cycle or warmup, or configure that party in model.'
                )
            if phase not in wrappers:
                raise ValueError(
                    f"train_cfg names the phase '{phase}', but optim_wrapper has only {sorted(wrappers.keys())}; "
                    f'add optim_wrapper.{phase}.'
                )
        self._realign()
        counts = {name: wrapper._accumulative_counts for name, wrapper in wrappers.items()}
        self.schedule = PhaseSchedule(self._cycle, self._warmup, counts)
        for name, wrapper in wrappers.items():
            done, total = (self.schedule.count(name, i) for i in (self._iter, self._max_iters))
            wrapper.initialize_count_status(getattr(model, name), done, total)

    def _realign(self) -> None:
        """Make epoch and iteration fit each other again if the checkpoint came from a run with other batches an epoch.

        Another number of processes or batch size changes how many iterations an epoch has. Epochs stay what they were.
        """
        length, info = len(self.dataloader), self.runner.message_hub.get_info
        # What the checkpoint remembers of its run: hooks fill it in anew only when training starts.
        before = info('max_iters', 0) / info('max_epochs', 1) or length
        if before != length or not 0 <= self._iter - self._epoch * length <= length:
            self._iter = self._epoch * length

    def run(self):
        """Launch training."""
        self._start()
        with warnings.catch_warnings():
            # All schedulers step in every iteration, also those of parties whose first turn is still to come.
            warnings.filterwarnings('ignore', 'Detected call of `scheduler.step')
            return super().run()

    def run_epoch(self) -> None:
        """Iterate one epoch, or the rest of it when resumed from a checkpoint made inside an epoch.

        Nothing is left of it if the checkpoint was made by iteration after the last batch; hooks and validation are then still due.
        """
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done = self._iter - self._epoch * len(self.dataloader)
        if done < len(self.dataloader) and self._iter < self._max_iters:
            for idx, batch in itertools.islice(enumerate(self.dataloader), done, None):
                self.run_iter(idx, batch)
                if self._iter >= self._max_iters or self.stop_training:
                    break
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """One batch of the phase that is due."""
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        phase = self.schedule.phase(self._iter)
        outputs = self.runner.model.phase_step(phase, data_batch, self.runner.optim_wrapper)
        self.runner.call_hook(
            'after_train_iter', batch_idx=idx, data_batch=data_batch, outputs=outputs
        )
        self._iter += 1


@LOOPS.register_module()
class AlternatingIterTrainLoop(AlternatingTrainLoop):
    """The same with its length and validation counted in iterations.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader or dict): Training data.
        max_iters (int): Number of batches, all phases together; the data are passed over as often as that takes.
        val_begin (int): First iteration at which to validate. Defaults to 1.
        val_interval (int): Iterations between validations. Defaults to 1000.
        **kwargs: ``cycle`` and ``warmup``.
    """

    def __init__(
        self,
        runner,
        dataloader,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        **kwargs,
    ) -> None:
        super().__init__(runner, dataloader, max_epochs=1, **kwargs)
        self._max_iters = max_iters
        self._max_epochs = math.ceil(max_iters / len(self.dataloader))
        self._val_begin, self._val_every = val_begin, val_interval
        self.val_begin = self._max_epochs + 1  # the epoch-based validation of the parent never runs

    def _realign(self) -> None:
        length = len(self.dataloader)
        if not 0 <= self._iter - self._epoch * length <= length:
            self._epoch = self._iter // length

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """One batch of the phase that is due, then validation where it is due."""
        super().run_iter(idx, data_batch)
        due = self._iter >= self._val_begin and (
            self._iter % self._val_every == 0 or self._iter == self._max_iters
        )
        if self.runner.val_loop is not None and due:
            self.runner.val_loop.run()
            self.runner.model.train()
