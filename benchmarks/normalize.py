# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time NormalizeSkeleton beside MMAction2's PreNormalize3D on the same clips, in turn, in one process.

Example:
    python benchmarks/normalize.py --persons 2 --frames 100
"""

import argparse
import os
import platform
import statistics
import sys
import time

import mmskanon  # isort: skip  first, so that MMAction2 can be imported

import numpy as np
import torch
from mmaction.datasets.transforms import PreNormalize3D

from mmskanon.datasets.transforms import NormalizeSkeleton


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--persons', type=int, nargs='+', default=[1, 2], help='persons a clip')
    parser.add_argument('--frames', type=int, default=100, help='frames a clip')
    parser.add_argument('--clips', type=int, default=300, help='clips timed')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--require', type=float, default=0, help='exit with 1 if a ratio is below this'
    )
    return parser.parse_args()


def time_in_turn(transforms: dict, clips: list[np.ndarray]) -> tuple[dict, float]:
    """Run each transform on each clip, one after the other.

    Args:
        transforms (dict): Transforms by name.
        clips (list[np.ndarray]): Skeletons of shape (M, T, V, C).

    Returns:
        tuple[dict, float]: Seconds by name, and the largest difference between their results.
    """
    seconds = {name: [] for name in transforms}
    difference = 0.0
    for number, clip in enumerate(clips):
        # The order changes from clip to clip, so that neither always finds the clip in the cache.
        names = list(transforms)[:: 1 if number % 2 else -1]
        outputs = []
        for name in names:
            sample = dict(keypoint=clip.copy(), total_frames=clip.shape[1])
            start = time.perf_counter()
            sample = transforms[name](sample)
            seconds[name].append(time.perf_counter() - start)
            outputs.append(sample['keypoint'])
        difference = max(difference, float(np.abs(outputs[0] - outputs[1]).max()))
    return seconds, difference


def main() -> int:
    """Print a table; return the exit status."""
    args = parse_args()
    print(
        f'{platform.platform()}, {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, '
        f'NumPy {np.__version__}, mmskanon {mmskanon.__version__}, {torch.get_num_threads()} torch thread(s)'
    )
    rng = np.random.default_rng(args.seed)
    transforms = {'stock': PreNormalize3D(), 'ours': NormalizeSkeleton('nturgb+d')}
    status = 0
    for persons in args.persons:
        pose = rng.normal(scale=0.4, size=(persons, 1, 25, 3)) + [0, 0, 3]
        motion = rng.normal(scale=0.01, size=(args.clips, persons, args.frames, 25, 3)).cumsum(2)
        seconds, difference = time_in_turn(transforms, list((pose + motion).astype(np.float32)))
        stock, ours = (1e3 * statistics.median(seconds[name]) for name in ('stock', 'ours'))
        print(
            f'{persons} person(s), {args.frames} frames, 25 joints, {args.clips} clips: PreNormalize3D {stock:.3f} ms, '
            f'NormalizeSkeleton {ours:.3f} ms (medians), ratio {stock / ours:.1f}x, largest difference {difference:.1e} m'
        )
        if stock / ours < args.require:
            print(f'the ratio is below the {args.require:g} required', file=sys.stderr)
            status = 1
    return status


if __name__ == '__main__':
    sys.exit(main())
