# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time a frame of each anonymizer on a stream, on one thread, with made-up people: median and 99th percentile of StreamingAnonymizer.push.

Example:
    python benchmarks/streaming.py --require 5 --require-window 33
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence

import mmskanon  # isort: skip  first, so that MMAction2 can be imported

import numpy as np
import torch

from mmskanon.apis import StreamingAnonymizer
from mmskanon.models import anonymizers as methods
from mmskanon.skeletons.layouts import SkeletonLayout, get_layout


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--layout', default='nturgb+d', help='a three-dimensional layout')
    parser.add_argument('--persons', type=int, default=2, help='persons, all there all the time')
    parser.add_argument('--frames', type=int, default=2000, help='frames timed')
    parser.add_argument('--window', type=int, default=64, help='window of the UNets in frames')
    parser.add_argument('--window-frames', type=int, default=300, help='frames timed of the UNets')
    parser.add_argument('--only', nargs='+', metavar='NAME', help='time these rows alone')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--require',
        type=float,
        default=0,
        help='exit with 1 where a frame-wise anonymizer is above this many ms (p99 of the processor time)',
    )
    parser.add_argument(
        '--require-window', type=float, default=0, help='the same for UNets on a window'
    )
    return parser.parse_args(argv)


def rows(layout: SkeletonLayout, window: int) -> dict[str, tuple[Callable, dict]]:
    """What is timed: how to build it, given layout and persons, and the arguments of the stream."""
    lengths = [0.0 if j == layout.root else 0.25 for j in range(layout.num_joints)]
    build = {
        'identity': lambda **on: methods.IdentityAnonymizer(**on),
        'noise': lambda **on: methods.GaussianNoiseAnonymizer(0.05, **on),
        'canonical bones': lambda **on: methods.CanonicalBonesAnonymizer(lengths, **on),
        'resnet': lambda **on: methods.ResNetAnonymizer(**on),
        'autoencoder': lambda **on: methods.AutoencoderAnonymizer(**on),
        'canonical body, resnet': lambda **on: methods.CanonicalBodyAnonymizer(
            dict(type='ResNetAnonymizer'), body=dict(lengths=lengths), **on
        ),
        'smoothing, sigma 2': lambda **on: methods.SmoothingAnonymizer(2, **on),
        'student': lambda **on: methods.NoisyCodeAnonymizer(lengths=lengths, **on),
    }
    made = {name: (function, {}) for name, function in build.items()}
    for channels in (16, 64):
        made[f'unet {channels}, window {window}'] = (
            lambda channels=channels, **on: methods.UNetAnonymizer(channels, **on),
            dict(window=window),
        )
    return made


def time_frames(stream: StreamingAnonymizer, frames: np.ndarray, warmup: int) -> np.ndarray:
    """Milliseconds of each push after the first ``warmup``: shape (2, T), by the clock on the wall and of this thread's processor."""
    taken = []
    for frame in frames:
        wall, used = time.perf_counter(), time.thread_time()
        stream.push(frame)
        taken.append((time.perf_counter() - wall, time.thread_time() - used))
    return 1e3 * np.array(taken[warmup:]).T


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table; return the exit status."""
    args = parse_args(argv)
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    layout = get_layout(args.layout)
    print(
        f'{platform.platform()}, {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, '
        f'PyTorch {torch.__version__}, mmskanon {mmskanon.__version__}, 1 thread\n'
        f'{args.persons} person(s), {layout.num_joints} joints, {args.frames} frames timed, {args.window_frames} of the UNets\n'
        '| | frames of latency | CPU p50 ms | CPU p99 ms | wall p50 ms | wall p99 ms |\n| --- | ---: | ---: | ---: | ---: | ---: |'
    )
    rng = np.random.default_rng(args.seed)
    status = 0
    for name, (build, options) in rows(layout, args.window).items():
        if args.only and name not in args.only:
            continue
        anonymizer = build(layout=layout, num_person=args.persons).requires_grad_(False).eval()
        anonymizer.normalization = dict(layout=layout)
        stream = StreamingAnonymizer(anonymizer, seed=args.seed, **options)
        warmup = 10 + (stream.window or anonymizer.receptive_field)  # until windows are full
        pose = rng.normal(scale=0.4, size=(args.persons, layout.num_joints, 3)) + [0, 0, 3]
        frames = warmup + (args.window_frames if options else args.frames)
        motion = rng.normal(scale=0.01, size=(frames, *pose.shape)).cumsum(0)
        wall, used = time_frames(stream, (pose + motion).astype(np.float32), warmup)
        p50, p99 = np.percentile(used, (50, 99))
        numbers = ' | '.join(f'{ms:.2f}' for ms in (p50, p99, *np.percentile(wall, (50, 99))))
        print(f'| {name} | {stream.latency} | {numbers} |', flush=True)
        limit = args.require_window if options else args.require * anonymizer.framewise
        if limit and p99 > limit:
            print(f'{name} takes more than the {limit:g} ms required', file=sys.stderr)
            status = 1
    return status


if __name__ == '__main__':
    sys.exit(main())
