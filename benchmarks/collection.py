# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time anonymizers on a whole collection, from opened source to finished output, and see that killed runs make the same.

Example:
    python benchmarks/collection.py data/utd_mhad/utd_mhad.pkl --row identity configs/utd_mhad/baseline_identity_stgcn_utd-mhad-trial-kinect20.py none
    python benchmarks/collection.py RAW_FOLDER --kills 10 --row unet CONFIG CHECKPOINT
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import mmskanon  # noqa: F401  first, so that MMAction2 can be imported

import torch  # isort: skip
from mmengine.registry import init_default_scope  # isort: skip
from rich.console import Console  # isort: skip
from rich.table import Table  # isort: skip

from mmskanon.collection import MotionSettings, RunOptions, anonymize_collection
from mmskanon.collection.options import CHUNK
from mmskanon.collection.sources import AnnotationSource, RecordingSource
from mmskanon.registry import MODELS
from mmskanon.utils import Overrides, read_config

TOOL = Path(__file__).resolve().parents[1] / 'tools' / 'anonymize.py'
FPS = 30


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', help='annotation file, or folder or .zip of recordings')
    parser.add_argument(
        '--row',
        nargs=3,
        action='append',
        required=True,
        metavar=('NAME', 'CONFIG', 'CHECKPOINT'),
        help='what to time; "none" where there are no weights, "random" for weights that were not trained',
    )
    parser.add_argument('--workers', type=int, default=1, help='processes (default: 1)')
    parser.add_argument('--repeat', type=int, default=3, help='runs, of which the median counts')
    parser.add_argument(
        '--require',
        type=float,
        default=0,
        help='exit with 1 where one is not so many times real time',
    )
    parser.add_argument(
        '--kills',
        type=int,
        default=0,
        help='instead, kill a run so often at random moments and compare it with one that ran through',
    )
    parser.add_argument('--seed', type=int, default=0, help='of anonymizers, and of the moments')
    parser.add_argument('--cfg-options', nargs='+', action=Overrides, help='overrides: key=value')
    args = parser.parse_args(argv)
    if args.kills and args.cfg_options:
        parser.error(
            '--kills runs tools/anonymize.py with the config as it is; write what --cfg-options says into the config'
        )
    return args


def frames_of(source: str) -> tuple[int, int]:
    """Recordings and frames of a collection."""
    if source.endswith('.pkl'):
        heads = AnnotationSource(source).heads
        return len(heads), sum(head['keypoint'].shape[1] for head in heads)
    raw = RecordingSource(source)
    return len(raw), sum(r.recording.keypoint.shape[1] for r in raw.read(range(len(raw))))


def times_of(args: argparse.Namespace, config: str, checkpoint: str, folder: Path) -> list[float]:
    """Seconds of several runs after one that does not count."""
    motion = MotionSettings(
        read_config(config, args.cfg_options), None if checkpoint == 'none' else checkpoint
    )
    target = folder / ('made.pkl' if args.source.endswith('.pkl') else 'made')
    taken = []
    for _ in range(args.repeat + 1):
        begin = time.perf_counter()
        run = RunOptions(workers=args.workers)
        anonymize_collection(motion, args.source, target, args.seed, run=run)
        taken.append(time.perf_counter() - begin)
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    return sorted(taken[1:])


def random_weights(config: str, overrides: dict | None, folder: Path) -> str:
    """A checkpoint of the anonymizer of a config as it is initialized."""
    init_default_scope('mmskanon')
    anonymizer = MODELS.build(read_config(config, overrides).model.anonymizer)
    torch.save(anonymizer.state_dict(), folder / 'random.pth')
    return str(folder / 'random.pth')


def digest(path: Path) -> str:
    """Checksum of a file, or of a folder's names and files."""
    files = sorted(path.rglob('*')) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        if file.is_file():
            total.update(f'{file.relative_to(path)}\n'.encode() + file.read_bytes())
    return total.hexdigest()


def kill_and_compare(args: argparse.Namespace, config: str, checkpoint: str, folder: Path) -> bool:
    """Whether a run that was killed again and again makes what one makes that ran through."""
    suffix = '.pkl' if args.source.endswith('.pkl') else ''
    key = folder / 'key'
    key.write_bytes(b'only for this comparison')
    words = [sys.executable, str(TOOL), config, checkpoint, args.source]

    def start(name: str) -> subprocess.Popen:
        more = ['--seed', str(args.seed), '--workers', str(args.workers), '--release']
        return subprocess.Popen(
            [*words, str(folder / name), *more, '--key-file', str(key)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    begin = time.perf_counter()
    (folder / 'through').mkdir()
    if start(f'through/made{suffix}').wait():
        raise SystemExit(
            'error: the run that nobody killed failed; give the command to tools/anonymize.py'
        )
    whole = time.perf_counter() - begin
    (folder / 'killed').mkdir()
    work = folder / 'killed' / f'.made{suffix}.work'

    def done() -> int:
        return len(list((work / 'done').glob('[0-9]*.json'))) if work.exists() else 0

    moments, killed = random.Random(args.seed), 0
    chunks = -(-frames_of(args.source)[0] // CHUNK)
    while killed < args.kills:
        # Some chunks later, and then at any moment; or while it starts.
        more = (chunks - done()) // (args.kills - killed + 1)
        before = done()
        wanted = before + moments.randint(0, more)
        process = start(f'killed/made{suffix}')
        while done() < wanted and process.poll() is None:
            time.sleep(0.002)
        time.sleep(moments.random() * (0.02 if wanted > before else 0.3 * whole))
        if process.poll() is not None:
            print(f'the run ended after {killed} kills; give more recordings, or fewer kills')
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        killed += 1
        print(f'kill {killed}: {done()} of {chunks} chunks done', flush=True)
    last = start(f'killed/made{suffix}').wait() if killed == args.kills else 0
    same = last == 0 and digest(folder / 'through') == digest(folder / 'killed')
    print(f'{killed} kills: {"the same bytes" if same else "NOT the same"}')
    return same and killed == args.kills


def main(argv: Sequence[str] | None = None) -> int:
    """Time, or kill and compare.

    Returns:
        int: Exit code.
    """
    args = parse_args(argv)
    torch.set_num_threads(1)
    good = True
    table = Table('anonymizer', 'recordings/s', 'frames/s', f'times real time ({FPS} fps)')
    recordings, frames = frames_of(args.source)
    for name, config, checkpoint in args.row:
        with tempfile.TemporaryDirectory() as folder:
            if checkpoint == 'random':
                checkpoint = random_weights(config, args.cfg_options, Path(folder))
            if args.kills:
                good &= kill_and_compare(args, config, checkpoint, Path(folder))
                continue
            taken = times_of(args, config, checkpoint, Path(folder))
        median = taken[len(taken) // 2]
        ratio = frames / median / FPS
        good &= ratio >= args.require
        table.add_row(name, f'{recordings / median:.0f}', f'{frames / median:.0f}', f'{ratio:.0f}')
    if not args.kills:
        print(
            f'{recordings} recordings, {frames} frames, {args.workers} process(es) of one thread, {platform.machine()}, torch {torch.__version__}'
        )
        Console().print(table)
    return int(not good)


if __name__ == '__main__':
    sys.exit(main())
