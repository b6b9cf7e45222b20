# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Convert the skeleton files of UTD-MHAD to one annotation file.

Example:
    python tools/data/utd_mhad.py downloads/Skeleton.zip data/utd_mhad.pkl
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from mmskanon.datasets.converters.summary import print_summary
from mmskanon.datasets.converters.utd_mhad import (
    convert_recordings,
    list_recordings,
    missing_trials,
)
from mmskanon.io.atomic import atomic_pickle
from mmskanon.utils import add_annotation_output, run_converter, run_tool


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'source', type=Path, help='folder or zip archive with a*_s*_t*_skeleton.mat'
    )
    add_annotation_output(parser)
    return parser.parse_args(argv)


def convert(args: argparse.Namespace) -> None:
    recordings, other = list_recordings(args.source)
    if other:
        print(f'{len(other)} files of other sensors left aside (the first: {other[0]}).')
    data = convert_recordings(tqdm(recordings, desc='Reading', unit='file'))
    atomic_pickle(data, args.out, overwrite=args.overwrite)
    print_summary(data, 'UTD-MHAD')
    missing = missing_trials(data)
    if missing:
        shown = ', '.join(missing[:5]) + (', ...' if len(missing) > 5 else '')
        print(f'{len(missing)} of the 864 planned performances have no file: {shown}.')
    print(f'Written: {args.out}')


def main(argv=None) -> None:
    run_converter(convert, parse_args(argv))


if __name__ == '__main__':
    run_tool(main)
