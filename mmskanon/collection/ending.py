# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The end of a run: everything that was made is checked, put in order, searched, and given its name together with its provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mmskanon.io.atomic import atomic_path
from mmskanon.io.reading import sha256_of
from mmskanon.release import (
    Finding,
    provenance_path,
    scan_bytes,
    scan_data,
    scan_instructions,
    scan_provenance_file,
    scan_provenance_text,
)
from mmskanon.release.own_words import DONE, RAW_FATES, no_file
from mmskanon.release.provenance import encode, provenance

from .chunks import ANNOTATIONS, RAW, Job, refuse, sample_of
from .options import Outcome
from .results import Results, digest_of_files
from .sources import AnnotationSource, Source
from .targets import (
    check_replaced,
    move_folder,
    prepare_folder,
    write_annotation_file,
    write_archive,
)


class Ending:
    """What is done once with all results of a run.

    Args:
        job (Job): The job of the run.
        source (Source): The collection.
        target (str | Path): The output.
        how (Mapping): Options of a release as the provenance tells them; empty outside releases.
        shuffle (bool): Whether samples and splits come in the order of their names in the output.
        audit (Mapping, optional): Summary of an audit.
    """

    def __init__(
        self,
        job: Job,
        source: Source,
        target: str | Path,
        how: Mapping[str, Any],
        shuffle: bool,
        audit: Mapping[str, Any] | None,
    ) -> None:
        self.job, self.source, self.target = job, source, Path(target)
        self.how, self.shuffle, self.audit = how, shuffle, audit

    def plan(self) -> Outcome:
        """Go through the collection without anonymizing, and say what would be written.

        Raises:
            TraceError: If the output would name somebody.
        """
        naming = self.job.naming
        count = len(self.source)
        if not self._releases:
            return Outcome(count, False)
        statuses = {naming.names[str(name)]: DONE for name in self.source.names}
        if naming.policy is None:
            fates, statuses = Counter({row: count for row in RAW_FATES}), {}
        else:
            around = self._around()
            self._refuse(scan_data(around, naming.sought, naming.keep, naming.original))
            for sample in self._samples():
                released = [naming.policy.release(sample)]
                self._refuse(scan_data(released, naming.sought, naming.keep, naming.original))
            fates = naming.policy.fates
        document = self._document(None, None, fates, statuses, count)
        self._refuse_provenance(document)
        return Outcome(count, False, fates=fates, provenance=document)

    def foresee(self) -> None:
        """Search what is known of the provenance, before anything is anonymized.

        Raises:
            TraceError: If it would name somebody.
        """
        if self._releases:
            self._refuse_provenance(self._document(None, None, {}, {}))

    def write(self, results: Results, overwrite: bool) -> Outcome:
        """Write the output and, for a release, its provenance.

        Args:
            results (Results): What the chunks made.
            overwrite (bool): Whether outputs that exist are replaced.

        Raises:
            TraceError: If something would name somebody; nothing is written, and what the chunks made is kept.
            FileExistsError: If an output appeared meanwhile, or something else in the folder that is to be replaced.
            ValueError: If what the chunks made was changed, or is nothing.
        """
        if self.job.output == RAW:
            check_replaced(self.target, self.job.source.format)
        results.verify()
        left_out = [row for row in results.statuses if row[1] != DONE]
        done = len(results.statuses) - len(left_out)
        if not done:
            raise ValueError(
                f'{self.source.path} has no recording that could be anonymized; nothing was written'
            )
        outcome = Outcome(done, True, left_out, results.problems)
        with self._temporaries(results, overwrite) as (part, beside):
            if self.job.output == ANNOTATIONS:
                self._write_annotations(part, results)
            elif part is not None:
                write_archive(part, self.job.work.parts, [name for name, *_ in results.files()])
            outcome.fates = results.fates
            if self._releases:
                files = None if self.job.output == ANNOTATIONS else len(results.files())
                checksum = digest_of_files(results.files()) if part is None else sha256_of(part)
                outcome.provenance = self._provenance(checksum, files, results)
                beside.write_bytes(encode(outcome.provenance))
                self._refuse(scan_provenance_file(beside, self.job.naming.sought))
        return outcome

    @property
    def _releases(self) -> bool:
        return self.job.naming.sought is not None

    def _write_annotations(self, part: Path, results: Results) -> None:
        naming, records = self.job.naming, results.records()
        if self.shuffle:
            records.sort()  # by pseudonym, which tells nothing of the original order
        around = self._around()
        write_annotation_file(part, around, records)
        if naming.policy is not None:
            results.fates.update(naming.policy.fates)
            findings = scan_data(around, naming.sought, naming.keep, naming.original)
            findings += scan_instructions(part, naming.sought) + scan_bytes(part, naming.sought)
            self._refuse(findings)

    def _around(self) -> dict | list:
        """The annotation file without its samples. The fates of the policy are then those of what is around them."""
        policy = self.job.naming.policy
        around = self.source.around() if isinstance(self.source, AnnotationSource) else []
        if policy is None:
            return around
        policy.fates.clear()
        around = policy.release_file(around, [])
        if self.shuffle and isinstance(around, dict):
            for members in (around.get('split') or {}).values():
                members.sort()
        return around

    def _samples(self) -> Iterator[dict]:
        """The samples as they are before they are anonymized."""
        everything = range(len(self.source))
        if isinstance(self.source, AnnotationSource):
            yield from self.source.read(everything)
        else:
            for index in everything:
                yield sample_of(self.source.facts(index), np.zeros((1, 1, 1, 3)))

    def _provenance(self, checksum: str, files: int | None, results: Results) -> dict[str, Any]:
        """The provenance of what was written.

        Names of raw recordings look like names of the data set, and may be those of others there, so checksums stand for them.
        """
        statuses = dict(results.statuses)
        if files is not None:
            left_out = {k: s for k, s in statuses.items() if s != DONE}
            statuses = {digest: DONE for _, _, digest in results.files()}
            statuses.update(
                (no_file(number), s) for number, s in enumerate(sorted(left_out.values()), 1)
            )
        count = len(results.statuses)
        return self._document(checksum, files, results.fates, statuses, count)

    def _document(
        self,
        checksum: str | None,
        files: int | None,
        fates: Mapping[tuple[str, str], int],
        statuses: Mapping[str, str],
        recordings: int | None = None,
    ) -> dict[str, Any]:
        settings = self.job.motion
        return provenance(
            self.target,
            checksum,
            settings.cfg,
            settings.checkpoint,
            self.how,
            fates,
            statuses,
            self.audit,
            files,
            recordings,
        )

    def _refuse(self, findings: list[Finding]) -> None:
        refuse(findings, self.target)

    def _refuse_provenance(self, document: Mapping[str, Any]) -> None:
        text, name = encode(document).decode(), str(provenance_path(self.target))
        self._refuse(scan_provenance_text(text, name, self.job.naming.sought))

    @contextmanager
    def _temporaries(
        self, results: Results, overwrite: bool
    ) -> Iterator[tuple[Path | None, Path | None]]:
        """Yield temporary paths of output (None for a folder) and provenance (None without a release), which get their names together."""
        is_file, beside = (
            self.target.suffix.lower() in ('.pkl', '.zip'),
            provenance_path(self.target),
        )
        is_new, work = not beside.exists(), self.job.work
        try:
            with ExitStack() as stack:
                part, told = (
                    stack.enter_context(atomic_path(path, overwrite, work.root)) if wanted else None
                    for path, wanted in ((self.target, is_file), (beside, self._releases))
                )
                yield part, told
                if not is_file:
                    names = [name for name, *_ in results.files()]
                    prepare_folder(work.parts, names, self._releases)
            if not is_file:
                move_folder(work.parts, self.target, overwrite)
        except BaseException:
            if self._releases and is_new and not self.target.exists():
                beside.unlink(missing_ok=True)
            raise
