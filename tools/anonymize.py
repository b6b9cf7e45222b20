# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write an anonymized copy of an annotation file, or of a folder or zip archive of raw recordings.

Annotations keep their schema, and raw recordings (.skeleton of NTU RGB+D, .csv of ETRI-Activity3D, .mat of UTD-MHAD, .npy, .npz) their format;
with an output that ends in .pkl raw recordings become annotations. Sequences keep their full length unless --frames says otherwise, and camera
coordinates unless --placement does. Names and attributes are kept too, for tests and audits. To publish, add --release: names become
pseudonyms, other keys are dropped, and what is written is searched for whatever names somebody (docs/release.md).

A run that was interrupted goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import mmskanon  # noqa: F401  installs the upstream shims before mmaction is imported

import torch  # isort: skip
from tqdm import tqdm  # isort: skip

from mmskanon.collection import (
    MotionSettings,
    Outcome,
    ReleaseOptions,
    RunOptions,
    anonymize_collection,
    shard_of_launcher,
)
from mmskanon.recordings import FORMATS
from mmskanon.release import print_fates
from mmskanon.skeletons.placement import PLACEMENTS
from mmskanon.utils import Overrides, check_device, read_config, run_tool


def shard(text: str) -> tuple[int, int]:
    """Parse ``I/N``."""
    part, slash, parts = text.partition('/')
    if not (slash and part.isdigit() and parts.isdigit() and int(part) < int(parts)):
        raise argparse.ArgumentTypeError(
            f'expected I/N with I from 0 to N-1, such as 0/4, found {text!r}'
        )
    return int(part), int(parts)


def parse_args() -> argparse.Namespace:
    """Command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config that trained the anonymizer')
    parser.add_argument('checkpoint', help="its checkpoint; 'none' for anonymizers without weights")
    parser.add_argument('input', help='annotation file (.pkl), or folder or .zip of recordings')
    parser.add_argument(
        'output', help='what to write: annotation file (.pkl), or folder or .zip of recordings'
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace the output if it exists; a folder only if it holds nothing but recordings',
    )
    parser.add_argument(
        '--device', default='cuda' if torch.cuda.is_available() else 'cpu', help='where to run'
    )
    parser.add_argument(
        '--seed', type=int, help='seed of anonymizers that draw at random (default: fresh)'
    )
    parser.add_argument(
        '--frames',
        type=int,
        help='bring every clip to this number of frames; how long somebody takes tells who it is',
    )
    parser.add_argument(
        '--placement',
        choices=PLACEMENTS,
        help='where bodies are: as recorded (default), there along a smoothed path, or at the origin, upright and to the front (default with --release)',
    )
    parser.add_argument(
        '--format',
        choices=sorted(FORMATS),
        help='format of recordings (default: told by the files)',
    )
    parser.add_argument('--dry-run', action='store_true', help='check and plan, write nothing')
    parser.add_argument('--cfg-options', nargs='+', action=Overrides, help='overrides: key=value')
    scale = parser.add_argument_group('large collections')
    scale.add_argument('--workers', type=int, help='processes (default: one a CPU where it pays)')
    scale.add_argument(
        '--batch-size', type=int, help='clips of equal length in one call (default: 1, 32 on a GPU)'
    )
    scale.add_argument(
        '--shard',
        type=shard,
        metavar='I/N',
        help='do only part I of N, from 0; when all are done, the command without --shard puts them together',
    )
    scale.add_argument(
        '--skip-faulty', action='store_true', help='leave out recordings that cannot be used'
    )
    release = parser.add_argument_group('publishing')
    release.add_argument('--release', action='store_true', help='write what names nobody')
    release.add_argument(
        '--keep',
        nargs='+',
        default=[],
        metavar='KEY',
        help='keys of samples to publish beside the harmless ones; subject becomes a pseudonym',
    )
    release.add_argument(
        '--key-file', help='key of the pseudonyms (default: a fresh one that nobody has afterwards)'
    )
    release.add_argument(
        '--shuffle',
        action=argparse.BooleanOptionalAction,
        help='samples in the order of their pseudonyms; the order of the original tells the names (default with --release)',
    )
    release.add_argument('--audit', help='report.json of an audit that the provenance quotes')
    release.add_argument('--audit-method', help='method of that audit, if it has several')
    args = parser.parse_args()
    given = ('keep', 'key_file', 'shuffle', 'audit', 'audit_method')
    for name in given if not args.release else ():
        if getattr(args, name) not in (None, [], False):
            parser.error(f'--{name.replace("_", "-")} needs --release')
    return args


def options(args: argparse.Namespace) -> tuple[MotionSettings, ReleaseOptions | None, RunOptions]:
    """What is asked for."""
    on_gpu = not args.device.startswith('cpu')
    batch_size = args.batch_size if args.batch_size is not None else 32 if on_gpu else 1
    run = RunOptions(
        overwrite=args.overwrite,
        workers=args.workers,
        shard=args.shard or shard_of_launcher(),
        wait=args.shard is None,
        skip_faulty=args.skip_faulty,
    )
    release = None
    if args.release:
        release = ReleaseOptions(
            tuple(args.keep),
            args.key_file,
            args.shuffle is not False,
            args.audit,
            args.audit_method,
        )
    motion = MotionSettings(
        read_config(args.config, args.cfg_options),
        None if args.checkpoint == 'none' else args.checkpoint,
        args.device,
        args.frames,
        args.placement or ('canonical' if args.release else 'keep'),
        batch_size,
    )
    return motion, release, run


def tell(outcome: Outcome, args: argparse.Namespace) -> None:
    """Print what was done."""
    if outcome.note:
        print(outcome.note)
        return
    if outcome.remaining:
        print(
            f'this shard is done; {outcome.remaining} recordings are left to others. When all are done, give the command without --shard'
        )
        return
    if outcome.fates:
        print_fates(outcome.fates)
    for line in outcome.problems:
        print(f'left out: {line}')
    others = len(outcome.left_out) - len(outcome.problems)
    if others:
        print(f'left out: {others} recordings that show nobody')
    if args.dry_run:
        what = 'can be released' if args.release else 'can be anonymized'
        print(f'dry run: {outcome.recordings} samples {what}; nothing was anonymized or written')
    elif outcome.finished:
        searched = '; the search found nothing' if args.release else ''
        print(f'wrote {outcome.recordings} anonymized samples to {args.output}{searched}')
    elif args.shard is not None:
        print('all shards are done; give the command without --shard to put them together')


def progress_bar(total: int, done: int) -> tqdm:
    """Progress on the standard error: ten times a second on a terminal, every half minute in a log file."""
    seconds = 0.1 if sys.stderr.isatty() else 30
    return tqdm(total=total, initial=done, desc='anonymizing', unit='clip', mininterval=seconds)


def main() -> None:
    """Anonymize a collection."""
    args = parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no temporary is left behind
    check_device(args.device)
    motion, release, run = options(args)
    outcome = anonymize_collection(
        motion,
        Path(args.input),
        Path(args.output),
        args.seed,
        release,
        run,
        args.format,
        args.dry_run,
        progress_bar,
    )
    tell(outcome, args)


if __name__ == '__main__':
    run_tool(main)
