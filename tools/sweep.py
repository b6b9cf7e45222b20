# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Train, export and audit an anonymizer at several values of one setting, and draw the trade-off curve.

All points are audited together, so that they share the attackers of the originals. Steps whose result is there are not repeated: run
it again after an interruption and it continues.

Examples:
    python tools/sweep.py configs/utd_mhad/adversarial_unet_stgcn_1xb8-20e_utd-mhad-trial-kinect20.py \
        --key model.losses.privacy.weight --values 0.3 1 3 --original data/utd_mhad/utd_mhad.pkl --budget fast --out work_dirs/sweep
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from mmskanon.audit.report import comparison_rows, load_results
from mmskanon.audit.report.compare import comparison_table
from mmskanon.audit.report.plots import png, tradeoff_curve
from mmskanon.audit.report.tables import csv_text, print_table
from mmskanon.io import atomic_write_bytes
from mmskanon.utils import run_tool

TOOLS = Path(__file__).resolve().parent


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of the anonymizer')
    parser.add_argument(
        '--key', required=True, help='setting that changes, such as model.losses.privacy.weight'
    )
    parser.add_argument('--values', nargs='+', type=float, required=True, help='its values')
    parser.add_argument('--original', required=True, help='annotation file to anonymize and audit')
    parser.add_argument('--out', type=Path, required=True, help='folder of all results')
    parser.add_argument(
        '--attribute', default='subject', help='what the curve is about (default: %(default)s)'
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the trainings (default: %(default)s)'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], help='further overrides of the config'
    )
    parser.add_argument(
        '--budget', default='fast', help='budget of the audit (default: %(default)s)'
    )
    parser.add_argument('--audit-config', help='settings of the audit instead of a budget (.py)')
    parser.add_argument('--amp', action='store_true', help='train in mixed precision')
    args = parser.parse_args(argv)
    if len(set(args.values)) < len(args.values):
        parser.error(f'--values: expected each value once, found {args.values}')
    return args


def step(title: str, log: Path, tool: str, *words: object) -> None:
    """Run a tool with its output in a log file.

    Args:
        title (str): What is being done.
        log (Path): The log file.
        tool (str): Name of the tool.
        words (object): Its arguments.

    Raises:
        ValueError: If the tool fails.
    """
    Console().print(f'{title} ...')
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, 'w') as out:
        command = [sys.executable, str(TOOLS / tool), *map(str, words)]
        status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT).returncode
    if status:
        last = log.read_text(errors='replace').strip().splitlines()[-1:] or ['no output']
        raise ValueError(f'{title} failed ({last[0]}); its whole output is in {log}')


def trained(folder: Path) -> Path | None:
    """The checkpoint with which a finished training ended; None where there is none.

    Args:
        folder (Path): Work folder of the training.
    """
    note = folder / 'finished'
    return Path(note.read_text()) if note.exists() else None


def point(args: argparse.Namespace, value: float) -> tuple[str, Path]:
    """Train and export at one value, as far as that has not been done.

    Args:
        args (argparse.Namespace): The command line.
        value (float): The value.

    Returns:
        tuple[str, Path]: Name of the point and its anonymized file.

    Raises:
        ValueError: If a tool fails.
    """
    name = f'{args.key.split(".")[-2:][0]}-{value:g}'
    folder, made = args.out / name, args.out / name / 'anonymized.pkl'
    options = ['--cfg-options', f'{args.key}={value}', *args.cfg_options]
    if trained(folder) is None:
        amp = ['--amp'] if args.amp else []
        words = ['--work-dir', folder, '--seed', args.seed, '--no-validate', *amp, *options]
        step(f'training at {name}', folder / 'train.log', 'train.py', args.config, *words)
        last = (folder / 'last_checkpoint').read_text().strip()
        atomic_write_bytes(last.encode(), folder / 'finished', overwrite=True)
    if not made.exists():
        words = [args.config, trained(folder), args.original, made, '--seed', args.seed, *options]
        step(f'anonymizing at {name}', folder / 'anonymize.log', 'anonymize.py', *words)
    return name, made


def main(argv: Sequence[str] | None = None) -> None:
    """Run the sweep.

    Args:
        argv (Sequence[str], optional): The command line. Defaults to None, that of the process.

    Raises:
        ValueError: If a step fails.
        OSError: If a file cannot be written.
    """
    args = parse_args(argv)
    points = dict(point(args, value) for value in args.values)
    effort = ['--config', args.audit_config] if args.audit_config else ['--budget', args.budget]
    files = [f'{name}={path}' for name, path in points.items()]
    out = args.out / 'audit'
    words = ['--original', args.original, '--anonymized', *files, '--out', out, *effort]
    if args.attribute != 'subject':
        words += ['--attributes', 'subject', args.attribute]
    step('auditing all points', args.out / 'audit.log', 'audit.py', *words)
    rows = comparison_rows({'sweep': load_results(out / 'report.json')}, args.attribute)
    values = dict(zip(points, args.values, strict=True))
    for row in rows:
        row[args.key] = values[row['method']]
    heads, lines = comparison_table(rows)
    atomic_write_bytes(csv_text(rows).encode(), args.out / 'tradeoff.csv', overwrite=True)
    picture = png(tradeoff_curve(rows, args.key, args.attribute))
    atomic_write_bytes(picture, args.out / 'tradeoff.png', overwrite=True)
    print_table(f'{args.key}, {args.attribute}', heads, lines)
    print(f'Written: {args.out / "tradeoff.png"}, tradeoff.csv; the audit is in {out}')


if __name__ == '__main__':
    run_tool(main)
