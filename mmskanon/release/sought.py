# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What must not occur in a release, and the search for it in one text.

docs/release.md says in words what is searched for and what cannot be.
"""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from .pseudonyms import DIGITS
from .texts import texts_of

WHOLE, WORD, ANYWHERE = 2, 3, 8
"""Fewest characters of what is found as a whole text, as a word in a text, and anywhere, be it in raw bytes."""

ORDINARY = frozenset(
    'annotations split train val valid validation test trainval all frame_dir filename label keypoint keypoint_score '
    'total_frames img_shape original_shape subject camera setup replication trial gender age age_group numpy ndarray dtype multiarray _reconstruct '
    'arr_0 descr fortran_order none null unknown true false yes no root user admin localhost ubuntu runner'.split()
)
"""frozenset[str]: Words of file formats and accounts that name nobody, and are never searched for."""

_NUMBER = re.compile(r'[-+]?\d{1,4}(?:[.,]\d{0,4})?')
_DIGEST = re.compile(rf'(?<![0-9a-f])(?:[0-9a-f]{{{DIGITS}}}|[0-9a-f]{{64}})(?![0-9a-f])')
_PATH = r"""
    (?:^|[\s"'=(:,])(?:~|[a-z]:|\.\.?)?[\\/]{1,2}\w[^\s"']*  # from the root, home, a drive, this folder or a server
    | [a-z][a-z0-9+]*://[^\s"']*  # an address
    | [\w.-]+[\\/][\w .-]+[\\/]  # folder in folder
    | [\w-]+[\\/][\w .-]*\.(?:pkl|csv|txt|mat|npy|npz|json|skeleton|avi|mp4|mkv|bag|py|pth|pt|zip|h5|log)\b
"""
PATTERNS: dict[str, re.Pattern] = {
    kind: re.compile(pattern, re.IGNORECASE | re.VERBOSE)
    for kind, pattern in {
        'a name of NTU RGB+D': r'S\d{3}C\d{3}P\d{3}(?:R\d{3})?(?:A\d{3})?',
        'a name of ETRI-Activity3D': r'A\d{3}_?P\d{3}_?G\d{3}_?C\d{3}',
        'a name of UTD-MHAD': r'a\d{1,4}_s\d{1,4}(?:_t\d{1,4})?',
        "a person's number": r"""
            (?<![a-z0-9])P\d{3}(?![a-z0-9])
            | (?<![a-z])(?:subject|subj|person|participant|patient|proband|actor|performer|volunteer)[\ _.:-]?\d+""",
        'an e-mail address': r'[\w.+-]+@[\w-]+\.\w+',
        'a moment in time': r"""
            \d{4}-?\d\d-?\d\d[T_\ ]\d\d:?\d\d
            | (?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\ +(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\ +\d\d?\ +\d\d:\d\d""",
        'a path': _PATH,
    }.items()
}
"""dict[str, re.Pattern]: What a text must not look like, whatever the original holds."""


_IN_RUNS = (*list(PATTERNS)[:3], 'a moment in time')
"""tuple[str]: Patterns too long to occur in raw bytes by chance."""


class Sought:
    """Texts that must not occur.

    Upper and lower case do not matter. Numbers of fewer than five digits, single characters and :data:`ORDINARY` words are left out,
    because they occur everywhere by chance.

    Args:
        texts (Mapping[str, str]): For each text what it is, such as ``'an original name'``.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.kinds: dict[str, str] = {}
        self._beyond_ascii: dict[str, str] = {}
        for text, kind in texts.items():
            folded = text.strip().casefold()
            if len(folded) < WHOLE or folded in ORDINARY or _NUMBER.fullmatch(folded):
                continue
            self.kinds.setdefault(folded, kind)
            if not text.isascii():
                self._beyond_ascii[text.strip()] = kind
        lengths = sorted({len(text) for text in self.kinds})
        self._words = [n for n in lengths if WORD <= n < ANYWHERE]
        self._anywhere = [n for n in lengths if n >= ANYWHERE]

    def find(self, text: str, values: bool = True) -> list[tuple[str, str]]:
        """Search a text.

        Args:
            text (str): The text.
            values (bool): Whether values of attributes count, beside names. Defaults to True.

        Returns:
            list[tuple[str, str]]: What was found, as its kind and the text itself, each once.
        """
        folded = text.casefold()
        hits = dict.fromkeys(h for h in self._hits(folded) if values or not _is_value(h[0]))
        if not _DIGEST.fullmatch(folded):
            for kind, pattern in PATTERNS.items():
                match = pattern.search(text)
                if match is not None:
                    hits.setdefault((kind, match[0].strip()))
        return list(hits)

    def find_in_run(self, run: str, values: bool = True) -> list[tuple[str, str]]:
        """Search a run of characters from raw bytes, where only what is long is no chance.

        Args:
            run (str): The characters.
            values (bool): See :meth:`find`. Defaults to True.

        Returns:
            list[tuple[str, str]]: As :meth:`find`.
        """
        folded = run.casefold()
        found = self._windows(folded, self._anywhere)
        hits = dict.fromkeys(h for h in found if values or not _is_value(h[0]))
        for kind in _IN_RUNS:
            match = PATTERNS[kind].search(run)
            if match is not None and len(match[0]) >= ANYWHERE:
                hits.setdefault((kind, match[0]))
        return list(hits)

    def beyond_ascii(self) -> Iterator[tuple[str, str]]:
        """Yield the texts that runs of ASCII characters cannot hold, in several spellings, and their kinds."""
        for text, kind in self._beyond_ascii.items():
            for spelled in {text, text.casefold(), text.upper(), text.title()}:
                yield spelled, kind

    def _hits(self, folded: str) -> Iterator[tuple[str, str]]:
        whole = folded.strip()
        if whole in self.kinds:
            yield self.kinds[whole], whole
        if _DIGEST.fullmatch(folded):
            return
        yield from self._windows(folded, self._anywhere)
        yield from self._windows(folded, self._words, _stands_alone)

    def _windows(
        self, text: str, lengths: Iterable[int], fits: Callable = lambda *_: True
    ) -> Iterator[tuple[str, str]]:
        """Find all sought texts of some lengths, but not by chance inside a pseudonym or a checksum."""
        digests = None
        for length in lengths:
            if length > len(text):
                return
            for start in range(len(text) - length + 1):
                window = text[start : start + length]
                if window not in self.kinds or not fits(text, start, start + length):
                    continue
                if digests is None:
                    digests = [match.span() for match in _DIGEST.finditer(text)]
                end = start + length
                if not any(a <= start and end <= b and length < b - a for a, b in digests):
                    yield self.kinds[window], window


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a part of a text is a word: no letter or digit touches it."""
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def _is_value(kind: str) -> bool:
    return kind.startswith('a value of') and kind != "a value of 'subject'"


def names_of(annotations: Iterable[Mapping], splits: Any = None) -> dict[str, None]:
    """Return all names of samples, in the order of the file.

    Args:
        annotations (Iterable[Mapping]): The samples.
        splits (Any): The splits, if there are any. Defaults to None.

    Returns:
        dict[str, None]: The names as keys.
    """
    names = {}
    for sample in annotations:
        names.update((str(sample[k]), None) for k in ('frame_dir', 'filename') if k in sample)
    names.update((text, None) for _, text in texts_of(splits, keys=False))
    return names


def seek(data: dict | list, public: Iterable[str]) -> Sought:
    """Collect what must not occur in the release of an annotation file.

    Args:
        data (dict | list): The original file, completed by :func:`~mmskanon.datasets.schema.complete_annotations`.
        public (Iterable[str]): Keys of samples that are published as they are. The values of all others are sought.

    Returns:
        Sought: Names, values of private attributes, names of user and host.
    """
    public = {*public, 'frame_dir', 'filename'} - {'subject'}
    whole = data if isinstance(data, Mapping) else dict(annotations=data)
    texts = {}
    for name in names_of(whole['annotations'], whole.get('split')):
        bare = PurePosixPath(name.replace('\\', '/'))
        for text in (name, bare.name, bare.stem):
            texts.setdefault(text, 'an original name')
    rest = {k: v for k, v in whole.items() if k not in ('annotations', 'split')}
    for sample in (*whole['annotations'], rest):
        for key in sample.keys() - public:
            for _, text in texts_of(sample[key], keys=False):
                texts.setdefault(text, f'a value of {key!r}')
    return Sought({**texts, **names_of_machine()})


def names_of_machine() -> dict[str, str]:
    """Return what tells whose machine this is: user, host, home folder."""
    found = {socket.gethostname(): "this machine's name"}
    found[socket.gethostname().partition('.')[0]] = "this machine's name"
    with suppress(KeyError, OSError, ImportError):
        found[getpass.getuser()] = "this user's name"
    with suppress(RuntimeError):
        found[str(Path.home())] = "this user's folder"
    return found
