# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Progress of long tasks: bars on a terminal, a line now and then in a log file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Tell = Callable[[str, int, int], None]


@contextmanager
def show_progress(console: Console, every: float = 30) -> Iterator[Tell]:
    """Show how far several tasks are.

    Args:
        console (Console): Where to. On a terminal each task gets a bar; elsewhere (a file, the log of a cluster) the start and the end of
            a task are a line each, and so are the steps between them, unless less time than ``every`` has passed since the last.
        every (float): Seconds. Defaults to 30.

    Yields:
        Callable: To be told the name of a task, how much of it is done, and how much there is, whenever that changes.
    """
    if not console.is_terminal:
        yield _Lines(console, every)
        return
    columns = (
        TextColumn('{task.description:>12}'),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        shown: dict[str, int] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in shown:
                shown[what] = bars.add_task(what, total=total)
            bars.update(shown[what], completed=done, total=total)

        yield tell


class _Lines:
    def __init__(self, console: Console, every: float) -> None:
        self.console, self.every = console, every
        self.began: dict[str, float] = {}
        self.last = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        first = what not in self.began
        began = self.began.setdefault(what, now)
        if not first and done < total and now - self.last < self.every:
            return
        self.last = now
        line = f'{what} {done}/{total}'
        if not first:
            line += f', {timedelta(seconds=round(now - began))}'
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)
