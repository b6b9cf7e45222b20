# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Export an anonymizer in every precision and measure, in one process, what each loses and how long it takes beside PyTorch.

Times are processor times of one thread, by turns on the same clips. The files are made in memory.

Example:
    python benchmarks/deployment.py CONFIG CHECKPOINT ANNOTATIONS.pkl
"""

import argparse
import os
import platform
import sys
from collections.abc import Sequence

import mmskanon  # isort: skip  first, so that MMAction2 can be imported

import numpy as np
import torch

from mmskanon.apis import init_anonymizer
from mmskanon.deployment import PRECISIONS, ExportOptions
from mmskanon.deployment.compare import measure_loss, model_input, pick, reference_output
from mmskanon.deployment.exporter import load_clips, make_model, time_against_pytorch
from mmskanon.deployment.graph import open_session, run_session


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config that trained the anonymizer')
    parser.add_argument('checkpoint', help="its checkpoint; 'none' for anonymizers without weights")
    parser.add_argument('annotations', help='annotation file (.pkl): the clips measured')
    parser.add_argument('--precisions', nargs='+', default=PRECISIONS, choices=PRECISIONS)
    parser.add_argument('--camera-space', action='store_true', help='graphs with normalization')
    parser.add_argument(
        '--compile', action='store_true', help='time torch.compile too (C++ compiler)'
    )
    parser.add_argument('--clips', type=int, default=200, help='clips measured at most')
    parser.add_argument('--timed', type=int, default=100, help='clips timed at most')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table; return the exit status."""
    args = parse_args(argv)
    torch.set_num_threads(1)
    checkpoint = None if args.checkpoint == 'none' else args.checkpoint
    anonymizer = init_anonymizer(args.config, checkpoint)
    clips = load_clips(args.annotations, anonymizer)
    space = 'camera' if args.camera_space else 'body'
    contents, sessions = {}, {}
    for precision in dict.fromkeys(['float32', *args.precisions]):
        options = ExportOptions(
            precision, args.camera_space, args.annotations, check=precision == 'float32'
        )
        contents[precision], report = make_model(anonymizer, options, clips)
        sessions[precision] = open_session(contents[precision], 1)
        if precision == 'float32':
            difference = report.difference
    measured = pick(clips[1::2], args.clips)
    inputs = [model_input(clip, anonymizer, space) for clip in pick(measured, args.timed)]
    compiled = torch.compile(anonymizer, dynamic=True) if args.compile else None
    if compiled is not None:
        with torch.no_grad():
            for x in inputs[:3]:  # so that no compilation is timed
                compiled(torch.from_numpy(x))
    times = time_against_pytorch(anonymizer, sessions, inputs, compiled)
    apart = 0.0
    for clip in measured:
        padded = np.zeros((1, anonymizer.num_person, *clip.shape[1:]), np.float32)
        padded[0, : len(clip)] = clip
        x = model_input(clip, anonymizer, space)
        expected = reference_output(padded, x, anonymizer, space)
        apart = max(apart, float(np.abs(run_session(sessions['float32'], x) - expected).max()))
    frames = int(np.median([x.shape[2] for x in inputs]))
    versions = ', '.join(f'{m.__name__} {m.__version__}' for m in (torch, mmskanon))
    print(
        f'{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {versions}, 1 thread\n'
        f'{type(anonymizer).__name__}, {space} space, {len(measured)} clips measured, {len(inputs)} timed, median {frames} frames; '
        f'largest difference of float32 from PyTorch {difference:.1e} on made-up clips, {apart:.1e} {anonymizer.layout.unit} on these\n'
        '| | MB | mean joint error | largest | ms a clip | speed |\n| --- | ---: | ---: | ---: | ---: | ---: |\n'
        f'| PyTorch | | | | {1e3 * times["pytorch"]:.2f} | 1.00x |'
    )
    if compiled is not None:
        speed = times['pytorch'] / times['compiled']
        print(f'| PyTorch, compiled | | | | {1e3 * times["compiled"]:.2f} | {speed:.2f}x |')
    for precision, session in sessions.items():
        loss = measure_loss(sessions['float32'], session, measured, anonymizer, space)
        print(
            f'| onnxruntime, {precision} | {len(contents[precision]) / 1e6:.2f} | {loss.mean:.3f} {loss.unit} | {loss.largest:.2f} {loss.unit} | '
            f'{1e3 * times[precision]:.2f} | {times["pytorch"] / times[precision]:.2f}x |'
        )
    return 0


if __name__ == '__main__':
    sys.exit(main())
