# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The files of a report: the document, the page, tables and pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mmskanon.io import atomic_write_bytes
from mmskanon.skeletons.layouts import get_layout

from .animation import Example
from .html import render_html
from .pictures import ScoreReader, draw_pictures
from .schema import check_results
from .tables import attacker_rows, csv_text, method_rows


def json_text(document: Mapping) -> str:
    """Write a document as JSON: keys in their order, numbers of NumPy as numbers.

    Args:
        document (Mapping): The document.

    Returns:
        str: The text, ended by a line feed; the same document gives the same text.

    Raises:
        ValueError: If it holds NaN or infinity.
        TypeError: If it holds what JSON has no form for.
    """

    def plain(value: object) -> object:
        if isinstance(value, (np.generic, np.ndarray)):
            return value.tolist()
        raise TypeError(f'report.json cannot hold a {type(value).__name__}: {value!r}')

    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False, default=plain)
    return f'{text}\n'


def write_report(
    document: Mapping,
    out: str | os.PathLike,
    scores: ScoreReader,
    examples: Sequence[Example] = (),
    displacement: Mapping[str, np.ndarray] | None = None,
) -> list[Path]:
    """Write report.json, report.html, attackers.csv, methods.csv and plots/*.png into a folder.

    Everything is made before the first file is written, each file appears whole, and report.json comes last. Files of these names
    are replaced.

    Args:
        document (Mapping): The document; docs/audit_report.md describes it.
        out (str | os.PathLike): The folder; it is made if it is missing.
        scores (Callable): From method, attribute and tier to the raw scores of the tier's strongest attacker, see
            :data:`~mmskanon.audit.report.pictures.ScoreReader`; None where they were not kept.
        examples (Sequence[Example]): A few samples to play before and after. Defaults to ().
        displacement (Mapping[str, np.ndarray], optional): For each method the mean distance of each joint from where it was,
            shape (V,), mm (pixels for layouts in pixels); drawn on the body of the first example. Defaults to None.

    Returns:
        list[Path]: The files.

    Raises:
        ValueError: If the document has problems, or displacement does not fit the layout.
        OSError: If a file cannot be written.
    """
    # As it will be read: with lists for tuples, and without anything that JSON has no form for.
    text = json_text(document)
    document = json.loads(text)
    problems = check_results(document)
    if problems:
        raise ValueError(f'the results of the audit cannot be reported: {" ".join(problems)}')
    displacement = dict(displacement or {})
    if examples:
        num_joints = get_layout(examples[0].layout).num_joints
        for method, moved in displacement.items():
            if np.shape(moved) != (num_joints,):
                raise ValueError(
                    f'displacement of method {method!r}: expected shape ({num_joints},), one a joint, found {np.shape(moved)}'
                )
    pictures = draw_pictures(document, scores, examples, displacement)
    files = {
        **{f'plots/{picture.name}.png': picture.png for picture in pictures},
        'attackers.csv': csv_text(attacker_rows(document)).encode(),
        'methods.csv': csv_text(method_rows(document)).encode(),
        'report.html': render_html(document, pictures, examples, displacement).encode(),
        'report.json': text.encode(),
    }
    for name, content in files.items():
        atomic_write_bytes(content, Path(out) / name, overwrite=True)
    return [Path(out) / name for name in files]
