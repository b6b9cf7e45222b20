# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time reading and normalizing NTU RGB+D files beside a plain reader and MMAction2's PreNormalize3D, in turn, in one process.

The plain reader is the one that published code uses with small changes: it goes through the file line by line, turns every field into a
number with ``float()`` and keeps all of them by name, then copies joint after joint into an array, and takes those two of Kinect's slots
that spread most, as MMAction2's ``gen_ntu_rgbd_raw.py`` does. Ours tracks IDs and denoises besides. Processor time is counted, and the least of all repeats taken, so that a busy machine disturbs little.

Examples:
    python benchmarks/ntu.py
    python benchmarks/ntu.py --files ../shared/data/ntu_samples/*.skeleton --require-parse 5 --require-both 10
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mmskanon  # isort: skip  first, so that MMAction2 can be imported

import numpy as np
from mmaction.datasets.transforms import PreNormalize3D

from mmskanon.datasets.converters.ntu import read_skeleton, skeleton_to_keypoint
from mmskanon.datasets.transforms import NormalizeSkeleton

BODY_KEYS = (
    'id',
    'edges',
    'hand1',
    'hand2',
    'hand3',
    'hand4',
    'tight',
    'lean_x',
    'lean_y',
    'state',
)
JOINT_KEYS = ('x', 'y', 'z', 'u', 'v', 'cu', 'cv', 'w', 'i', 'j', 'k', 'state')
MAX_SLOTS, MAX_PERSONS, JOINTS = 4, 2, 25


def parse_args(argv=None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--files', type=Path, nargs='+', help='.skeleton files (default: generated ones)'
    )
    parser.add_argument('--frames', type=int, default=80, help='frames of a generated file')
    parser.add_argument('--repeats', type=int, default=40, help='how often each file is read')
    parser.add_argument('--require-parse', type=float, default=0, help='exit with 1 if below this')
    parser.add_argument('--require-both', type=float, default=0, help='exit with 1 if below this')
    return parser.parse_args(argv)


def plain_read(path: Path) -> np.ndarray:
    """Read a file line by line.

    Args:
        path (Path): The file.

    Returns:
        np.ndarray: Joints in metres, float32 of shape (M, T, V, C) = (2, T, 25, 3), absent persons zero.
    """
    frames = []
    with open(path) as file:
        for _ in range(int(file.readline())):
            bodies = []
            for _ in range(int(file.readline())):
                body = {
                    k: float(v) for k, v in zip(BODY_KEYS, file.readline().split(), strict=True)
                }
                body['joints'] = [
                    {k: float(v) for k, v in zip(JOINT_KEYS, file.readline().split(), strict=True)}
                    for _ in range(int(file.readline()))
                ]
                bodies.append(body)
            frames.append(bodies)
    slots = np.zeros((MAX_SLOTS, len(frames), JOINTS, 3), dtype=np.float32)
    for t, bodies in enumerate(frames):
        for m, body in enumerate(bodies[:MAX_SLOTS]):
            for v, joint in enumerate(body['joints']):
                slots[m, t, v] = [joint['x'], joint['y'], joint['z']]
    energy = [
        slot[slot.any(axis=(1, 2))].std(axis=(0, 1)).sum() if slot.any() else 0 for slot in slots
    ]
    return slots[np.argsort(energy)[::-1][:MAX_PERSONS]]


def our_read(path: Path) -> np.ndarray:
    """Read a file as the converter does."""
    return skeleton_to_keypoint(read_skeleton(path)).keypoint


def with_transform(read: Callable, transform: Callable) -> Callable:
    """Reading, and then a transform."""

    def run(path: Path) -> np.ndarray:
        keypoint = read(path)
        return transform(dict(keypoint=keypoint, total_frames=keypoint.shape[1]))['keypoint']

    return run


def time_in_turn(functions: dict[str, Callable], path: Path, repeats: int) -> dict[str, float]:
    """Least processor seconds of each function on a file, called one after the other in changing order."""
    seconds = {name: [] for name in functions}
    for number in range(repeats):
        for name in list(functions)[:: 1 if number % 2 else -1]:
            start = time.process_time()
            functions[name](path)
            seconds[name].append(time.process_time() - start)
    return {name: min(values) for name, values in seconds.items()}


def same_coordinates(path: Path) -> bool:
    """Whether both readers find the same bodies in each frame, to the last bit."""
    plain, ours = plain_read(path), our_read(path)
    bodies = [
        sorted(pose.tobytes() for pose in frame if pose.any()) for frame in plain.swapaxes(0, 1)
    ]
    found = [
        sorted(pose.tobytes() for pose in frame if pose.any()) for frame in ours.swapaxes(0, 1)
    ]
    return [frame for frame in bodies if frame] == found


def generate(folder: Path, frames: int) -> list[Path]:
    """Write a file with one person and a file with two, of as many digits as the originals."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tests'))
    from ntu_files import FIRST_ID, person, recording, write

    bodies = [(FIRST_ID + n, 0, person(frames, n, 0.3)) for n in range(2)]
    names = ('S001C001P001R001A001', 'S001C001P001R001A050')
    return [
        write(folder, name, recording(frames, *bodies[: n + 1])) for n, name in enumerate(names)
    ]


def main(argv=None) -> int:
    """Print a table; return the exit status."""
    args = parse_args(argv)
    print(
        f'{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, NumPy {np.__version__}, '
        f'mmskanon {mmskanon.__version__}'
    )
    functions = dict(
        plain=plain_read,
        ours=our_read,
        plain_both=with_transform(plain_read, PreNormalize3D()),
        ours_both=with_transform(our_read, NormalizeSkeleton(center='every_frame')),
    )
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in args.files or generate(Path(folder), args.frames):
            if not same_coordinates(path):
                print(f'{path}: coordinates differ', file=sys.stderr)
                status = 1
            ms = {k: 1e3 * v for k, v in time_in_turn(functions, path, args.repeats).items()}
            parse, both = ms['plain'] / ms['ours'], ms['plain_both'] / ms['ours_both']
            print(
                f'{path.name} ({path.stat().st_size // 1024} KiB): read {ms["plain"]:.2f} ms plainly, {ms["ours"]:.2f} ms ours, '
                f'ratio {parse:.1f}x; with normalization {ms["plain_both"]:.2f} and {ms["ours_both"]:.2f} ms, ratio {both:.1f}x'
            )
            if parse < args.require_parse or both < args.require_both:
                print(f'{path.name}: a ratio is below the one required', file=sys.stderr)
                status = 1
    return status


if __name__ == '__main__':
    sys.exit(main())
