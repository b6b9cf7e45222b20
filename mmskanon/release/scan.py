# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The search of a finished file for whatever names somebody: its data, its pickle instructions and its raw bytes."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import pickletools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmskanon.datasets.splits import sample_name
from mmskanon.io.annotation_records import AnnotationFile
from mmskanon.io.pickles import PLAIN_GLOBALS
from mmskanon.io.reading import check_file

from .fields import HARMLESS, NAMES
from .own_words import is_own, without_own
from .sought import ANYWHERE, Sought, names_of
from .texts import texts_of

UNCHANGED = 'a recording of the original, unchanged'
"""str: Kind of a finding."""

SHOWN = 10
"""int: Findings of a kind that are told; a fault of a whole file is in every sample."""

_ADVICE = 'drop the key that holds it, or rename it in the original'
_LETTER = rb'[\x20-\x7e]'
_RUNS = {  # one character and at least seven more, which Python searches three times as fast as eight
    encoding: re.compile(unit + rb'(?:%s){%d,}' % (unit, ANYWHERE - 1))
    for encoding, unit in {
        'ascii': _LETTER,
        'utf-16-le': _LETTER + rb'\x00',
        'utf-16-be': rb'\x00' + _LETTER,
        'utf-32-le': _LETTER + rb'\x00\x00\x00',
        'utf-32-be': rb'\x00\x00\x00' + _LETTER,
    }.items()
}
_WIDE = ('utf-8', 'utf-16-le', 'utf-16-be', 'utf-32-le', 'utf-32-be')


_OWN_WORDS = {word for pair in PLAIN_GLOBALS for word in (*pair, ' '.join(pair))}
"""set[str]: What a pickle calls NumPy and plain containers; no other call can be in a file that was read."""


@dataclass(frozen=True)
class Finding:
    """One trace of a person; ``str()`` of it is one sentence, which quotes it and is for the owner of the original only.

    Args:
        kind (str): What was found, such as ``'an original name'``.
        text (str): The text.
        place (str): Where.
        advice (str): What to do.
    """

    kind: str
    text: str
    place: str
    advice: str = _ADVICE

    def __str__(self) -> str:
        return f'{self.place}: {self.kind}, {self.text!r}; {self.advice}.'


def scan_annotations(
    path: str | os.PathLike,
    sought: Sought,
    keep: Iterable[str] = (),
    original: Mapping[str, Iterable[str]] | None = None,
) -> list[Finding]:
    """Search an annotation file.

    Memory holds one array of numbers at a time.

    Args:
        path (str | os.PathLike): The file.
        sought (Sought): What must not occur.
        keep (Iterable[str]): Keys of samples that may be there beside the harmless ones. Defaults to ().
        original (Mapping, optional): ``names`` and ``subjects`` of the original as texts, none of which may stand where names and
            subjects stand, however short; ``joints``, for the :func:`digest_of_joints` of each sample its name. Defaults to None.

    Returns:
        list[Finding]: What was found, each text once, with the first place.

    Raises:
        FileNotFoundError, ValueError: If the file is missing or no annotation file.
    """
    with AnnotationFile(path) as file:
        findings = scan_data(file.outline(), sought, keep, original)
        joints = (original or {}).get('joints')
        for sample in file if joints else ():
            before = joints.get(digest_of_joints(sample.get('keypoint')))
            if before is not None:
                findings.append(
                    Finding(UNCHANGED, before, f'sample {sample_name(sample)}', 'anonymize it')
                )
    findings += scan_instructions(path, sought)
    findings += scan_bytes(path, sought)
    return first_of_each(findings)


def digest_of_joints(keypoint: Any) -> str | None:
    """Return SHA-256 over shape and joints, rounded to float32, by which an original is known that was never anonymized.

    Args:
        keypoint (np.ndarray): Joints, shape (M, T, V, C).

    Returns:
        str | None: Hexadecimal digits; None of what is no array of numbers.
    """
    if not isinstance(keypoint, np.ndarray) or keypoint.dtype.kind not in 'fiu':
        return None
    digest = hashlib.sha256(str(keypoint.shape).encode())
    with np.errstate(over='ignore'):
        digest.update(np.ascontiguousarray(keypoint, '<f4').data)
    return digest.hexdigest()


def scan_data(
    data: Any,
    sought: Sought,
    keep: Iterable[str] = (),
    original: Mapping[str, Iterable[str]] | None = None,
) -> list[Finding]:
    """Search annotations in memory: keys that should not be there, and every text.

    Args:
        data (dict | list): Annotations.
        sought (Sought): What must not occur.
        keep (Iterable[str]): See :func:`scan_annotations`. Defaults to ().
        original (Mapping, optional): See :func:`scan_annotations`. Defaults to None.

    Returns:
        list[Finding]: What was found.
    """
    findings = list(_strange_keys(data, HARMLESS.union(keep)))
    findings += _kept_names(data, original or {})
    findings += scan_texts(texts_of(data), sought.find)
    return first_of_each(findings)


def scan_texts(
    texts: Iterable[tuple[str, str]], find: Callable[[str], list[tuple[str, str]]]
) -> list[Finding]:
    """Search texts, each different one once.

    Args:
        texts (Iterable[tuple[str, str]]): Places and texts.
        find (Callable): :meth:`Sought.find` or the like.

    Returns:
        list[Finding]: What was found.
    """
    findings, seen = [], set()
    for place, text in texts:
        if text not in seen:
            seen.add(text)
            findings += (Finding(kind, hit, place) for kind, hit in find(text))
    return findings


def scan_instructions(path: str | os.PathLike, sought: Sought) -> list[Finding]:
    """Search the instructions of a pickle, also those whose text never reaches the data, and look for bytes after its end.

    Args:
        path (str | os.PathLike): The pickle.
        sought (Sought): What must not occur.

    Returns:
        list[Finding]: What was found.
    """
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
        # Words of one or two letters are how NumPy writes its types.
        texts = (
            (f'byte {at}', text)
            for _, text, at in pickletools.genops(file)
            if isinstance(text, str) and len(text) > 2 and text not in _OWN_WORDS
        )
        findings = scan_texts(texts, sought.find)
        if file.tell() < size:
            text = f'{size - file.tell()} bytes after the end of the pickle'
            advice = 'write the file again'
            findings.append(Finding('something that no reader reads', text, 'the end', advice))
    return findings


def scan_bytes(source: str | os.PathLike | bytes, sought: Sought) -> list[Finding]:
    """Search the raw bytes of any file, for texts of at least eight characters in ASCII, UTF-8, UTF-16 and UTF-32.

    Shorter ones occur by chance in the bytes of coordinates.

    Args:
        source (str | os.PathLike | bytes): The file, or its content.
        sought (Sought): What must not occur.

    Returns:
        list[Finding]: What was found.
    """
    if isinstance(source, bytes):
        return first_of_each(_in_bytes(source, sought))
    with (
        open(source, 'rb') as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return first_of_each(_in_bytes(content, sought))


def _in_bytes(content: mmap.mmap | bytes, sought: Sought) -> Iterator[Finding]:
    for encoding, runs in _RUNS.items():
        for run in runs.finditer(content):
            for kind, text in sought.find_in_run(run[0].decode(encoding)):
                yield Finding(kind, text, f'{encoding} text at byte {run.start()}')
    for text, kind in sought.beyond_ascii():
        for encoding in _WIDE:
            needle = text.encode(encoding, 'surrogatepass')
            if len(needle) >= ANYWHERE and (at := content.find(needle)) >= 0:
                yield Finding(kind, text, f'{encoding} text at byte {at}')


def provenance_path(target: str | os.PathLike) -> Path:
    """Return the provenance file beside a release: ``NAME.pkl``, ``NAME.zip`` and a folder ``NAME`` have ``NAME.provenance.json``."""
    target = Path(target)
    # A folder may be called public.v2.
    is_file = target.suffix.lower() in ('.pkl', '.pickle', '.zip')
    return target.with_name(f'{target.stem if is_file else target.name}.provenance.json')


def scan_provenance(document: Mapping[str, Any], sought: Sought) -> list[Finding]:
    """Search a provenance document.

    Texts that stand there for any original (:mod:`.own_words`) are passed over: a recording ``nobody`` is not given away by
    ``left out: shows nobody``. Names, subjects, patterns, user and host are searched for in all of it; values of other attributes only in what does not come from
    here: an attribute ``pace='fast'`` is not given away by the ``fast`` budget of an audit.

    Args:
        document (Mapping): The document.
        sought (Sought): What must not occur.

    Returns:
        list[Finding]: What was found.
    """
    foreign = dict(
        file=(document.get('released') or {}).get('file'),
        keep=(document.get('options') or {}).get('keep'),
        method=(document.get('audit') or {}).get('method'),
    )
    findings = scan_texts(texts_of(foreign, 'provenance', keys=False), sought.find)
    others = ((where, t) for where, t in texts_of(document, 'provenance') if not is_own(t))
    findings += scan_texts(others, lambda text: sought.find(text, values=False))
    return first_of_each(findings)


def scan_provenance_file(path: str | os.PathLike, sought: Sought) -> list[Finding]:
    """Search a provenance file.

    Args:
        path (str | os.PathLike): The file.
        sought (Sought): What must not occur.

    Returns:
        list[Finding]: What was found.

    Raises:
        FileNotFoundError, ValueError: If it is missing or no such document.
    """
    text = check_file(path, 'a provenance file').read_text(encoding='utf-8')
    return scan_provenance_text(text, str(path), sought)


def scan_provenance_text(text: str, path: str, sought: Sought) -> list[Finding]:
    """Search the text of a provenance file.

    Args:
        text (str): Its content.
        path (str): The file, for messages.
        sought (Sought): What must not occur.

    Returns:
        list[Finding]: What was found.

    Raises:
        ValueError: If it is no such document.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f'{path} is no provenance file: no JSON ({error})') from error
    if not isinstance(document, dict):
        raise ValueError(f'{path} is no provenance file: it holds {type(document).__name__}')
    findings = scan_provenance(document, sought)
    whole = sought.find_in_run(without_own(text), values=False)
    findings += (Finding(kind, hit, f'the text of {Path(path).name}') for kind, hit in whole)
    return first_of_each(findings)


def _strange_keys(data: Any, known: frozenset) -> Iterator[Finding]:
    """Keys that are neither harmless nor asked for."""
    annotations = data
    advice = 'drop it, or name it in --keep'
    if isinstance(data, Mapping):
        annotations = data.get('annotations', [])
        for key in data.keys() - {'annotations', 'split'}:
            yield Finding('an unknown key', str(key), 'the file', 'drop it')
    strange = Counter(key for sample in annotations for key in sample.keys() - known)
    for key, number in strange.items():
        yield Finding('an unknown key', str(key), f'{number} samples', advice)


def _kept_names(data: Any, original: Mapping[str, Iterable[str]]) -> Iterator[Finding]:
    """Names and subjects that are still what they were."""
    whole = data if isinstance(data, Mapping) else dict(annotations=data)
    annotations = whole.get('annotations', [])
    advice = 'replace it by a pseudonym'
    before = set(original.get('names', ()))
    for name in names_of(annotations, whole.get('split')):
        if name in before:
            place = f'{" or ".join(NAMES)}, or a split'
            yield Finding('an original name', name, place, advice)
    before = set(original.get('subjects', ()))
    for subject in dict.fromkeys(str(sample.get('subject')) for sample in annotations):
        if subject in before:
            yield Finding('an original subject', subject, 'subject', advice)


def first_of_each(findings: Iterable[Finding]) -> list[Finding]:
    """Return the first finding of each text."""
    first = {}
    for finding in findings:
        first.setdefault(finding.text.casefold(), finding)
    return list(first.values())


def told(findings: Iterable[Finding], most: int | None = SHOWN) -> list[str]:
    """Return the sentences that tell findings.

    Args:
        findings (Iterable[Finding]): The findings.
        most (int, optional): How many of a kind are told; of the others only the number. None for all. Defaults to :data:`SHOWN`.

    Returns:
        list[str]: One sentence a finding, and one for each kind with more.
    """
    counts, lines = Counter(), []
    for finding in findings:
        counts[finding.kind] += 1
        if most is None or counts[finding.kind] <= most:
            lines.append(str(finding))
    if most is not None:
        lines += [
            f'{kind}: {n - most} more of this kind.' for kind, n in counts.items() if n > most
        ]
    return lines
