# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Write a page in which samples are played before and after anonymization: one HTML file that needs no network.

The page holds the original recordings of the samples shown. Treat it as you treat those.

Examples:
    python tools/viewer.py data/utd_mhad.pkl data/unet.pkl viewer.html
    python tools/viewer.py data/utd_mhad.pkl unet=data/unet.pkl k-same=data/k-same-4.pkl viewer.html --samples a1_s1_t3 a9_s2_t1
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmskanon.io.pickles import load_annotations
from mmskanon.skeletons.layouts import guess_layout
from mmskanon.utils import run_tool
from mmskanon.visualization.arguments import add_recording_arguments, methods_of
from mmskanon.visualization.comparison import spread
from mmskanon.visualization.pairing import annotation_list, pair_samples
from mmskanon.visualization.viewer import ViewerSample, write_viewer


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('original', type=Path, help='annotation file before anonymization (.pkl)')
    parser.add_argument(
        'anonymized',
        nargs='+',
        metavar='[NAME=]ANONYMIZED',
        help='annotation files after anonymization (.pkl), each with the name of its method (default: name of the file)',
    )
    parser.add_argument('out', type=Path, help='page to write (.html)')
    parser.add_argument(
        '--samples',
        nargs='+',
        metavar='NAME_OR_INDEX',
        help='frame_dir of samples, or their indices (default: spread evenly over the file)',
    )
    parser.add_argument(
        '--max-samples',
        type=int,
        default=12,
        help='show at most so many samples (default: %(default)s)',
    )
    add_recording_arguments(parser)
    parser.add_argument('--overwrite', action='store_true', help='replace the page if it exists')
    return parser.parse_args(argv)


def chosen(args: argparse.Namespace, original: Sequence[dict]) -> Sequence[str | int]:
    """Return the names or indices of the samples to show.

    Args:
        args (argparse.Namespace): The command line.
        original (Sequence[dict]): Samples of the original file.

    Returns:
        Sequence[str | int]: Names or indices.

    Raises:
        ValueError: If ``--max-samples`` is below 1, or below the number of ``--samples``.
    """
    if args.max_samples < 1:
        raise ValueError(f'--max-samples must be at least 1, found {args.max_samples}')
    if not args.samples:
        shown = spread(len(original), args.max_samples)
        return [original[i].get('frame_dir') or int(i) for i in shown]
    if len(args.samples) > args.max_samples:
        raise ValueError(
            f'{len(args.samples)} samples are more than --max-samples {args.max_samples}; allow more of them, or name fewer'
        )
    return list(dict.fromkeys(args.samples))


def main(argv: Sequence[str] | None = None) -> None:
    """Find the samples in all files and write the page.

    Args:
        argv (Sequence[str], optional): The command line. Defaults to None, that of the process.

    Raises:
        ValueError: If the files, a sample or an option do not fit.
        OSError: If a file cannot be read or written.
    """
    args = parse_args(argv)
    if args.out.suffix.lower() not in ('.html', '.htm'):
        raise ValueError(f'cannot write {args.out}: the name must end in .html')
    if args.out.exists() and not args.overwrite:
        raise FileExistsError(
            f'{args.out} exists already: choose another name, or allow to overwrite it'
        )
    methods = methods_of(args.anonymized)
    before = annotation_list(load_annotations(str(args.original)), str(args.original))
    shown = chosen(args, before)
    originals: list[dict] = []
    anonymized: list[dict] = [{} for _ in shown]
    for method, file in methods.items():
        after = annotation_list(load_annotations(file), file)
        pairs = [pair_samples(before, after, s, (str(args.original), file)) for s in shown]
        originals = [pair[0] for pair in pairs]
        for clips, (_, found) in zip(anonymized, pairs, strict=True):
            clips[method] = found['keypoint']
    samples = [
        ViewerSample(str(sample.get('frame_dir', name)), sample['keypoint'], clips)
        for sample, name, clips in zip(originals, shown, anonymized, strict=True)
    ]
    where = f'sample {samples[0].name!r} of {args.original}'
    layout = args.layout or guess_layout(samples[0].original, where)
    size = write_viewer(
        samples,
        layout,
        args.out,
        overwrite=args.overwrite,
        title=args.original.stem,
        fps=args.fps,
        up=args.up,
    )
    counted = f'{len(samples)} of {len(before)} samples, {len(methods)} {"method" if len(methods) == 1 else "methods"}'
    print(f'Written: {args.out} ({counted}, {size / 1000:.0f} kB; it holds original recordings)')


if __name__ == '__main__':
    run_tool(main)
