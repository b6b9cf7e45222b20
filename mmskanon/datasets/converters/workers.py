# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Worker processes of the converters."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """Make a pool of processes that leave an interruption to this one, and end when this one is no more.

    Args:
        workers (int): Number of processes.

    Returns:
        ProcessPoolExecutor: The pool.
    """
    # What a worker needs is imported already where processes can be forked.
    method = 'fork' if 'fork' in multiprocessing.get_all_start_methods() else 'spawn'
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(workers, context, initializer=_start_worker)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
