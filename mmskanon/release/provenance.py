# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What a release says about how it was made: no identities, no paths, no time more exact than the day."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path, PureWindowsPath
from typing import Any

import mmaction
import mmengine
import numpy as np
import torch
from mmengine.config import Config

from mmskanon.io.reading import sha256_of
from mmskanon.version import __version__

from .fields import rows_of
from .own_words import FORMAT, KNOWN_KEYS
from .texts import texts_of


def digest_of_config(cfg: Config) -> str:
    """Return a checksum of a resolved config that is the same on every machine: of paths only the last part counts.

    Args:
        cfg (Config): The config, with overrides.

    Returns:
        str: SHA-256 of its JSON with sorted keys.
    """
    text = json.dumps(_without_folders(cfg.to_dict()), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def digests_of_files(settings: Mapping) -> list[str]:
    """Return the SHA-256 of each file that settings name, such as a checkpoint or a gallery, in the order of the settings."""
    texts = (text for _, text in texts_of(settings, keys=False))
    return [sha256_of(text) for text in texts if os.path.isfile(text)]


def _without_folders(value: Any) -> Any:
    """A nested value in which every text with folders is cut to its last part."""
    if isinstance(value, Mapping):
        return {str(key): _without_folders(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_folders(item) for item in value]
    return PureWindowsPath(value).name if isinstance(value, str) else value


def software() -> dict[str, str]:
    """Return the versions of what made the file."""
    return dict(
        mmskanon=__version__,
        mmaction2=mmaction.__version__,
        mmengine=mmengine.__version__,
        torch=str(torch.__version__),
        numpy=np.__version__,
    )


def audit_summary(
    report: str | os.PathLike, original: str | os.PathLike | None, method: str | None = None
) -> dict[str, Any]:
    """Return verdict and main figures of an audit.

    Args:
        report (str | os.PathLike): The report.json of the audit.
        original (str | os.PathLike, optional): The file that is anonymized, which the audit must have compared with. None for raw
            recordings, which an audit does not read: whoever asks has to see that it was one of the same recordings.
        method (str, optional): Method of the report. Defaults to None, its only one.

    Returns:
        dict: Method, budget, verdict, and figures as fractions.

    Raises:
        FileNotFoundError, ValueError: If the report is missing, faulty, of another original, or has several methods and none is named.
    """
    from mmskanon.audit.report import load_results
    from mmskanon.audit.report.key_figures import (
        fidelity,
        lowest_eer,
        strongest_attack,
        utility,
    )

    doc = load_results(report)
    methods = list(doc['methods'])
    if method is None and len(methods) != 1:
        raise ValueError(f'{report} has the methods {methods}; choose one with --audit-method')
    method = methods[0] if method is None else method
    if method not in methods:
        raise ValueError(f'{report} has no method {method!r}; choose from {methods}')
    if original is not None and doc['data']['original']['sha256'] != sha256_of(original):
        raise ValueError(
            f'{report} is the audit of another original ({doc["data"]["original"]["file"]}, by its checksum) than {original}; '
            'audit an anonymized version of this one'
        )
    entry = doc['methods'][method]
    attack, rate = strongest_attack(doc, method, 'subject'), lowest_eer(doc, method, 'subject')
    return dict(
        method=method,
        budget=doc['budget'],
        verdict=dict(claim=entry['verdict']['claim'], sentence=entry['verdict']['sentence']),
        gates={gate['name']: gate['passed'] for gate in entry['gates']},
        strongest=attack
        and dict(tier=attack.tier, attacker=attack.attacker, rank1=attack.figures['rank1']),
        chance=(doc['data']['attributes'].get('subject') or {}).get('chance'),
        lowest_eer=rate and rate.figures['eer'],
        action=utility(doc, method, 'fixed'),
        action_retrained=utility(doc, method, 'retrained'),
        bone_deviation=fidelity(doc, method, 'bone_deviation'),
        tm=fidelity(doc, method, 'tm'),
    )


def provenance(
    target: str | os.PathLike,
    checksum: str | None,
    cfg: Config,
    checkpoint: str | None,
    options: Mapping[str, Any],
    fates: Mapping[tuple[str, str], int],
    samples: Mapping[str, str],
    audit: Mapping[str, Any] | None,
    files: int | None = None,
    recordings: int | None = None,
) -> dict[str, Any]:
    """Put together what a release says about itself.

    Args:
        target (str | os.PathLike): The file that is released.
        checksum (str, optional): SHA-256 of its content; of a folder, of what ``sha256sum`` prints of its files by name. None for a dry run.
        cfg (Config): Config of the anonymizer.
        checkpoint (str, optional): Its checkpoint, if it has one.
        options (Mapping): How the release was asked for.
        fates (Mapping): What became of each key.
        samples (Mapping[str, str]): For each pseudonym the status of the sample.
        audit (Mapping, optional): :func:`audit_summary`.
        files (int, optional): Number of raw recordings; None for an annotation file. Defaults to None.
        recordings (int, optional): Number of samples, where several may have one name, as equal files have one checksum. Defaults to None,
            one for each of ``samples``.

    Returns:
        dict: The document that ``docs/release.md`` describes. Samples are sorted by pseudonym, which tells nothing of their order.
    """
    told = [row for row in rows_of(fates) if row[0] in KNOWN_KEYS or row[1] != 'dropped']
    others = [row for row in rows_of(fates) if row not in told]
    keys = {fate: {k: n for k, f, n in told if f == fate} for _, fate, _ in told}
    return dict(
        format=FORMAT,
        date=datetime.now(timezone.utc).date().isoformat(),
        software=software(),
        anonymizer=str(cfg.model.anonymizer.type).rpartition('.')[2],
        config=dict(name=Path(cfg.filename or '').name, sha256=digest_of_config(cfg)),
        checkpoint=None if checkpoint is None else dict(sha256=sha256_of(checkpoint)),
        released=dict(
            file=Path(target).name, sha256=checksum, **({} if files is None else dict(files=files))
        ),
        options=dict(options),
        counts=dict(
            samples=len(samples) if recordings is None else recordings,
            keys=keys,
            other_keys_dropped=len(others),
        ),
        samples={name: samples[name] for name in sorted(samples)},
        audit=None if audit is None else dict(audit),
    )


def encode(document: Mapping[str, Any]) -> bytes:
    """Return a provenance document as it is written."""
    return (json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + '\n').encode()
