# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time reading an annotation file sample by sample beside loading it whole, in turn, in one process.

Example:
    python benchmarks/annotation_reading.py data/utd_mhad/utd_mhad.pkl --megabytes 200
"""

import argparse
import os
import pickle
import platform
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

import mmskanon
from mmskanon.io import AnnotationFile, load_annotations


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('files', nargs='*', help='annotation files (.pkl)')
    parser.add_argument(
        '--megabytes', type=int, default=200, help='size of a made file like NTU RGB+D, 0 for none'
    )
    parser.add_argument(
        '--protocol', type=int, default=4, choices=range(2, 6), help='pickle protocol of that file'
    )
    parser.add_argument('--rounds', type=int, default=7, help='how often each is timed')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--require', type=float, default=0, help='exit with 1 if a ratio is above this'
    )
    return parser.parse_args()


def make_file(path: Path, megabytes: int, protocol: int, seed: int) -> None:
    """Write an annotation file like those of NTU RGB+D: one or two persons, 25 joints, half precision.

    Args:
        path (Path): Where to.
        megabytes (int): Its size, about.
        protocol (int): Pickle protocol.
        seed (int): Seed of the numbers.
    """
    rng = np.random.default_rng(seed)
    samples, size = [], 0
    while size < megabytes * 10**6:
        persons, frames = 1 + len(samples) % 2, int(rng.integers(40, 160))
        keypoint = rng.normal(size=(persons, frames, 25, 3)).astype(np.float16)
        name = f'S001C001P{len(samples) % 40 + 1:03d}R001A{len(samples) % 60 + 1:03d}'
        samples.append(
            dict(frame_dir=name, label=0, keypoint=keypoint, total_frames=frames, subject=1)
        )
        size += keypoint.nbytes
    path.write_bytes(pickle.dumps(dict(split={}, annotations=samples), protocol=protocol))


def read_by_sample(path: str) -> int:
    """Open a file and read every sample once.

    Args:
        path (str): The file.

    Returns:
        int: Number of samples.
    """
    with AnnotationFile(path) as file:
        return sum(1 for _ in file)


def read_heads(path: str) -> int:
    """Open a file and read every head once.

    Args:
        path (str): The file.

    Returns:
        int: Number of samples.
    """
    with AnnotationFile(path) as file:
        return sum(1 for _ in file.heads())


def memory(path: str) -> tuple[float, float]:
    """Measure what reading a file takes, by Python's own count.

    Args:
        path (str): The file.

    Returns:
        tuple[float, float]: Megabytes that the open file holds, and most megabytes while it was opened and read sample by sample.
    """
    tracemalloc.start()
    with AnnotationFile(path) as file:
        held = tracemalloc.get_traced_memory()[0]
        for _ in file:
            pass
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return held / 1e6, most / 1e6


def time_in_turn(readers: dict[str, Callable], path: str, rounds: int) -> dict[str, float]:
    """Run each reader on a file, one after the other, again and again.

    Args:
        readers (dict[str, Callable]): Readers by name.
        path (str): The file.
        rounds (int): How often; a first round is not timed, so that the system holds the file.

    Returns:
        dict[str, float]: Median seconds by name.
    """
    seconds = {name: [] for name in readers}
    for number in range(rounds + 1):
        for name, read in readers.items():
            start = time.perf_counter()
            read(path)
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> int:
    """Print a line for each file; return the exit status."""
    args = parse_args()
    print(
        f'{platform.platform()}, {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, '
        f'NumPy {np.__version__}, mmskanon {mmskanon.__version__}'
    )
    readers = dict(whole=load_annotations, samples=read_by_sample, heads=read_heads)
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        files = list(args.files)
        if args.megabytes:
            files.append(str(Path(folder) / f'made_{args.megabytes}_MB.pkl'))
            make_file(Path(files[-1]), args.megabytes, args.protocol, args.seed)
        for file in files:
            seconds = time_in_turn(readers, file, args.rounds)
            ratio = seconds['samples'] / seconds['whole']
            held, most = memory(file)
            print(
                f'{Path(file).name}, {os.path.getsize(file) / 1e6:.0f} MB, {read_heads(file)} samples: whole {seconds["whole"]:.3f} s, '
                f'sample by sample {seconds["samples"]:.3f} s, heads only {seconds["heads"]:.3f} s (medians), ratio {ratio:.2f}; '
                f'index {held:.1f} MB, at most {most:.1f} MB'
            )
            if args.require and ratio > args.require:
                print(f'the ratio is above the {args.require:g} required', file=sys.stderr)
                status = 1
    return status


if __name__ == '__main__':
    sys.exit(main())
