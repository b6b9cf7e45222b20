# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Draw one sample before and after anonymization, side by side, to a GIF, MP4 or PNG.

Examples:
    python tools/visualize.py data/utd_mhad.pkl data/utd_mhad_unet.pkl a1_s1_t3.gif --sample a1_s1_t3
    python tools/visualize.py data/synthetic.pkl data/anonymized.pkl moments.png --sample 12 --view oblique
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmskanon.io.pickles import load_annotations
from mmskanon.utils import run_tool
from mmskanon.visualization.arguments import add_recording_arguments
from mmskanon.visualization.pairing import annotation_list, guess_layout, pair_samples
from mmskanon.visualization.skeleton_plot import check_target, draw_comparison
from mmskanon.visualization.views import VIEWS


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('original', type=Path, help='annotation file before anonymization (.pkl)')
    parser.add_argument('anonymized', type=Path, help='annotation file after anonymization (.pkl)')
    parser.add_argument('out', type=Path, help='picture to write (.gif, .mp4 or .png)')
    parser.add_argument(
        '--sample',
        default='0',
        metavar='NAME_OR_INDEX',
        help='frame_dir of the sample, or its index (default: %(default)s)',
    )
    parser.add_argument(
        '--view',
        choices=list(VIEWS),
        default='front',
        help='where to look from (default: %(default)s)',
    )
    add_recording_arguments(parser)
    parser.add_argument(
        '--max-frames', type=int, help='show at most so many frames, spread over the whole clip'
    )
    parser.add_argument('--overwrite', action='store_true', help='replace the picture if it exists')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Find the sample in both files and draw it.

    Args:
        argv (Sequence[str], optional): The command line. Defaults to None, that of the process.

    Raises:
        ValueError: If the files, the sample or an option do not fit.
        OSError: If a file cannot be read or written.
    """
    args = parse_args(argv)
    check_target(args.out, args.overwrite)
    files = (str(args.original), str(args.anonymized))
    sides = [annotation_list(load_annotations(file), file) for file in files]
    original, anonymized = pair_samples(*sides, args.sample, files)
    keypoint = original['keypoint']
    name = str(original.get('frame_dir', args.sample))
    layout = args.layout or guess_layout(keypoint, f'sample {name!r} of {files[0]}')
    reason = None
    try:
        draw_comparison(
            keypoint,
            anonymized['keypoint'],
            layout,
            args.out,
            fps=args.fps,
            view=args.view,
            title=name,
            up=args.up,
            max_frames=args.max_frames,
            overwrite=args.overwrite,
        )
    except ValueError as error:
        reason = error
    if reason is not None:
        raise ValueError(f'sample {name!r} of {files[0]} and {files[1]}: {reason}')
    print(f'Written: {args.out} (sample {name})')


if __name__ == '__main__':
    run_tool(main)
