# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymize an annotation file into one that can be published: motion, names, attributes, order and place."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from mmskanon.datasets.check import check_annotations, raise_errors
from mmskanon.datasets.schema import complete_annotations
from mmskanon.datasets.splits import sample_name
from mmskanon.io.annotation_records import AnnotationFile
from mmskanon.io.annotation_stream import Spool, write_encoded
from mmskanon.io.atomic import atomic_path
from mmskanon.release import (
    FieldPolicy,
    Finding,
    Pseudonyms,
    provenance_path,
    read_key,
    scan_annotations,
    scan_data,
    scan_provenance,
    scan_provenance_file,
    seek,
    told,
)
from mmskanon.release.fields import HARMLESS
from mmskanon.release.provenance import audit_summary, encode, provenance

from .anonymize import anonymize_annotations
from .skeletons import init_anonymizer


@dataclass(frozen=True)
class ReleaseOptions:
    """How to release.

    Args:
        keep (tuple[str, ...]): Keys of samples that are published beside the harmless ones; ``subject`` as a pseudonym. Defaults to ().
        key_file (str | Path, optional): File with the key of the pseudonyms. Defaults to None, a fresh key that is stored nowhere.
        shuffle (bool): Whether samples come in random order, in the file and in each split. Defaults to True.
        placement (str): See :func:`anonymize_keypoints`. Defaults to ``'canonical'``.
        audit (str | Path, optional): report.json of an audit, whose verdict the provenance quotes. Defaults to None.
        audit_method (str, optional): Its method. Defaults to None, the only one.
    """

    keep: tuple[str, ...] = ()
    key_file: str | Path | None = None
    shuffle: bool = True
    placement: str = 'canonical'
    audit: str | Path | None = None
    audit_method: str | None = None


@dataclass(frozen=True)
class Release:
    """What was released.

    Args:
        samples (int): Number of samples.
        fates (Counter): For each key and what became of it the number of samples.
        provenance (dict): The provenance document.
    """

    samples: int
    fates: Counter
    provenance: dict[str, Any]


def release_file(
    cfg: Config,
    checkpoint: str | None,
    source: str | Path,
    target: str | Path,
    options: ReleaseOptions | None = None,
    device: str = 'cpu',
    overwrite: bool = False,
    seed: int | None = None,
    frames: int | None = None,
    dry_run: bool = False,
    watch: Callable[[Iterable[Any], int], Iterable[Any]] = lambda samples, total: samples,
) -> Release:
    """Write a copy of an annotation file in which nobody is named, and its provenance, both or neither.

    Sample by sample, the motion is anonymized, names become pseudonyms, and every key that is not known to be harmless is dropped. The
    finished files are searched for names, values and the like before they get their names; if anything is found they are deleted.
    Samples are read and written one by one: memory does not grow with their arrays. While the file is written, the folder of the target
    holds it twice.

    Args:
        cfg (Config): Config that trained the anonymizer.
        checkpoint (str, optional): Its checkpoint; None for anonymizers without weights.
        source (str | Path): Annotation file (.pkl).
        target (str | Path): Annotation file to write; ``NAME.provenance.json`` is written beside it.
        options (ReleaseOptions, optional): How to release. Defaults to None, the defaults.
        device (str): Where to run. Defaults to ``'cpu'``.
        overwrite (bool): Whether existing targets may be replaced. Defaults to False.
        seed (int, optional): Seed of PyTorch's generators. Order and pseudonyms do not depend on it. Defaults to None.
        frames (int, optional): Number of frames that every clip is brought to. Defaults to None, as they are.
        dry_run (bool): Whether to read, check and plan everything, and neither anonymize nor write. Defaults to False.
        watch (Callable): Passes the samples on, given their number, for a progress bar. Defaults to nothing more.

    Returns:
        Release: What was released, or would be.

    Raises:
        FileExistsError: If a target exists and ``overwrite`` is False.
        FileNotFoundError, ValueError: If something is missing, faulty, or does not fit the rest, or the search found a trace of somebody.
    """
    options = options or ReleaseOptions()
    if frames is not None and frames < 1:
        raise ValueError(f'frames must be at least 1, found {frames}')
    _check_targets(source, target, overwrite)
    key = None if options.key_file is None else read_key(options.key_file)
    anonymizer = init_anonymizer(cfg, checkpoint, device)
    with AnnotationFile(source) as originals:
        data = originals.outline()
        problems = check_annotations(
            data,
            str(source),
            layout=anonymizer.layout,
            num_person=anonymizer.num_person,
            samples=originals,
        )
        raise_errors(problems)
        heads = data['annotations'] if isinstance(data, dict) else data
        complete_annotations(heads)
        audit = None
        if options.audit is not None:
            audit = audit_summary(options.audit, source, options.audit_method)
        policy = FieldPolicy(data, options.keep, Pseudonyms(key))
        sought = seek(data, HARMLESS.union(options.keep))
        original = dict(names=list(policy.names), subjects=list(policy.subjects))
        statuses = {policy.names[sample_name(head)]: 'anonymized' for head in heads}
        how = dict(
            placement=options.placement,
            frames=frames,
            shuffled=options.shuffle,
            keep=sorted(options.keep),
            pseudonyms='HMAC-SHA256, '
            + ('key of the owner' if key is not None else 'key thrown away'),
            draws='seeded' if seed is not None else 'fresh',
        )

        def provenance_of(file: Path | None) -> dict[str, Any]:
            return provenance(target, file, cfg, checkpoint, how, policy.fates, statuses, audit)

        if dry_run:
            planned = policy.release_file(data, [policy.release(head) for head in heads])
            document = provenance_of(None)
            findings = scan_data(planned, sought, options.keep, original)
            _refuse_findings(findings + scan_provenance(document, sought), target)
            return Release(len(heads), policy.fates, document)

        if seed is not None:
            torch.manual_seed(seed)
        with _both_or_neither(target, provenance_path(target), overwrite) as (part, part_beside):
            samples = anonymize_annotations(
                (originals.filled(index, head) for index, head in enumerate(heads)),
                anonymizer,
                anonymizer.normalization,
                frames,
                options.placement,
            )
            records = map(policy.release, watch(samples, len(heads)))
            _write(part, data, records, policy, options.shuffle)
            document = provenance_of(part)
            part_beside.write_bytes(encode(document))
            findings = scan_annotations(part, sought, options.keep, original)
            findings += scan_provenance_file(part_beside, sought)
            _refuse_findings(findings, target)
    return Release(len(heads), policy.fates, document)


def _check_targets(source: str | Path, target: str | Path, overwrite: bool) -> None:
    """Raise if the outputs may not be written, before hours are spent on them."""
    if Path(target).suffix != '.pkl':
        raise ValueError(f'{target} must end in .pkl, as MMAction2 expects of an annotation file')
    if Path(source).resolve() == Path(target).resolve():
        raise ValueError(f'{target} is the original itself; choose another name for the release')
    for path in (Path(target), provenance_path(target)):
        if path.exists() and not overwrite:
            raise FileExistsError(
                f'{path} exists already and is not overwritten; remove it, choose another name or ask to overwrite'
            )


@contextmanager
def _both_or_neither(
    target: str | Path, beside: Path, overwrite: bool
) -> Iterator[tuple[Path, Path]]:
    """Yield temporary paths of two files that get their names together, the one beside first."""
    is_new = not beside.exists()
    try:
        with (
            atomic_path(target, overwrite) as part,
            atomic_path(beside, overwrite) as part_beside,
        ):
            yield part, part_beside
    except BaseException:
        if is_new and not Path(target).exists():
            beside.unlink(missing_ok=True)
        raise


def _write(
    path: Path, data: dict | list, records: Iterable[dict], policy: FieldPolicy, shuffle: bool
) -> None:
    """Write released samples and what is published around them, with ``shuffle`` in an order that no seed repeats."""
    with Spool(path.parent) as spool:
        for record in records:
            spool.append(record)
        around = policy.release_file(data, [])
        order = list(range(len(spool)))
        if shuffle:
            chance = random.SystemRandom()
            chance.shuffle(order)
            for members in (around.get('split') or {}).values() if around else ():
                chance.shuffle(members)
        encoded = (spool[index] for index in order)
        with open(path, 'wb') as file:
            write_encoded(file, encoded, bare=isinstance(data, list), around=around or None)


def _refuse_findings(findings: list[Finding], target: str | Path) -> None:
    """Raise if the search found anything."""
    if findings:
        lines = '\n'.join(told(findings))
        raise ValueError(f'{target} was not written, because it would name somebody:\n{lines}')
