# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Frames a second of moving pictures on one core: drawing alone, and drawing with encoding to GIF and MP4.

The first frame, which draws everything that stands still, is part of the time. Processor time says more than the clock where other
programs run beside. The content of a clip does not matter for its time; walkers are made up.

Example:
    OMP_NUM_THREADS=1 python benchmarks/pictures.py --require 50
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmskanon.skeletons.layouts import LAYOUTS, get_layout
from mmskanon.visualization.scene import Marks
from mmskanon.visualization.skeleton_plot import draw_comparison, make_scene

PLAIN = dict(view='front', marks={})
FULL = dict(view='turntable', marks=dict(heat=True, trajectories=(7, 11), trail=30))


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--layouts', nargs='+', choices=sorted(LAYOUTS), default=['nturgb+d'])
    parser.add_argument('--persons', type=int, nargs='+', default=[1, 2], help='persons a clip')
    parser.add_argument('--frames', type=int, default=150, help='frames a clip')
    parser.add_argument('--repeats', type=int, default=3, help='clips drawn for each figure')
    parser.add_argument(
        '--require',
        type=float,
        default=0,
        help='exit with 1 if a processor could not make so many frames a second, encoding included',
    )
    return parser.parse_args(argv)


def made_up(persons: int, frames: int, joints: int, seed: int = 0) -> np.ndarray:
    """Bodies of random poses that swing (M, T, V, C), in metres."""
    rng = np.random.default_rng(seed)
    pose = rng.normal(size=(persons, 1, joints, 3)) * [0.2, 0.5, 0.2] + [0, 0, 3]
    pose[..., 0] += np.arange(persons)[:, None, None]
    phase = np.linspace(0, 6 * np.pi, frames)[:, None, None]
    return pose + 0.2 * np.sin(phase + rng.uniform(0, 6, (persons, 1, joints, 3)))


def rates(make: Callable[[], None], frames: int, repeats: int) -> tuple[float, float]:
    """Median frames a second by the clock, and by processor time."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        make()
        seconds.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    return tuple(frames / statistics.median(column) for column in zip(*seconds, strict=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table; return 1 if the processor is slower than required."""
    args = parse_args(argv)
    slowest = float('inf')
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    print(f'{args.frames} frames a clip, median of {args.repeats}, {cores} cores allowed')
    print('frames a second by the clock / by processor time')
    print(f'{"layout, persons, picture":34}{"drawing":>16}{"to GIF":>16}{"to MP4":>16}')
    with tempfile.TemporaryDirectory() as folder:
        for name in args.layouts:
            layout = get_layout(name)
            for persons in args.persons:
                clip = made_up(persons, args.frames, layout.num_joints)
                moved = clip * [0.9, 1.0, 1.0] + made_up(1, args.frames, layout.num_joints, 1) / 10
                for what, options in dict(plain=PLAIN, everything=FULL).items():
                    if layout.dims == 2:
                        options = dict(options, view='front')
                    scene = dict(view=options['view'], marks=Marks(**options['marks']))

                    def draw(clip=clip, moved=moved, layout=layout, scene=scene) -> None:
                        shown = make_scene(clip[..., : layout.dims], moved, layout, **scene)
                        for _ in shown.film('a clip', range(args.frames)):
                            pass

                    def encode(ending, clip=clip, moved=moved, layout=layout, options=options):
                        path = Path(folder, f'clip{ending}')
                        extra = dict(view=options['view'], overwrite=True, **options['marks'])
                        draw_comparison(clip, moved, layout, path, title='a clip', **extra)

                    found = [
                        rates(make, args.frames, args.repeats)
                        for make in (draw, lambda: encode('.gif'), lambda: encode('.mp4'))
                    ]
                    slowest = min(slowest, *(processor for _, processor in found[1:]))
                    cells = ''.join(f'{f"{clock:.0f} / {cpu:.0f}":>16}' for clock, cpu in found)
                    print(f'{f"{name}, {persons}, {what}":34}{cells}')
    if slowest < args.require:
        print(
            f'{slowest:.1f} frames a second of processor time are below the {args.require:g} required',
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
