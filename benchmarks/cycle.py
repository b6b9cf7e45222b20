# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the benchmarks of a training cycle share: networks, batches, a clock and a gauge of memory."""

import argparse
import json
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mmskanon  # isort: skip  first, so that MMAction2 can be imported

import torch
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapperDict
from mmengine.registry import init_default_scope

from mmskanon.engine import PartyOptimWrapperConstructor
from mmskanon.models import AdversarialAnonymization
from mmskanon.registry import MODELS
from mmskanon.skeletons.layouts import get_layout

SETTINGS = {
    'ntu': dict(layout='nturgb+d', persons=2, actions=60, subjects=40),
    'utd': dict(layout='kinect_v1', persons=1, actions=27, subjects=8),
}
# From a name on the command line to the anonymizer and the weight of the privacy term (the paper's alpha; beta is 10).
ANONYMIZERS = {
    'resnet': (dict(type='ResNetAnonymizer', num_blocks=10), 1.0),
    'unet16': (dict(type='UNetAnonymizer', base_channels=16), 3.0),
    'unet64': (dict(type='UNetAnonymizer', base_channels=64), 3.0),
}
BETA = 10.0


def make_parser(description: str) -> argparse.ArgumentParser:
    """A command line with what is to be built and how long it is to run.

    Args:
        description (str): First line of the help.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--settings', nargs='+', choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument(
        '--anonymizers', nargs='+', choices=ANONYMIZERS, default=['resnet', 'unet64']
    )
    parser.add_argument('--batch-size', type=int, default=8, help='clips a batch')
    parser.add_argument('--frames', type=int, default=64, help='frames a clip')
    parser.add_argument('--width', type=int, default=64, help='channels of the first ST-GCN stage')
    parser.add_argument('--stages', type=int, default=10, help='ST-GCN stages')
    parser.add_argument('--cycles', type=int, default=11, help='cycles timed')
    parser.add_argument('--check-cycles', type=int, default=5, help='cycles before the comparison')
    parser.add_argument('--lr', type=float, default=0.001)
    parser.add_argument('--seed', type=int, default=0)
    return parser


def describe(args: argparse.Namespace) -> str:
    """Two lines on what is measured and with what.

    Args:
        args (argparse.Namespace): The command line.
    """
    return (
        f'{platform.platform()}, {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, '
        f'PyTorch {torch.__version__}, mmskanon {mmskanon.__version__}, {torch.get_num_threads()} torch thread(s)\n'
        f'ST-GCN of {args.stages} stages from {args.width} channels, {args.batch_size} clips of {args.frames} frames a batch, '
        f'medians of {args.cycles} cycles'
    )


def stgcn(layout: str, head: dict, width: int, stages: int) -> dict:
    """Config of an ST-GCN classifier that doubles its width and halves the frames twice, as MMAction2's recipe does.

    Args:
        layout (str): Skeleton layout.
        head (dict): Type and classes of the head.
        width (int): Channels of the first stage.
        stages (int): Number of stages.
    """
    steps = sorted({stages // 2, round(0.8 * stages)} - {0, 1})
    return dict(
        type='SkeletonRecognizer',
        layout=layout,
        backbone=dict(
            type='STGCN',
            graph_cfg=dict(layout=layout, mode='stgcn_spatial'),
            base_channels=width,
            num_stages=stages,
            inflate_stages=steps,
            down_stages=steps,
        ),
        cls_head=dict(in_channels=width * 2 ** len(steps), **head),
    )


def build_model(
    setting: str, anonymizer: str, width: int, stages: int, seed: int = 0
) -> AdversarialAnonymization:
    """Build the three networks with random weights.

    Args:
        setting (str): A key of ``SETTINGS``.
        anonymizer (str): A key of ``ANONYMIZERS``.
        width (int): Channels of the first stage of recognizer and adversary.
        stages (int): Stages of recognizer and adversary.
        seed (int): Seed of the weights. Defaults to 0.
    """
    init_default_scope('mmskanon')
    torch.manual_seed(seed)
    data = SETTINGS[setting]
    config, alpha = ANONYMIZERS[anonymizer]
    action = dict(type='GCNHead', num_classes=data['actions'])
    subject = dict(type='PrivacyHead', attribute='subject', num_classes=data['subjects'])
    layout = data['layout']
    model = dict(
        type='AdversarialAnonymization',
        anonymizer=dict(config, layout=layout, num_person=data['persons']),
        recognizer=dict(net=stgcn(layout, action, width, stages)),
        adversary=dict(
            type='AdversaryBank',
            members=dict(subject=dict(net=stgcn(layout, subject, width, stages))),
        ),
        losses=dict(
            action=dict(type='ActionCrossEntropy'),
            privacy=dict(type='PrivacyEntropy', weight=alpha),
            reconstruction=dict(type='ReconstructionMSE', weight=BETA),
        ),
    )
    logging.disable(logging.INFO)  # MMEngine logs how each weight was initialized
    try:
        return MODELS.build(model).train()
    finally:
        logging.disable(logging.NOTSET)


def build_wrappers(model: AdversarialAnonymization, wrapper: str, lr: float) -> OptimWrapperDict:
    """Build one optimizer wrapper per party, with the paper's kind of SGD.

    Args:
        model (AdversarialAnonymization): The model.
        wrapper (str): Registered type of the wrappers.
        lr (float): Learning rate.
    """
    sgd = dict(type='SGD', lr=lr, momentum=0.9, nesterov=True, weight_decay=1e-4)
    party = dict(type=wrapper, optimizer=sgd)
    return PartyOptimWrapperConstructor(dict(anonymizer=party, adversary=party))(model)


def make_batches(setting: str, number: int, size: int, frames: int, seed: int = 0) -> list[dict]:
    """Make random clips as a data loader gives them; the last person is absent from every second clip.

    Args:
        setting (str): A key of ``SETTINGS``.
        number (int): Number of batches.
        size (int): Clips a batch.
        frames (int): Frames a clip.
        seed (int): Seed of the clips. Defaults to 0.

    Returns:
        list[dict]: Batches with ``inputs``, clips of shape (1, M, T, V, C) in metres, and ``data_samples``.
    """
    data = SETTINGS[setting]
    generator = torch.Generator().manual_seed(seed)
    shape = (1, data['persons'], frames, get_layout(data['layout']).num_joints, 3)
    batches = []
    for _ in range(number):
        inputs, samples = [], []
        for i in range(size):
            pose = torch.randn(*shape[:2], 1, *shape[3:], generator=generator) * 0.4
            clip = pose + 0.01 * torch.randn(shape, generator=generator).cumsum(2)
            if data['persons'] > 1 and i % 2:
                clip[:, -1] = 0
            action, subject = (
                int(torch.randint(data[k], (), generator=generator))
                for k in ('actions', 'subjects')
            )
            sample = ActionDataSample(gt_private=dict(subject=subject))
            sample.set_gt_label(action)
            inputs.append(clip)
            samples.append(sample)
        batches.append(dict(inputs=inputs, data_samples=samples))
    return batches


def time_in_turn(
    cycles: dict[str, Callable[[dict], object]], batches: list[dict], number: int
) -> dict[str, tuple[float, float]]:
    """Run each cycle on each batch, one after the other in changing order.

    Args:
        cycles (dict[str, Callable]): From a name to a function of a batch.
        batches (list[dict]): Batches, used in turn.
        number (int): Runs of each cycle.

    Returns:
        dict[str, tuple[float, float]]: From the name to the medians of seconds and of CPU seconds of this process.
    """
    seconds = {name: [] for name in cycles}
    for i in range(number):
        for name in list(cycles)[:: 1 if i % 2 else -1]:
            batch = dict(batches[i % len(batches)])
            wall, cpu = time.perf_counter(), time.process_time()
            cycles[name](batch)
            seconds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        n: tuple(statistics.median(column) for column in zip(*s, strict=True))
        for n, s in seconds.items()
    }


def measure_all(
    args: argparse.Namespace, measure: Callable[[argparse.Namespace, str, str], list[str]]
) -> int:
    """Make every comparison asked for, and print on stderr what is not as it should be.

    Args:
        args (argparse.Namespace): The command line.
        measure (Callable): Prints the lines of one comparison, given the command line, setting and anonymizer; returns problems.

    Returns:
        int: Exit status, 1 with problems, else 0.
    """
    problems = []
    for setting in args.settings:
        for anonymizer in args.anonymizers:
            problems += measure(args, setting, anonymizer)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Keep what libraries write to the file descriptor from the screen; Python's own stderr must be flushed by then."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def peak_tensor_bytes(run: Callable[[], object]) -> int:
    """How much more memory PyTorch's CPU allocator holds at the peak of a run than when it began.

    The profiler writes down the balance at every allocation since it was started, so the number depends neither on the load
    of the machine nor on what the process had held before. Buffers that libraries allocate for themselves are not in it.

    Args:
        run (Callable): What to measure.
    """
    # The profiler prints when it starts and stops.
    with _no_stderr(), torch.profiler.profile(profile_memory=True) as profile:
        run()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'trace.json'
        with _no_stderr():
            profile.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding='utf-8'))['traceEvents']
    events = [e['args'] for e in events if e.get('name') == '[memory]']
    before = events[0]['Total Allocated'] - events[0]['Bytes']
    return max(e['Total Allocated'] for e in events) - before
