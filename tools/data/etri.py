# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Convert the skeleton files of ETRI-Activity3D to one annotation file.

Example:
    python tools/data/etri.py downloads/P001-P050.zip downloads/P051-P100.zip data/etri/etri.pkl --people downloads/gender_age.txt

docs/etri.md says what is kept and why.
"""

import argparse
import os
from pathlib import Path

from tqdm import tqdm

from mmskanon.datasets.converters.etri import (
    DTYPES,
    TEST_CAMERAS,
    TWO_PERSON_ACTIONS,
    ETRIOptions,
    convert_etri,
    print_etri_report,
)
from mmskanon.utils import add_annotation_output, run_converter, run_tool


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'sources', type=Path, nargs='+', help='folders and zip archives with A*_P*_G*_C*.csv'
    )
    add_annotation_output(parser)
    parser.add_argument(
        '--people', type=Path, help="the owners' gender_age.txt (default: the one in the sources)"
    )
    parser.add_argument(
        '--skip-actions',
        type=int,
        nargs='*',
        default=TWO_PERSON_ACTIONS,
        metavar='NUMBER',
        help=f'actions to leave out (default: those of two persons, {" ".join(map(str, TWO_PERSON_ACTIONS))})',
    )
    parser.add_argument(
        '--test-cameras',
        type=int,
        nargs='+',
        default=TEST_CAMERAS,
        metavar='NUMBER',
        help=f'cameras of the split xview_val (default: {" ".join(map(str, TEST_CAMERAS))})',
    )
    parser.add_argument(
        '--dtype',
        choices=DTYPES,
        default='float32',
        help='of the coordinates; float16 costs up to 1 mm a coordinate within 4 m, 2 mm beyond (default: float32)',
    )
    parser.add_argument(
        '--workers',
        type=int,
        default=os.cpu_count(),
        help='processes (default: the number of processors)',
    )
    parser.add_argument(
        '--strict', action='store_true', help='end at the first file that cannot be read'
    )
    return parser.parse_args(argv)


def convert(args: argparse.Namespace) -> None:
    options = ETRIOptions(tuple(args.skip_actions), tuple(args.test_cameras), args.dtype)
    with tqdm(desc='Converting', unit='file') as bar:

        def progress(done: int, total: int) -> None:
            if bar.total is None:
                bar.reset(total)
            bar.update(done - bar.n)

        report = convert_etri(
            args.sources,
            args.out,
            args.people,
            options,
            workers=args.workers,
            strict=args.strict,
            overwrite=args.overwrite,
            progress=progress,
        )
    print_etri_report(report)
    print(f'Written: {args.out}, and the report beside it.')


def main(argv=None) -> None:
    run_converter(convert, parse_args(argv))


if __name__ == '__main__':
    run_tool(main)
