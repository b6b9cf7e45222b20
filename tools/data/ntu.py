# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Convert the .skeleton files of NTU RGB+D 60 or 120 to one annotation file, or to one file a sample and an index.

Examples:
    python tools/data/ntu.py downloads/nturgbd_skeletons_s001_to_s017.zip data/ntu/ntu60.pkl \\
        --missing downloads/NTU_RGBD_samples_with_missing_skeletons.txt
    python tools/data/ntu.py folder_of_skeletons more.zip data/ntu/ntu120.pkl --per-sample --workers 16

Run the same command again to go on after an interruption. docs/ntu.md has the rules.
"""

import argparse
import os
import sys
from pathlib import Path

from tqdm import tqdm

from mmskanon.datasets.converters.ntu import (
    BodyRules,
    ConversionOptions,
    convert_ntu,
    print_report,
)
from mmskanon.utils import add_annotation_output, run_converter, run_tool


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'sources', type=Path, nargs='+', help='folders and zip archives with .skeleton files'
    )
    add_annotation_output(parser)
    parser.add_argument(
        '--missing',
        type=Path,
        nargs='+',
        default=[],
        metavar='FILE',
        help="the owners' lists of samples with missing skeletons, which are left out",
    )
    parser.add_argument(
        '--attributes',
        nargs='+',
        default=[],
        metavar='CSV',
        help='files with the header subject,<attribute>, for example subject,gender',
    )
    parser.add_argument(
        '--dtype',
        default='float32',
        choices=['float32', 'float16'],
        help='of the coordinates; float16 costs up to 1 mm a coordinate within 4 m, 2 mm beyond (default: float32)',
    )
    parser.add_argument(
        '--per-sample',
        action='store_true',
        help='write keypoints to a folder named like the output, one file a sample, for data_prefix=dict(skeleton=FOLDER)',
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
    parser.add_argument(
        '--motion-test',
        action='store_true',
        help='also drop further bodies that move too little or too much',
    )
    parser.add_argument(
        '--keep-empty-frames', action='store_true', help='keep frames without a person, as zeros'
    )
    return parser.parse_args(argv)


def convert(args: argparse.Namespace) -> None:
    tqdm.monitor_interval = 0  # no thread of its own: processes are forked later
    options = ConversionOptions(
        rules=BodyRules(motion_test=args.motion_test, keep_empty=args.keep_empty_frames),
        dtype=args.dtype,
        per_sample=args.per_sample,
        attribute_files=tuple(args.attributes),
    )
    with tqdm(desc='Converting', unit='file') as bar:

        def progress(done: int, total: int) -> None:
            if bar.total is None:
                bar.reset(total)
                bar.initial = bar.n = (
                    done  # parts of an earlier run, which must not count for the rate
                )
            bar.update(done - bar.n)

        try:
            report = convert_ntu(
                args.sources,
                args.out,
                options,
                missing=args.missing,
                workers=args.workers,
                strict=args.strict,
                overwrite=args.overwrite,
                progress=progress,
            )
        except KeyboardInterrupt:
            bar.write('Run the same command again to go on from the finished parts.', sys.stderr)
            raise
    print_report(report)
    print(f'Written: {args.out}, and the report beside it.')


def main(argv=None) -> None:
    run_converter(convert, parse_args(argv))


if __name__ == '__main__':
    run_tool(main)
