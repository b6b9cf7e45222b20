# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Anonymize a generated annotation file in a process that may not hold a fraction of it, and print the memory that it took.

Example:
    python benchmarks/memory.py --gigabytes 4 --limit 1
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import mmskanon  # noqa: F401  first, so that MMAction2 can be imported

import numpy as np  # isort: skip

from mmskanon.io.annotation_stream import encode_record, write_pieces

TOOL = Path(__file__).resolve().parents[1] / 'tools' / 'anonymize.py'
SHAPE = (2, 150, 25, 3)
"""Persons, frames, joints and coordinates of a clip, as in NTU RGB+D: 90 kB."""

CONFIG = """
model = dict(anonymizer=dict(type='IdentityAnonymizer', layout='nturgb+d', num_person=2))
test_dataloader = dict(dataset=dict(pipeline=[dict(type='NormalizeSkeleton', layout='nturgb+d')]))
"""


def records(size: int) -> Iterator[bytes]:
    """Clips of random walks, as many as fill a number of bytes."""
    rng = np.random.default_rng(0)
    walk = rng.normal(scale=0.3, size=SHAPE).astype(np.float32) + np.float32(3)
    for number in range(size // walk.nbytes):
        walk[:, number % SHAPE[1]] += 0.01
        yield encode_record(
            dict(
                frame_dir=f'S001C001P{number % 40 + 1:03d}R001A001_{number}',
                label=number % 60,
                total_frames=SHAPE[1],
                keypoint=walk.copy(),
            )
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Generate, anonymize, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--gigabytes', type=float, default=1, help='size of the file (default: 1)')
    parser.add_argument(
        '--limit', type=float, default=1, help='gigabytes of data that the process may allocate'
    )
    parser.add_argument('--folder', help='where to write the files (default: temporary)')
    parser.add_argument('options', nargs='*', help='after --, options of tools/anonymize.py')
    args = parser.parse_args(argv)
    most = int(args.limit * 2**30)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        source, config = Path(folder, 'in.pkl'), Path(folder, 'config.py')
        config.write_text(CONFIG)
        with open(source, 'xb') as file:
            write_pieces(file, dict(annotations=None), records(int(args.gigabytes * 2**30)))
        begin = time.perf_counter()
        words = [sys.executable, str(TOOL), str(config), 'none', str(source), f'{folder}/made.pkl']
        done = subprocess.run(
            [*words, '--device', 'cpu', *args.options],
            check=False,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (most, most)),
        )
        seconds = time.perf_counter() - begin
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        if done.returncode:
            print(done.stderr, file=sys.stderr)
        print(
            f'file: {source.stat().st_size / 2**30:.2f} GiB; limit: {args.limit:g} GiB of data; largest resident set: {used / 2**20:.2f} GiB; {seconds:.0f} s'
        )
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
