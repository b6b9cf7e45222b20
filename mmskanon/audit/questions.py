# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What attackers are asked: tasks with their trial lists, and the tiers in which they have a meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.config import Config

from .inputs import Recording
from .tasks import Task, attribute_task, closed_task, open_task
from .trials import Trials, trial_list


@dataclass(frozen=True)
class Question:
    """A task with its trial lists.

    Args:
        task (Task): The task.
        trials (dict[str, Trials]): ``'matched'``, pairs of one action, and ``'across'``, of different ones; none for an attribute.
    """

    task: Task
    trials: dict[str, Trials]

    def tiers(self, configured: Sequence[str]) -> list[str]:
        """Tiers that have a meaning for the task.

        Args:
            configured (Sequence[str]): All tiers of the audit.

        Returns:
            list[str]: Where nobody is enrolled, those without enrolment of their own; inversion learns from people who are tried again.
        """
        # With several folds the pairs of one are tried in another.
        several = ('inversion',) if len(self.task.folds) > 1 else ()
        without = dict(
            closed=several,
            open=('inversion',),
            attribute=('lazy_informed', 'original_enrolled', 'inversion'),
        )[self.task.kind]
        return [t for t in configured if t not in without]


def make_questions(cfg: Config, original: Recording) -> dict[str, Question]:
    """Make the tasks that the settings ask for.

    Args:
        cfg (Config): Settings of the audit.
        original (Recording): The originals.

    Returns:
        dict[str, Question]: Questions by the name of their task.

    Raises:
        KeyError, TypeError, ValueError: If the data do not suffice for one.
    """
    tasks = [closed_task(original, cfg.partition)]
    if cfg.open_folds:
        tasks.append(open_task(original, cfg.open_folds))
    for attribute in cfg.attributes:
        if attribute != 'subject':
            tasks.append(
                attribute_task(original, attribute, cfg.attribute_folds, cfg.randomness.seed)
            )
    return {task.name: Question(task, _trials(task, cfg, original)) for task in tasks}


def _trials(task: Task, cfg: Config, original: Recording) -> dict[str, Trials]:
    if task.kind == 'attribute':
        return {}
    takes, seed = original.take_numbers(), cfg.randomness.seed
    lists = {}
    for name, matched in (('matched', True), ('across', False)):
        parts = [
            trial_list(
                fold.enrolment,
                fold.test,
                task.labels,
                original.actions,
                takes,
                matched,
                cfg.max_pairs // len(task.folds),
                seed,
            )
            for fold in task.folds
        ]
        lists[name] = Trials(
            np.concatenate([p.pairs for p in parts]), np.concatenate([p.genuine for p in parts])
        )
    return lists
