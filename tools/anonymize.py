# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write an anonymized copy of an annotation file that stock MMAction2 recipes read.

Sequences keep their full length unless --frames says otherwise, camera coordinates, schema and dtype. Names and attributes of the samples are kept too: this
tool anonymizes motion, not metadata.
"""

import argparse
import signal

import mmskanon  # noqa: F401  installs the upstream shims before mmaction is imported

import torch  # isort: skip
from tqdm import tqdm  # isort: skip

from mmskanon.apis import anonymize_file
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
    parser.add_argument('--cfg-options', nargs='+', action=Overrides, help='overrides: key=value')
    return parser.parse_args()


def main() -> None:
    """Anonymize a file."""
    args = parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no temporary is left behind
    check_device(args.device)
    count = anonymize_file(
        read_config(args.config, args.cfg_options),
        None if args.checkpoint == 'none' else args.checkpoint,
        args.input,
        args.output,
        args.device,
        args.overwrite,
        args.seed,
        args.frames,
        lambda samples, total: tqdm(samples, total=total, desc='anonymizing', unit='clip'),
    )
    print(f'wrote {count} anonymized samples to {args.output}')


if __name__ == '__main__':
    run_tool(main)
