# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The folder in which a run keeps what is done, so that it can be killed, gone on with, and shared by several machines.

Beside the output ``NAME`` there is ``.NAME.work`` while a run is not finished: ``state.json``, by which a later run knows that it is the same
one; ``parts/``, what was made; ``done/``, one file a chunk with checksums, written last. What is in a chunk follows from the collection
alone, and all chance from the state, so it does not matter who does a chunk, when, or how often it was begun.

The folder holds names of the original and, while it exists, the seed and the key of a run that was given none. Nobody but the owner may
read it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmskanon.io.atomic import NO_SPACE, atomic_write_bytes

FORMAT = 'mmskanon-work/1'


class WorkFolder:
    """What is known of an unfinished run.

    Args:
        target (str | os.PathLike): The output of the run.

    Attributes:
        root (Path): The folder.
        parts (Path): Where output goes until all of it is there.
        state (dict): What :meth:`join` found or wrote.
    """

    def __init__(self, target: str | os.PathLike) -> None:
        target = Path(os.path.abspath(target))
        self.target, self.root = target, target.with_name(f'.{target.name}.work')
        self.parts, self._done = self.root / 'parts', self.root / 'done'
        self._ended = self.root.with_name(f'{self.root.name}.ended')
        self.state: dict[str, Any] = {}
        self._made: list[Path] = []

    def join(
        self, settings: Mapping[str, Any], secret: Mapping[str, Any], begin: bool = True
    ) -> dict[str, Any]:
        """Begin a run, or go on with the one that is there.

        Args:
            settings (Mapping[str, Any]): What the output depends on, as JSON.
            secret (Mapping[str, Any]): What is drawn for a run that begins; a run that goes on has its own.
            begin (bool): Whether to begin one where there is none. Defaults to True.

        Returns:
            dict[str, Any]: The secret of the run.

        Raises:
            FileNotFoundError: If there is none and none is to begin.
            ValueError: If an unfinished run with other settings lies there.
        """
        mine = dict(format=FORMAT, settings=json.loads(json.dumps(settings)), secret=dict(secret))
        path = self.root / 'state.json'
        if begin:
            shutil.rmtree(self._ended, ignore_errors=True)  # of one that was killed at its end
        if begin and not path.exists():
            above = self.root.parents
            self._made = [folder for folder in above if not folder.exists()]
            self.root.parent.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(exist_ok=True, mode=0o700)
            self.root.chmod(0o700)
            temporary = self.root / f'.state.{secrets.token_hex(6)}'
            temporary.write_text(json.dumps(mine))
            try:
                os.link(temporary, path)  # fails where another process was faster
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                with suppress(FileExistsError):
                    atomic_write_bytes(json.dumps(mine).encode(), path)
            temporary.unlink()
        self.state = self._read(path)
        for key, value in mine['settings'].items():
            found = self.state['settings'].get(key)
            if found != value:
                raise ValueError(
                    f'{self.root} belongs to an unfinished run of {self.target.name} with another {key} ({_short(found)} there, {_short(value)} here); '
                    'give the settings of that run to go on with it, or delete the folder to begin anew'
                )
        self.parts.mkdir(exist_ok=True)
        self._done.mkdir(exist_ok=True)
        return self.state['secret']

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            state = json.loads(path.read_text())
            if state['format'] != FORMAT:
                raise KeyError(state['format'])
            return dict(state, settings=dict(state['settings']), secret=dict(state['secret']))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f'{path} is no state of a run of this version ({error}); delete the folder {self.root} to begin anew'
            ) from None

    def is_done(self, chunk: int) -> bool:
        """Whether a chunk is finished."""
        return self._marker(chunk).exists()

    def check(self) -> None:
        """Make sure that the run still goes on.

        Raises:
            FileNotFoundError: If another process finished or ended it.
        """
        if not (self.root / 'state.json').exists():
            raise FileNotFoundError(
                f'{self.root} is not there any more, because another command finished or ended this run; '
                f'give the command again if {self.target} is not there either'
            )

    def write(self, name: str, content: bytes) -> None:
        """Write a file of a chunk. It counts once the chunk is finished, so it need not be on the disk yet.

        Args:
            name (str): Its name below :attr:`parts`, with ``/`` between folders.
            content (bytes): Its content.

        Raises:
            FileNotFoundError: If the run does not go on.
            OSError: If the disk is full.
        """
        path, temporary = self.parts / name, self.root / f'.part.{secrets.token_hex(6)}'
        try:
            temporary.write_bytes(content)
            if not path.parent.is_dir():
                self.check()
                path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, path)  # another process may be reading what it made of the chunk
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            self.check()
            if error.errno in NO_SPACE:
                raise OSError(
                    error.errno,
                    f'the disk is full: what is done so far is kept in {self.root}; free some space and give the same command again',
                ) from error
            raise

    def forget_what_is_not_whole(
        self, chunks: Iterable[int], sizes: Callable[[Mapping[str, Any]], Mapping[str, int]]
    ) -> None:
        """Have chunks done again whose files have not the size they should have: the machine may have stopped before they were on the disk.

        Args:
            chunks (Iterable[int]): Which of them; others belong to whoever does them.
            sizes (Callable): From what a chunk told to the size of each of its files.
        """
        for marker in filter(Path.exists, map(self._marker, chunks)):
            try:
                told = json.loads(marker.read_text())
                whole = all(
                    os.stat(self.parts / name).st_size == size for name, size in sizes(told).items()
                )
            except (OSError, ValueError):
                whole = False
            if not whole:
                marker.unlink(missing_ok=True)

    def finish(self, chunk: int, told: Mapping[str, Any]) -> None:
        """Say that a chunk is finished and what it made; FileNotFoundError if the run does not go on."""
        self.check()
        atomic_write_bytes(json.dumps(told).encode(), self._marker(chunk), overwrite=True)

    def told(self, chunk: int) -> dict[str, Any]:
        """What :meth:`finish` was given; FileNotFoundError if the run does not go on."""
        self.check()
        return json.loads(self._marker(chunk).read_text())

    def remove(self) -> None:
        """Delete the folder and everything in it, and the folders around it that were made for it and are empty."""
        ended = self.root
        with suppress(OSError):  # all at once, so that nobody goes on with half of it
            ended = self.root.rename(self._ended)
        shutil.rmtree(ended, ignore_errors=True)
        if ended.exists():
            warnings.warn(
                f'{ended} could not be deleted; delete it, because it tells original names and may tell the key of the pseudonyms',
                stacklevel=2,
            )
        for folder in self._made:
            with suppress(OSError):
                folder.rmdir()

    def remove_if_nothing_is_done(self) -> None:
        """Delete the folder of a run that failed before its first chunk was finished."""
        if not self._done.is_dir() or not any(self._done.iterdir()):
            self.remove()

    def _marker(self, chunk: int) -> Path:
        return self._done / f'{chunk:07d}.json'


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f'{text[:37]}...'
