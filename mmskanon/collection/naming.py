# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What recordings are called in the output, and what the output must not tell."""

from __future__ import annotations

from pathlib import PurePosixPath

from mmskanon.recordings import release_names
from mmskanon.release import HARMLESS, FieldPolicy, Pseudonyms, seek

from .chunks import ANNOTATIONS, Naming
from .options import ReleaseOptions
from .sources import AnnotationSource, RecordingSource


def plain_naming(source: AnnotationSource | RecordingSource, output: str) -> Naming:
    """Names as they are.

    Args:
        source (Source): The collection.
        output (str): What is written.
    """
    if isinstance(source, AnnotationSource):
        return Naming({str(name): str(name) for name in source.names})
    if output == ANNOTATIONS:
        facts = source.outline()
        _check_names(source, facts)
        samples = [f['frame_dir'] for f in facts]
        return Naming({**dict(zip(source.names, samples, strict=True)), **{n: n for n in samples}})
    return Naming({name: name for name in source.names})


def release_naming(
    source: AnnotationSource | RecordingSource, output: str, options: ReleaseOptions, key: bytes
) -> Naming:
    """Names that tell nobody, and what else must not be told.

    Args:
        source (Source): The collection.
        output (str): What is written.
        options (ReleaseOptions): What is kept.
        key (bytes): Key of the pseudonyms.

    Raises:
        ValueError: If something is to be kept that is not there, or two recordings have one name.
    """
    pseudonyms = Pseudonyms(key)
    if isinstance(source, AnnotationSource):
        outline = source.outline
    else:
        facts = [source.facts(index) for index in range(len(source))]
        outline = dict(annotations=[{k: v for k, v in f.items() if v is not None} for f in facts])
        _check_names(source, facts)
    heads = outline['annotations'] if isinstance(outline, dict) else outline
    public = HARMLESS.union(options.keep)
    sought = seek(outline, public)
    subjects = {str(h['subject']) for h in heads if h.get('subject') is not None}
    if output != ANNOTATIONS:
        names = release_names(source.format, source.names, options.keep, pseudonyms)
        original = dict(names=[PurePosixPath(n).name for n in source.names], subjects=subjects)
        return Naming(names, None, sought, original, options.keep)
    policy = FieldPolicy(outline, options.keep, pseudonyms)
    original = dict(names=list(policy.names), subjects=list(policy.subjects))
    names = policy.names
    if isinstance(source, RecordingSource):
        samples = (head['frame_dir'] for head in heads)
        of_files = {n: names[s] for n, s in zip(source.names, samples, strict=True)}
        names = {**names, **of_files}
    return Naming(names, policy, sought, original, options.keep)


def _check_names(source: RecordingSource, outline: list[dict]) -> None:
    first: dict[str, str] = {}
    for name, fact in zip(source.names, outline, strict=True):
        other = first.setdefault(fact['frame_dir'], name)
        if other != name:
            raise ValueError(
                f'{source.where(name)} repeats {fact["frame_dir"]}, found already as {other}; keep one of the two files'
            )
