# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Processes that tests leave behind on purpose."""

import time
from collections.abc import Iterable
from pathlib import Path


def wait_for_end(pids: Iterable[int | str], seconds: float = 20) -> None:
    """Wait until processes have ended.

    Raises:
        AssertionError: If one of them outlives the time.
    """
    limit = time.monotonic() + seconds
    while any(_is_running(pid) for pid in pids):
        assert time.monotonic() < limit, 'workers outlive the process that they work for'


def _is_running(pid: int | str) -> bool:
    try:
        return 'State:\tZ' not in Path(f'/proc/{pid}/status').read_text()
    except OSError:
        return False
