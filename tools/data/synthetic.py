# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Generate synthetic skeleton data with known identity cues.

Examples:
    python tools/data/synthetic.py data/synthetic.pkl
    python tools/data/synthetic.py data/only_tempo.pkl --cues tempo --seed 3
    python tools/data/synthetic.py data/no_identity.pkl --cues none
"""

import argparse

from tqdm import tqdm

from mmskanon.datasets.converters import (
    CUES,
    SyntheticConfig,
    generate_synthetic,
    print_summary,
)
from mmskanon.io.atomic import atomic_pickle
from mmskanon.utils import add_annotation_output, run_converter, run_tool


def parse_args(argv=None) -> argparse.Namespace:
    default = SyntheticConfig()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_annotation_output(parser)
    for name, what in (
        ('num_subjects', 'subjects'),
        ('num_actions', 'action classes altogether'),
        ('two_person_actions', 'how many of them involve two persons'),
        ('trials', 'repetitions; odd ones train, even ones test'),
        ('seed', 'seed of everything random'),
    ):
        parser.add_argument(
            '--' + name.replace('_', '-'),
            type=int,
            default=getattr(default, name),
            help=f'{what} (default: %(default)s)',
        )
    parser.add_argument(
        '--frames',
        type=int,
        nargs=2,
        default=default.frames,
        metavar=('SHORTEST', 'LONGEST'),
        help=f'clip length in frames (default: {default.frames[0]} {default.frames[1]})',
    )
    parser.add_argument(
        '--fps', type=float, default=default.fps, help='frames a second (default: %(default)s)'
    )
    parser.add_argument(
        '--noise-std',
        type=float,
        default=default.noise_std,
        help='sensor noise in metres (default: %(default)s)',
    )
    parser.add_argument(
        '--cues',
        nargs='+',
        choices=(*CUES, 'none'),
        default=CUES,
        metavar='CUE',
        help=f'identity cues to switch on, or none; out of {", ".join(CUES)} (default: all)',
    )
    return parser.parse_args(argv)


def generate(args: argparse.Namespace) -> None:
    if 'none' in args.cues and len(args.cues) > 1:
        raise ValueError(f"--cues: 'none' excludes the others, found {' '.join(args.cues)}.")
    options = {key: value for key, value in vars(args).items() if key not in ('out', 'overwrite')}
    options['cues'] = [cue for cue in args.cues if cue != 'none']
    config = SyntheticConfig(**options)
    total = config.num_subjects * config.num_actions * config.trials
    data = generate_synthetic(
        config, lambda clips: tqdm(clips, total=total, desc='Generating', unit='clip')
    )
    atomic_pickle(data, args.out, overwrite=args.overwrite)
    print_summary(data, 'Synthetic skeletons')
    print('Actions by label:', ', '.join(config.action_names))
    print('Identity cues:', ', '.join(cue for cue in CUES if cue in config.cues) or 'none')
    print(f'Written: {args.out}')


def main(argv=None) -> None:
    run_converter(generate, parse_args(argv))


if __name__ == '__main__':
    run_tool(main)
