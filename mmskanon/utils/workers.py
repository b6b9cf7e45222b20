# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Worker processes of converters and collections."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait


def worker_pool(
    workers: int, fork: bool = True, start: Callable | None = None, arguments: tuple = ()
) -> ProcessPoolExecutor:
    """Make a pool of processes that leave an interruption to this one, and end when this one is no more.

    Args:
        workers (int): Number of processes.
        fork (bool): Whether they are copies of this one, where the system can make such, so that what they need is imported already. Not for
            processes that compute with PyTorch: its threads and GPUs do not survive a copy. Defaults to True.
        start (Callable, optional): What each of them does first. Defaults to None.
        arguments (tuple): Arguments of ``start``. Defaults to ().

    Returns:
        ProcessPoolExecutor: The pool.
    """
    can_fork = fork and 'fork' in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context('fork' if can_fork else 'spawn')
    return ProcessPoolExecutor(
        workers, context, initializer=_start_worker, initargs=(start, arguments)
    )


def _start_worker(start: Callable | None, arguments: tuple) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    if start is not None:
        start(*arguments)
