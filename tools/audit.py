# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Audit anonymized skeletons: what attackers that adapt still read from them, beside what the action recognizer still does.

Reads files only, so that any method from any code can be audited. Finished attackers are kept in OUT/cache, so that an interrupted
audit goes on where it was. Ends in OUT/report.html, report.json, tables, raw scores and plots.

Examples:
    python tools/audit.py --original data/utd_mhad.pkl --anonymized data/unet.pkl --out work_dirs/audit
    python tools/audit.py --original A.pkl --anonymized unet=U.pkl noise=N1.pkl,N2.pkl --budget thorough --out work_dirs/audit
    python tools/audit.py --original A.pkl --anonymizer CONFIG CHECKPOINT --budget fast --out work_dirs/audit
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from rich.console import Console

from mmskanon.audit.audit import Audit
from mmskanon.audit.document import Findings
from mmskanon.audit.report import write_report
from mmskanon.audit.report.tables import print_methods
from mmskanon.collection import MotionSettings, anonymize_collection
from mmskanon.io.reading import check_file, sha256_of
from mmskanon.release.provenance import digests_of_files
from mmskanon.utils import Overrides, check_device, read_config, run_tool, show_progress, split_name

CONFIGS = Path(__file__).resolve().parents[1] / 'configs' / 'audit'
BUDGETS = ('fast', 'standard', 'thorough')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--original', required=True, help='annotation file before anonymization')
    parser.add_argument(
        '--anonymized',
        nargs='+',
        default=[],
        metavar='[NAME=]FILE[,FILE...]',
        help='annotation files after it; several draws of a stochastic method are separated by commas',
    )
    parser.add_argument(
        '--anonymizer',
        nargs=2,
        action='append',
        default=[],
        metavar=('CONFIG', 'CHECKPOINT'),
        help='anonymize the original first, with this config and checkpoint ("none" where there are no weights)',
    )
    parser.add_argument('--out', type=Path, required=True, help='folder of the results')
    parser.add_argument('--budget', choices=BUDGETS, default='standard')
    parser.add_argument('--config', help='settings of your own instead of a budget (.py)')
    parser.add_argument('--layout', help='skeleton layout (default: by number of joints)')
    parser.add_argument('--attributes', nargs='+', help='private attributes (default: subject)')
    parser.add_argument('--attribute-files', nargs='+', help='CSV files subject,attribute')
    parser.add_argument(
        '--cache', type=Path, help='folder of trained attackers (default: OUT/cache)'
    )
    parser.add_argument('--jobs', type=int, help='processes (default: one for each CPU)')
    parser.add_argument('--device', default='cpu', help='where networks run (default: %(default)s)')
    parser.add_argument('--seed', type=int, help='seed of trial lists, attackers and intervals')
    parser.add_argument('--cfg-options', nargs='+', action=Overrides, help='overrides: key=value')
    args = parser.parse_args(argv)
    if not args.anonymized and not args.anonymizer:
        parser.error('nothing to audit: give --anonymized or --anonymizer')
    return args


def settings(args: argparse.Namespace) -> Config:
    """The settings: a budget or a file, then the options of the command line.

    Raises:
        FileNotFoundError, ValueError: If a file is missing or faulty.
        KeyError: If an option sets what no audit knows.
    """
    path = args.config or str(CONFIGS / f'{args.budget}.py')
    base = Config.fromfile(CONFIGS / '_base_.py')
    needs = tuple(key for key, value in base.items() if value is not None)
    refuse_unknown(args.cfg_options or {}, dict(base, layout=None) | read_config(path).to_dict())
    cfg = read_config(path, args.cfg_options, needs=needs)
    if args.layout:
        cfg.layout = args.layout
    if args.attributes:
        cfg.attributes = args.attributes
    if args.attribute_files:
        cfg.attribute_files = args.attribute_files
    if args.seed is not None:
        cfg.randomness.seed = args.seed
        cfg.seeds = [args.seed + s for s in cfg.seeds]
    return cfg


def refuse_unknown(options: dict, known: dict) -> None:
    """Refuse options by which the audit would be another than was asked for.

    Raises:
        KeyError: If one sets what no audit knows, or switches off what is not there.
    """
    for key, value in options.items():
        first, _, rest = key.partition('.')
        if first not in known:
            similar = difflib.get_close_matches(first, known, n=1)
            advice = f'did you mean {similar[0]!r}?' if similar else f'known are {sorted(known)}.'
            raise KeyError(f'--cfg-options {key}: an audit has no setting {first!r}; {advice}')
        there = known[first]
        if value is None and rest and isinstance(there, dict) and rest.split('.')[0] not in there:
            raise KeyError(
                f'--cfg-options {key}=None: {first} has no {rest!r} that could be switched off; choose from {sorted(there)}.'
            )


def methods_of(args: argparse.Namespace, seed: int) -> dict[str, list[str]]:
    """For each method its files, those that are to be made by an anonymizer made.

    Args:
        args (argparse.Namespace): The command line.
        seed (int): Seed of anonymizers that draw at random.

    Raises:
        ValueError: If two methods have one name.
    """
    methods: dict[str, list[str]] = {}
    for word in args.anonymized:
        name, files = split_name(word)
        files = files.split(',')
        _add(methods, name or Path(files[0]).stem, files)
    for config, checkpoint in args.anonymizer:
        name = Path(config).stem
        cfg, weights = read_config(config), None if checkpoint == 'none' else checkpoint
        # Its name tells what it was made from, so that one of another original or checkpoint is not taken for it.
        told = [cfg.pretty_text, sha256_of(check_file(args.original, 'the original file')), seed]
        told += digests_of_files(cfg.get('model') or {})
        told += [weights and sha256_of(check_file(weights, 'a checkpoint'))]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]
        made = args.out / 'anonymized' / f'{name}-{digest}.pkl'
        if not made.exists():
            motion = MotionSettings(cfg, weights, args.device)
            anonymize_collection(motion, args.original, made, seed)
        _add(methods, name, [str(made)])
    return methods


def _add(methods: dict[str, list[str]], name: str, files: list[str]) -> None:
    if name in methods:
        raise ValueError(
            f'two methods are called {name!r}; give one of them another name with NAME=FILE'
        )
    methods[name] = files


def main(argv: Sequence[str] | None = None) -> None:
    """Run the audit.

    Args:
        argv (Sequence[str], optional): The command line. Defaults to None, that of the process.

    Raises:
        FileNotFoundError, KeyError, TypeError, ValueError: If a file or a setting is missing or faulty.
        OSError: If a file cannot be written.
    """
    args = parse_args(argv)
    began = time.time()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no process is left behind
    check_device(args.device)
    cfg = settings(args)
    methods = methods_of(args, cfg.randomness.seed)
    with show_progress(Console(stderr=True)) as progress:
        audit = Audit(
            cfg,
            args.original,
            methods,
            args.cache or args.out / 'cache',
            workers=args.jobs,
            device=args.device,
            progress=progress,
        )
        audit.run()
        command = shlex.join(
            ['python', 'tools/audit.py', *(sys.argv[1:] if argv is None else argv)]
        )
        findings = Findings(audit, command, began)
        document = findings.document()
        findings.save_scores(args.out / 'scores')
        write_report(
            document, args.out, findings.scores, findings.examples(), findings.displacement()
        )
    print_methods(document)
    print(f'Written: {args.out / "report.html"}, report.json, tables, plots and scores beside it')


if __name__ == '__main__':
    run_tool(main)
