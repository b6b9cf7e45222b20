# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Draw one sample before and after anonymization to a GIF, MP4 or PNG.

Files are annotation files, or single recordings: .skeleton (NTU RGB+D), .mat (UTD-MHAD), .csv (ETRI-Activity3D), .npy, .npz.
The picture shows the original recording too. Treat it as you treat that.

Examples:
    python tools/visualize.py data/utd_mhad.pkl data/utd_mhad_unet.pkl a1_s1_t3.gif --sample a1_s1_t3
    python tools/visualize.py data/synthetic.pkl data/anonymized.pkl moments.png --sample 12 --view oblique
    python tools/visualize.py data/utd_mhad.pkl unet=data/unet.pkl k-same=data/k-same-4.pkl turn.mp4 --view turntable --heat
    python tools/visualize.py a1_s1_t3_skeleton.mat anonymized.npy paths.gif --arrangement over --trajectories left_wrist right_wrist
    python tools/visualize.py data/utd_mhad.pkl data/unet.pkl joints.png --heat-map
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmskanon.skeletons.layouts import guess_layout
from mmskanon.utils import run_tool, split_name
from mmskanon.visualization.arguments import add_recording_arguments, methods_of
from mmskanon.visualization.camera import ALL_VIEWS
from mmskanon.visualization.comparison import TITLES
from mmskanon.visualization.heat_map import draw_heat_map
from mmskanon.visualization.pairing import pair_samples
from mmskanon.visualization.recordings import load_samples
from mmskanon.visualization.scene import ARRANGEMENTS
from mmskanon.visualization.skeleton_plot import check_target, draw_comparison


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('original', type=Path, help='file before anonymization')
    parser.add_argument(
        'anonymized',
        nargs='+',
        metavar='[NAME=]ANONYMIZED',
        help='files after anonymization; several get the names of their methods (default: name of the file)',
    )
    parser.add_argument('out', type=Path, help='picture to write (.gif, .mp4 or .png)')
    parser.add_argument(
        '--sample',
        default='0',
        metavar='NAME_OR_INDEX',
        help='frame_dir of the sample, or its index (default: %(default)s)',
    )
    parser.add_argument(
        '--view',
        choices=ALL_VIEWS,
        default='front',
        help='where to look from; a turntable goes once round in the course of the clip (default: %(default)s)',
    )
    parser.add_argument(
        '--arrangement',
        choices=ARRANGEMENTS,
        default='beside',
        help='original in a panel of its own, or only in grey behind each anonymized body (default: %(default)s)',
    )
    parser.add_argument(
        '--heat',
        action='store_true',
        help='colour anonymized bodies by the distance of their joints from the original',
    )
    parser.add_argument(
        '--heat-max',
        type=float,
        metavar='MM',
        help='distance of the darkest colour (default: the largest of the clip)',
    )
    parser.add_argument(
        '--trajectories', nargs='+', default=[], metavar='JOINT', help='joints whose paths to draw'
    )
    parser.add_argument(
        '--trail',
        type=int,
        default=30,
        metavar='FRAMES',
        help='how far paths reach back (default: %(default)s frames)',
    )
    parser.add_argument(
        '--heat-map',
        action='store_true',
        help='draw the displacement of all joints over time instead, as one .png',
    )
    add_recording_arguments(parser)
    parser.add_argument(
        '--max-frames', type=int, help='show at most so many frames, spread over the whole clip'
    )
    parser.add_argument('--overwrite', action='store_true', help='replace the picture if it exists')
    return parser.parse_args(argv)


def check_heat_options(args: argparse.Namespace) -> None:
    """Refuse options that would have no effect.

    Args:
        args (argparse.Namespace): The command line.

    Raises:
        ValueError: If there is one, or a heat map is to be a moving picture.
    """
    if args.heat_max is not None and not (args.heat or args.heat_map):
        raise ValueError('--heat-max needs --heat or --heat-map')
    if not args.heat_map:
        return
    if args.out.suffix.lower() != '.png':
        raise ValueError(f'cannot write {args.out}: with --heat-map the name must end in .png')
    without_effect = dict(
        view=args.view != 'front',
        arrangement=args.arrangement != 'beside',
        heat=args.heat,
        trajectories=bool(args.trajectories),
        max_frames=args.max_frames is not None,
    )
    for name, given in without_effect.items():
        if given:
            raise ValueError(
                f'--{name.replace("_", "-")} has no effect on a --heat-map, which shows no bodies: leave out one of the two'
            )


def main(argv: Sequence[str] | None = None) -> None:
    """Find the sample in all files and draw it.

    Args:
        argv (Sequence[str], optional): The command line. Defaults to None, that of the process.

    Raises:
        ValueError: If the files, the sample or an option do not fit.
        OSError: If a file cannot be read or written.
    """
    args = parse_args(argv)
    check_target(args.out, args.overwrite)
    check_heat_options(args)
    words = args.anonymized
    plain = len(words) == 1 and split_name(words[0])[0] is None
    files = {TITLES[1]: words[0]} if plain else methods_of(words)
    source = str(args.original)
    before, methods = load_samples(source), {}
    for method, file in files.items():
        original, found = pair_samples(before, load_samples(file), args.sample, (source, file))
        methods[method] = found['keypoint']
    name = str(original.get('frame_dir', args.sample))
    keypoint = original['keypoint']
    layout = args.layout or guess_layout(keypoint, f'sample {name!r} of {source}')
    options = dict(fps=args.fps, title=name, heat_max=args.heat_max, overwrite=args.overwrite)
    reason = None
    try:
        if args.heat_map:
            draw_heat_map(keypoint, methods, layout, args.out, **options)
        else:
            draw_comparison(
                keypoint,
                methods,
                layout,
                args.out,
                view=args.view,
                up=args.up,
                max_frames=args.max_frames,
                arrangement=args.arrangement,
                heat=args.heat,
                trajectories=args.trajectories,
                trail=args.trail,
                **options,
            )
    except ValueError as error:
        reason = error
    if reason is not None:
        raise ValueError(f'sample {name!r} of {source} and {", ".join(files.values())}: {reason}')
    print(f'Written: {args.out} (sample {name})')


if __name__ == '__main__':
    run_tool(main)
