# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Worker processes begin as told, leave an interruption to the process that they work for, and end with it."""

import multiprocessing
import os
import signal
import time

from processes import wait_for_end

from mmskanon.utils import worker_pool


def test_each_worker_begins_as_told(tmp_path):
    with worker_pool(2, start=os.chdir, arguments=(tmp_path,)) as pool:
        assert {pool.submit(os.getcwd).result() for _ in range(4)} == {str(tmp_path)}


def test_an_interruption_is_left_to_the_parent():
    with worker_pool(1) as pool:
        worker = pool.submit(os.getpid).result()
        pool.submit(signal.raise_signal, signal.SIGINT).result()
        assert pool.submit(os.getpid).result() == worker != os.getpid()


def test_workers_end_with_their_parent(tmp_path):
    pids = tmp_path / 'pids'

    def die_with_a_busy_pool():
        pool = worker_pool(2)
        for _ in range(2):
            pool.submit(time.sleep, 60)
        pids.write_text(' '.join(str(p.pid) for p in multiprocessing.active_children()))
        os.kill(os.getpid(), signal.SIGKILL)

    parent = multiprocessing.get_context('fork').Process(target=die_with_a_busy_pool)
    parent.start()
    parent.join(60)
    assert parent.exitcode == -signal.SIGKILL
    workers = pids.read_text().split()
    assert len(workers) == 2
    wait_for_end(workers)
