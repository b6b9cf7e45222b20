# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write an anonymized copy of an annotation file that stock MMAction2 recipes read.

Sequences keep their full length unless --frames says otherwise, schema and dtype, and camera coordinates unless --placement says
otherwise. Names and attributes of the samples are kept too, for tests and audits. To publish a file, add --release: names become
pseudonyms, other keys are dropped, and the finished file is searched for whatever names somebody (docs/release.md).
"""

import argparse
import signal

import mmskanon  # noqa: F401  installs the upstream shims before mmaction is imported

import torch  # isort: skip
from tqdm import tqdm  # isort: skip

from mmskanon.apis import ReleaseOptions, anonymize_file, release_file
from mmskanon.release import print_fates
from mmskanon.skeletons.placement import PLACEMENTS
from mmskanon.utils import Overrides, check_device, read_config, run_tool


def parse_args() -> argparse.Namespace:
    """Command-line arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config that trained the anonymizer')
    parser.add_argument('checkpoint', help="its checkpoint; 'none' for anonymizers without weights")
    parser.add_argument('input', help='annotation file (.pkl)')
    parser.add_argument('output', help='annotation file to write (.pkl)')
    parser.add_argument('--overwrite', action='store_true', help='replace the output if it exists')
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
        help='where bodies are: as recorded (default), or at the origin, upright and to the front (default with --release)',
    )
    parser.add_argument('--cfg-options', nargs='+', action=Overrides, help='overrides: key=value')
    release = parser.add_argument_group('publishing')
    release.add_argument('--release', action='store_true', help='make a file that names nobody')
    release.add_argument(
        '--keep',
        nargs='+',
        default=[],
        metavar='KEY',
        help='keys of samples to publish beside the harmless ones; subject becomes a pseudonym',
    )
    release.add_argument(
        '--key-file', help='key of the pseudonyms (default: a fresh one that is stored nowhere)'
    )
    release.add_argument(
        '--shuffle',
        action=argparse.BooleanOptionalAction,
        help='random order of samples; the order of the original tells the names (default with --release)',
    )
    release.add_argument('--audit', help='report.json of an audit that the provenance quotes')
    release.add_argument('--audit-method', help='method of that audit, if it has several')
    release.add_argument('--dry-run', action='store_true', help='check and plan, write nothing')
    args = parser.parse_args()
    given = ('keep', 'key_file', 'shuffle', 'audit', 'audit_method', 'dry_run')
    for name in given if not args.release else ():
        if getattr(args, name) not in (None, [], False):
            parser.error(f'--{name.replace("_", "-")} needs --release')
    return args


def main() -> None:
    """Anonymize a file."""
    args = parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no temporary is left behind
    check_device(args.device)
    cfg = read_config(args.config, args.cfg_options)
    checkpoint = None if args.checkpoint == 'none' else args.checkpoint
    common = dict(
        device=args.device,
        overwrite=args.overwrite,
        seed=args.seed,
        frames=args.frames,
        watch=lambda samples, total: tqdm(samples, total=total, desc='anonymizing', unit='clip'),
    )
    if not args.release:
        count = anonymize_file(
            cfg,
            checkpoint,
            args.input,
            args.output,
            placement=args.placement or 'keep',
            **common,
        )
        print(f'wrote {count} anonymized samples to {args.output}')
        return
    options = ReleaseOptions(
        tuple(args.keep),
        args.key_file,
        args.shuffle is not False,
        args.placement or 'canonical',
        args.audit,
        args.audit_method,
    )
    made = release_file(
        cfg, checkpoint, args.input, args.output, options, dry_run=args.dry_run, **common
    )
    print_fates(made.fates)
    if args.dry_run:
        print(f'dry run: {made.samples} samples can be released; nothing was anonymized or written')
    else:
        print(f'wrote {made.samples} anonymized samples to {args.output}; the search found nothing')


if __name__ == '__main__':
    run_tool(main)
