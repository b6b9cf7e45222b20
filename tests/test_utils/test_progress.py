# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
import io

import pytest
from rich.console import Console

from mmskanon.utils import progress
from mmskanon.utils.progress import show_progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until its hand is moved."""

    class Clock:
        now = 100.0

    monkeypatch.setattr(progress.time, 'monotonic', lambda: Clock.now)
    return Clock


def test_a_log_gets_start_end_and_a_line_now_and_then(clock):
    log = io.StringIO()
    with show_progress(Console(file=log), every=30) as tell:
        for done in range(5):
            tell('attackers', done, 4)
            assert log.getvalue().count('\n') == {0: 1, 1: 1, 2: 2, 3: 2, 4: 3}[done]
            clock.now += 20
    assert log.getvalue() == 'attackers 0/4\nattackers 2/4, 0:00:40\nattackers 4/4, 0:01:20\n'


def test_every_task_of_a_log_has_a_start_and_a_time_of_its_own(clock):
    log = io.StringIO()
    with show_progress(Console(file=log)) as tell:
        tell('recognizers', 0, 1)
        clock.now += 5
        tell('recognizers', 1, 1)
        tell('[bold]attackers', 0, 2)  # no markup
        clock.now += 3
        tell('[bold]attackers', 2, 2)
    lines = log.getvalue().splitlines()
    assert lines[:2] == ['recognizers 0/1', 'recognizers 1/1, 0:00:05']
    assert lines[2:] == ['[bold]attackers 0/2', '[bold]attackers 2/2, 0:00:03']


def test_a_terminal_gets_bars():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    with show_progress(console) as tell:
        tell('attackers', 0, 4)
        tell('attackers', 4, 4)
    assert '4/4' in screen.getvalue()
    assert '━' in screen.getvalue()
