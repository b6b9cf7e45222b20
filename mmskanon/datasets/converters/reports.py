# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Reports of the converters, which stand beside the annotation file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmskanon.io.atomic import atomic_write_bytes


def write_report(report: dict[str, Any], path: Path, overwrite: bool = False) -> None:
    """Write a report as JSON, one item of a list a line.

    Args:
        report (dict): Plain values by key; lists get a line for each of their items.
        path (Path): The file to be written.
        overwrite (bool): Whether an existing file may be replaced. Defaults to False.
    """
    lines = []
    for key, value in report.items():
        text = json.dumps(value)
        if isinstance(value, list) and value:
            text = '[\n    ' + ',\n    '.join(json.dumps(row) for row in value) + '\n  ]'
        lines.append(f'  {json.dumps(key)}: {text}')
    text = '{\n' + ',\n'.join(lines) + '\n}\n'
    atomic_write_bytes(text.encode(), path, overwrite)
