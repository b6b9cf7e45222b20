# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the processes of a launcher after the first do before their chunks: they begin nothing, and may come when all is done."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from .work import WorkFolder

PATIENCE = 600
"""int: Seconds that a process of a launcher waits for the first one to begin."""


def is_finished(work: WorkFolder) -> bool:
    """Whether there is an output, and no folder of a run that makes it."""
    return work.target.exists() and not work.root.exists()


def follow(
    work: WorkFolder, settings: dict[str, Any], drawn: dict[str, Any], overwrite: bool
) -> dict[str, Any] | None:
    """Wait for the first process of a launcher to begin the run, and join it.

    Args:
        work (WorkFolder): The folder of the run.
        settings (dict): See :meth:`WorkFolder.join`.
        drawn (dict): See there.
        overwrite (bool): Whether an output may be one that is still to be replaced.

    Returns:
        dict | None: The secret of the run; None where it has been finished.

    Raises:
        TimeoutError: If nobody begins.
        ValueError: If an unfinished run with other settings lies there.
    """
    until = time.monotonic() + PATIENCE
    while True:
        with suppress(FileNotFoundError):  # not begun, or ended this moment
            return work.join(settings, drawn, begin=False)
        late = time.monotonic() >= until
        if is_finished(work) and (late or not overwrite):
            return None
        if late:
            raise TimeoutError(
                f'{work.root} did not appear within {PATIENCE} seconds: the first process of the launcher has not begun the run; '
                'see what it says, and whether all processes see the same folders'
            )
        time.sleep(0.2)
