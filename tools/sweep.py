# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Train, export and audit an anonymizer for several values of a config key, and draw what the key trades.

The key is most often the weight of a loss, such as the paper's alpha, or the knob of a method without training, such as the k of k-same
motion. For each value the anonymizer is trained anew, if it has weights, and anonymizes the original file; then one audit attacks all of them. Ends in OUT/tradeoff.png, tradeoff.csv and the report of the audit in OUT/audit.
Finished steps are not repeated: run it again after an interruption, or with further values, and it continues.

Examples:
    python tools/sweep.py CONFIG --key model.losses.privacy.weight --values 0.3 1 3 --original A.pkl --out work_dirs/sweep
    python tools/sweep.py CONFIG --key model.losses.privacy.weight --values 0.3 1 3 --original A.pkl --out work_dirs/sweep \
        --budget fast --seed 0 --cfg-options model.recognizer.checkpoint=action.pth
    python tools/sweep.py KSAME_CONFIG --key model.anonymizer.k --values 2 4 8 --original A.pkl --frames 64 --out work_dirs/sweep_k
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmskanon.audit.report import comparison_rows, load_results
from mmskanon.audit.report.compare import comparison_table, comparison_warnings
from mmskanon.audit.report.plots import png, tradeoff_curve
from mmskanon.audit.report.tables import csv_text, print_table
from mmskanon.io import atomic_write_bytes
from mmskanon.io.reading import check_file, sha256_of
from mmskanon.registry import MODELS
from mmskanon.release.provenance import digests_of_files
from mmskanon.utils import Overrides, check_device, read_config, run_step, run_tool

TOOLS = Path(__file__).resolve().parent
BUDGETS = ('fast', 'standard', 'thorough')


class KeptOverrides(Overrides):
    """Overrides whose words are kept too, under ``option_words``, to be passed on."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: list[str],
        option_string: str | None = None,
    ) -> None:
        """Parse the words after the option."""
        super().__call__(parser, namespace, values, option_string)
        namespace.option_words = list(values)


def number(word: str) -> str:
    """A word that is a finite number, as it is: it names files.

    Raises:
        ValueError: If it is none.
    """
    if not math.isfinite(float(word)):
        raise ValueError(word)
    return word


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config that trains the anonymizer')
    parser.add_argument('--key', required=True, help='config key: model.losses.privacy.weight')
    parser.add_argument('--values', required=True, nargs='+', type=number, help='its values')
    parser.add_argument('--original', required=True, help='annotation file to anonymize and audit')
    parser.add_argument('--out', type=Path, required=True, help='folder of all results')
    parser.add_argument(
        '--label', help='name of the key in the curve (default: its last two words)'
    )
    parser.add_argument(
        '--attribute', default='subject', help='private attribute (default: %(default)s)'
    )
    parser.add_argument('--budget', choices=BUDGETS, default='standard', help='of the audit')
    parser.add_argument('--audit-config', help='settings of the audit instead of a budget (.py)')
    parser.add_argument(
        '--device', default='cpu', help='of export and audit (default: %(default)s)'
    )
    parser.add_argument('--seed', type=int, default=0, help='of training, export and audit')
    parser.add_argument(
        '--frames', type=int, help='bring every clip to this number of frames, as of anonymize.py'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=KeptOverrides, help='overrides of CONFIG: key=value'
    )
    parser.set_defaults(option_words=[])
    args = parser.parse_args(argv)
    if len({float(v) for v in args.values}) < max(2, len(args.values)):
        parser.error(
            f'--values: expected two or more, all different, found {" ".join(args.values)}'
        )
    return args


def read_swept_config(args: argparse.Namespace) -> Config:
    """The config, which has to have the key: one that nothing reads would make a flat curve.

    Raises:
        FileNotFoundError, ValueError: If there is no such config, it is faulty, or of no anonymizer.
        KeyError: If it lacks the key.
    """
    cfg = read_config(args.config, args.cfg_options, needs=('model', 'train_cfg'))
    if 'anonymizer' not in cfg.model:
        raise ValueError(
            f'config {args.config} has no model.anonymizer (its model is {cfg.model.get("type")}); give the config that trains an anonymizer.'
        )
    node, path = cfg.to_dict(), args.key.split('.')
    for depth, word in enumerate(path):
        if not isinstance(node, dict) or word not in node:
            place = '.'.join(path[:depth]) or 'the config'
            known = f', which has {sorted(node)}' if isinstance(node, dict) else ''
            raise KeyError(
                f'{args.config} has no key {args.key}: no {word!r} in {place}{known}; correct --key'
            )
        node = node[word]
    return cfg


def check_settings(args: argparse.Namespace, cfg: Config) -> None:
    """Keep in OUT/sweep.json what all values have in common, or hold it against that of the runs before.

    Raises:
        FileNotFoundError: If the original file does not exist.
        ValueError: If the folder has results of other settings.
    """
    settings = dict(
        config=hashlib.sha256(cfg.pretty_text.encode()).hexdigest(),
        files=digests_of_files(cfg.model),
        key=args.key,
        original=sha256_of(check_file(args.original, 'the annotation file to anonymize')),
        seed=args.seed,
        frames=args.frames,
        cfg_options=args.option_words,
    )
    path = args.out / 'sweep.json'
    if not path.exists():
        atomic_write_bytes(json.dumps(settings, indent=1).encode(), path)
        return
    known = json.loads(path.read_text())
    other = [k for k in settings if known.get(k) != settings[k]]
    if other:
        raise ValueError(
            f'{path}: the results in this folder were made with another {" and ".join(other)}; give another --out'
        )


class Sweep:
    """The steps of each value and the audit of all; what tools print goes to OUT/logs.

    Args:
        args (argparse.Namespace): The command line.
        trains (bool): Whether the anonymizer has weights to train. Defaults to True.
    """

    def __init__(self, args: argparse.Namespace, trains: bool = True) -> None:
        self.args, self.out, self.trains = args, args.out, trains
        self.label = args.label or '.'.join(args.key.split('.')[-2:])

    def step(self, title: str, result: Path | None, log: str, tool: str, *words: object) -> None:
        """Run a tool unless it has been run."""
        print(f'{title} ...', end=' ', flush=True)
        try:
            seconds = run_step(
                title, result, self.out / 'logs' / f'{log}.log', TOOLS / tool, *words
            )
        except BaseException:
            print('failed', flush=True)
            raise
        print('there already' if seconds is None else f'{seconds:.0f} s', flush=True)

    def release(self, value: str) -> Path:
        """Train with a value, if there is something to train, and anonymize the original; returns the anonymized file."""
        args, work = self.args, self.out / 'trained' / value
        options = ['--cfg-options', *args.option_words, f'{args.key}={value}']
        what = f'{self.label} {value}'
        released = self.out / 'anonymized' / f'{value}.pkl'
        if self.trains:
            if not released.exists() and not (work / 'last_checkpoint').exists():
                # Trained before, and removed since.
                (self.out / 'logs' / f'train_{value}.seconds').unlink(missing_ok=True)
            self.step(
                f'training, {what}',
                None,
                f'train_{value}',
                'train.py',
                args.config,
                *('--work-dir', work, '--seed', args.seed, '--no-validate', '--resume'),
                *options,
            )
        self.step(
            f'anonymizing, {what}',
            released,
            f'anonymize_{value}',
            'anonymize.py',
            args.config,
            last_checkpoint(work) if self.trains and not released.exists() else 'none',
            args.original,
            released,
            *('--device', args.device, '--seed', args.seed),
            *(() if args.frames is None else ('--frames', args.frames)),
            *options,
        )
        return released

    def audit(self, released: dict[str, Path]) -> Path:
        """Audit all anonymized files together; returns the document."""
        args, report = self.args, self.out / 'audit' / 'report.json'
        words = ['--original', args.original, '--out', str(report.parent)]
        words += ['--anonymized', *(f'{v}={path}' for v, path in released.items())]
        words += ['--config', args.audit_config] if args.audit_config else ['--budget', args.budget]
        words += ['--device', args.device, '--seed', str(args.seed)]
        if args.frames is not None:
            words += ['--cfg-options', 'retimed=True']
        if args.attribute != 'subject':
            words += ['--attributes', 'subject', args.attribute]
        if report.exists() and not self._is_done(report, words):
            report.unlink()  # attackers that have finished are kept
        self.step(f'auditing {len(released)} files', report, 'audit', 'audit.py', *words)
        return report

    def _is_done(self, report: Path, words: list[str]) -> bool:
        """Whether a report is of these values and these settings."""
        settings = self.args.audit_config
        if settings and Path(settings).stat().st_mtime > report.stat().st_mtime:
            return False
        command = shlex.join(['python', 'tools/audit.py', *words])
        return load_results(report)['command'] == command


def has_weights(cfg: Config) -> bool:
    """Whether the anonymizer of a config has weights, and so has to be trained."""
    init_default_scope(cfg.get('default_scope', 'mmskanon'))
    return any(True for _ in MODELS.build(cfg.model.anonymizer).parameters())


def last_checkpoint(work: Path) -> Path:
    """The checkpoint at the end of a training, which MMEngine names in a file of the work folder.

    Raises:
        FileNotFoundError: If there is none.
    """
    named = work / 'last_checkpoint'
    if not named.exists():
        raise FileNotFoundError(
            f'{work} has no checkpoint; let the config save one (default_hooks.checkpoint), and give another --out'
        )
    # By its name, so that the folder may be moved.
    return check_file(work / Path(named.read_text().strip()).name, 'the checkpoint of a training')


def main(argv: Sequence[str] | None = None) -> None:
    """Run what is missing, print the table and draw the curve.

    Args:
        argv (Sequence[str], optional): The command line. Defaults to None, that of the process.

    Raises:
        FileNotFoundError, KeyError, ValueError: If a file or a setting is missing or faulty.
        OSError: If a step fails, or a file cannot be written.
    """
    args = parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no process is left behind
    check_device(args.device)
    cfg = read_swept_config(args)
    check_settings(args, cfg)
    if args.audit_config:
        check_file(args.audit_config, 'the settings of the audit')
    sweep = Sweep(args, has_weights(cfg))
    released = {value: sweep.release(value) for value in args.values}
    document = load_results(sweep.audit(released))
    rows = [
        {sweep.label: float(row['method']), **row}
        for row in comparison_rows({'sweep': document}, args.attribute)
    ]
    figure = tradeoff_curve(rows, sweep.label, args.attribute)
    atomic_write_bytes(csv_text(rows).encode(), args.out / 'tradeoff.csv', overwrite=True)
    atomic_write_bytes(png(figure), args.out / 'tradeoff.png', overwrite=True)
    print_table(f'{args.attribute}, by {sweep.label}', *comparison_table(rows))
    for warning in comparison_warnings(rows):
        print(warning)
    print(f'Written: {args.out / "tradeoff.png"}, tradeoff.csv, and the report in audit beside it')


if __name__ == '__main__':
    run_tool(main)
