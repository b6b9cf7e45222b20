# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A long chain of tool calls that continues where it was interrupted."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from mmskanon.io import atomic_write_bytes


def run_step(
    title: str,
    result: Path | None,
    log: Path,
    tool: Path,
    *args: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> float | None:
    """Run a tool in a process of its own, unless it has been run before.

    What it prints goes to ``log``, and how long it took, seconds, into a file beside the log that ends in ``.seconds``.

    Args:
        title (str): What the step does, for the message of a failure.
        result (Path, optional): File that the tool writes last: where it exists, the step is finished. None for a tool of which no
            such file is known: it is finished where the file of its seconds exists.
        log (Path): File for its output; that of an earlier call is replaced.
        tool (Path): The Python script.
        *args (object): Its command line, turned into texts.
        cwd (Path, optional): Folder in which it runs. Defaults to None, that of this process.
        env (Mapping[str, str], optional): Environment in which it runs. Defaults to None, that of this process.

    Returns:
        float, optional: Seconds that it took; None if it was finished before.

    Raises:
        ChildProcessError: If the tool fails or leaves no result; the message has the last line of its output and names the log.
    """
    seconds = log.with_name(f'{log.stem}.seconds')
    if (result or seconds).exists():
        return None
    log.parent.mkdir(parents=True, exist_ok=True)
    begin = time.time()
    with open(log, 'w') as out:
        command = [sys.executable, str(tool), *map(str, args)]
        status = subprocess.run(command, stdout=out, stderr=out, cwd=cwd, env=env).returncode
    if status != 0 or (result is not None and not result.exists()):
        lines = log.read_text(errors='replace').split('\n')
        last = next((line.strip() for line in reversed(lines) if line.strip()), 'no output')
        reason = f'exit status {status}' if status else f'no {result}'
        raise ChildProcessError(
            f'the step "{title}" failed ({reason}: {last}); its whole output is in {log}'
        )
    took = time.time() - begin
    atomic_write_bytes(f'{took:.0f}\n'.encode(), seconds, overwrite=True)
    return took
