# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Put several audits beside each other: one table (console, CSV, Markdown) and one Pareto picture.

Methods that no other method on the same data beats in both action accuracy and privacy carry a star. Audits on different data are
told apart by the sha256 of their original files and never ranked against each other. A comparison.csv of an earlier call stands for
audits whose reports are not at hand.

Examples:
    python tools/compare.py work_dirs/audit/report.json --out comparison
    python tools/compare.py docs/results/utd_mhad_64.csv work_dirs/audit64/report.json --out comparison
    python tools/compare.py audits/unet/report.json audits/k_same/report.json --out comparison --attribute gender
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmskanon.audit.report import comparison_rows, load_results
from mmskanon.audit.report.compare import (
    comparison_table,
    comparison_warnings,
    read_comparison,
)
from mmskanon.audit.report.plots import pareto_picture, png
from mmskanon.audit.report.tables import csv_text, markdown_text, print_table
from mmskanon.io import atomic_write_bytes
from mmskanon.utils import run_tool


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'reports',
        type=Path,
        nargs='+',
        help='report.json of each audit, or comparison.csv of several',
    )
    parser.add_argument(
        '--out',
        type=Path,
        required=True,
        help='folder for comparison.csv, comparison.md and pareto.png; files of these names are replaced',
    )
    parser.add_argument(
        '--attribute', default='subject', help='private attribute (default: %(default)s)'
    )
    return parser.parse_args(argv)


def audit_names(paths: Sequence[Path]) -> list[str]:
    """Name each audit by its folder, or by its file where that is not called report.json.

    Args:
        paths (Sequence[Path]): Files of audits.

    Returns:
        list[str]: Names, all different: the whole path where the short one is taken.

    Raises:
        ValueError: If a file is given twice.
    """
    whole = [path.resolve() for path in paths]
    if len(set(whole)) < len(whole):
        twice = next(path for path in paths if whole.count(path.resolve()) > 1)
        raise ValueError(f'{twice} is given more than once; give each audit once')
    short = [path.parent.name if path.stem == 'report' else path.stem for path in whole]
    return [
        name if name and short.count(name) == 1 else str(path)
        for name, path in zip(short, paths, strict=True)
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """Read the audits, print the table and write the files.

    Args:
        argv (Sequence[str], optional): The command line. Defaults to None, that of the process.

    Raises:
        ValueError: If a file is neither the report.json of an audit nor a comparison.csv, or is given twice.
        KeyError: If an audit is not about the attribute.
        OSError: If a file cannot be read or written.
    """
    args = parse_args(argv)
    names = audit_names(args.reports)
    files = dict(zip(names, args.reports, strict=True))
    published = {n: read_comparison(f) for n, f in files.items() if f.suffix.lower() == '.csv'}
    documents = {n: load_results(f) for n, f in files.items() if n not in published}
    rows = comparison_rows(documents, args.attribute, published)
    warnings = comparison_warnings(rows)
    heads, lines = comparison_table(rows)
    markdown = markdown_text(heads, lines)
    notes = ''.join(f'\n{warning}\n' for warning in warnings)
    written = {
        'comparison.csv': csv_text(rows).encode(),
        'comparison.md': f'{markdown}{notes}'.encode(),
    }
    figure = pareto_picture(rows, args.attribute, warnings)
    if figure is not None:
        written['pareto.png'] = png(figure)
    for name, content in written.items():
        atomic_write_bytes(content, args.out / name, overwrite=True)
    print_table(f'{args.attribute}: * not beaten in action accuracy and privacy', heads, lines)
    for warning in warnings:
        print(warning)
    if figure is None:
        print('No picture: no method has both action accuracy and a strongest attacker.')
    print(f'Written: {", ".join(str(args.out / name) for name in written)}')


if __name__ == '__main__':
    run_tool(main)
