# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time a training cycle in float32 beside one under CPU autocast to bfloat16, in turn, in one process.

Both start from the same weights and see the same batches. The losses of the first cycles are compared: they differ by what
rounding to 8 bits of mantissa does, so this is a check for blunders, not for equality. bfloat16 pays where the CPU multiplies
it in hardware; elsewhere ``tools/train.py --amp`` stays with float32, and the script says so, then measures all the same.

Example:
    python benchmarks/amp.py --settings ntu --anonymizers unet64
"""

import argparse
import copy
import sys
from functools import partial

import torch
from cycle import (
    build_model,
    build_wrappers,
    describe,
    make_batches,
    make_parser,
    measure_all,
    time_in_turn,
)

from mmskanon.engine.optimizers import cpu_has_bfloat16

WRAPPERS = dict(float32='OptimWrapper', bfloat16='CPUAmpOptimWrapper')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument(
        '--tolerance',
        type=float,
        default=0.05,
        help='largest difference of a loss allowed, relative to the float32 loss',
    )
    return parser.parse_args(argv)


def losses_of(logs: dict[str, torch.Tensor]) -> dict[str, float]:
    """The single loss terms among the logs of a cycle."""
    return {key: float(value) for key, value in logs.items() if '/loss_' in key}


def measure(args: argparse.Namespace, setting: str, anonymizer: str) -> list[str]:
    """Print the lines of one comparison.

    Args:
        args (argparse.Namespace): The command line.
        setting (str): Data the networks are built for.
        anonymizer (str): Name of the anonymizer.

    Returns:
        list[str]: What is not as it should be.
    """
    batches = make_batches(setting, 8, args.batch_size, args.frames, args.seed)
    model = build_model(setting, anonymizer, args.width, args.stages, args.seed)
    cycles = {}
    for name, wrapper in WRAPPERS.items():
        own = copy.deepcopy(model)
        cycles[name] = partial(own.train_step, optim_wrapper=build_wrappers(own, wrapper, args.lr))
    apart: dict[str, float] = {}
    for i in range(args.check_cycles):
        batch = batches[i % len(batches)]
        full, half = (losses_of(cycle(dict(batch))) for cycle in cycles.values())
        for key, value in full.items():
            difference = abs(half[key] - value) / max(abs(value), 1e-6)
            apart[key] = max(apart.get(key, 0.0), difference)
    medians = time_in_turn(cycles, batches, args.cycles)
    (wall, cpu), (half_wall, half_cpu) = medians['float32'], medians['bfloat16']
    print(
        f'{setting} {anonymizer}: float32 {wall:.4f} s a cycle, bfloat16 {half_wall:.4f} s, '
        f'ratio {wall / half_wall:.2f}x (CPU time {cpu:.4f} s, {half_cpu:.4f} s, {cpu / half_cpu:.2f}x)'
    )
    print(
        f'  largest relative difference of a loss in {args.check_cycles} cycles: '
        + ', '.join(f'{key} {value:.1e}' for key, value in apart.items())
    )
    return [
        f'{setting} {anonymizer}: {key} differs by more than {args.tolerance:g}'
        for key, value in apart.items()
        if not value <= args.tolerance
    ]


def main(argv: list[str] | None = None) -> int:
    """Print the table; return the exit status."""
    args = parse_args(argv)
    print(describe(args))
    if cpu_has_bfloat16():
        print('this CPU has bfloat16 instructions: --amp trains in bfloat16 here')
    else:
        print(
            'this CPU has no bfloat16 instructions: --amp trains in float32 here, whatever the numbers below'
        )
    return measure_all(args, measure)


if __name__ == '__main__':
    sys.exit(main())
