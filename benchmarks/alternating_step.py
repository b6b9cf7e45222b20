# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Time one alternating training cycle beside the published computation of it, in turn, in one process.

A cycle is one adversary update (the published maximisation step) and one anonymizer update (minimisation). The code released
with Moon et al., AAAI 2023, back-propagates through all networks in both; only the optimizers restrict what changes. The
package computes what the party due needs. To compare just that, both run on the same initial weights and batches, and with
the same train and eval modes: those of the package, in which the party that is not updated is in eval mode. (The released
code has anonymizer and adversary in train mode throughout; BatchNorm costs more there, so this favours it. So does that its
side computes nothing for the log, while the package's does.) The parameters of both are compared after some cycles.

Example:
    python benchmarks/alternating_step.py --settings ntu utd --anonymizers resnet unet16
"""

import argparse
import copy
import sys
from collections.abc import Callable

import torch
import torch.nn.functional as F
from cycle import (
    ANONYMIZERS,
    BETA,
    build_model,
    build_wrappers,
    describe,
    make_batches,
    make_parser,
    measure_all,
    peak_tensor_bytes,
    time_in_turn,
)
from torch.optim import Optimizer

from mmskanon.models import AdversarialAnonymization
from mmskanon.models.losses import softmax_entropy

PARTIES = ('adversary', 'anonymizer')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument(
        '--tolerance',
        type=float,
        default=1e-5,
        help='largest difference of parameters allowed, relative to the largest parameter',
    )
    parser.add_argument(
        '--published-modes',
        action='store_true',
        help='leave the published side in train mode, as released; parameters then differ by intention and are not compared',
    )
    parser.add_argument(
        '--require-resnet', type=float, default=0, help='exit with 1 if a ratio is below this'
    )
    parser.add_argument(
        '--require-unet', type=float, default=0, help='exit with 1 if a ratio is below this'
    )
    return parser.parse_args(argv)


def published_step(
    party: str,
    model: AdversarialAnonymization,
    optimizers: dict[str, Optimizer],
    data: dict,
    alpha: float,
    train: bool,
) -> None:
    """One step as published: gradients of every network in reach, an update of one party.

    Args:
        party (str): The party to update.
        model (AdversarialAnonymization): The networks.
        optimizers (dict[str, Optimizer]): One of each party.
        data (dict): A batch as the data loader gives it.
        alpha (float): Weight of the privacy term.
        train (bool): Whether the other party is in train mode too.
    """
    data = model.data_preprocessor(data, True)
    skeletons, samples = data['inputs'].flatten(0, 1), data['data_samples']
    for name in PARTIES:
        getattr(model, name).train(train or name == party)
    model.zero_grad()
    anonymized = model.anonymizer(skeletons)
    private = model.adversary(anonymized)['subject']
    if party == 'adversary':
        labels = torch.tensor([s.gt_private['subject'] for s in samples])
        loss = F.cross_entropy(private, labels)
    else:
        labels = torch.cat([s.gt_label for s in samples])
        loss = F.cross_entropy(model.recognizer(anonymized), labels)
        loss = loss - alpha * softmax_entropy(private)
        loss = loss + BETA * F.mse_loss(anonymized, skeletons)
    loss.backward()
    optimizers[party].step()


def both_ways(args: argparse.Namespace, setting: str, anonymizer: str) -> dict[str, tuple]:
    """Build both sides of the comparison from the same weights.

    Args:
        args (argparse.Namespace): The command line.
        setting (str): Data the networks are built for.
        anonymizer (str): Name of the anonymizer.

    Returns:
        dict[str, tuple]: ``'published'`` and ``'ours'``, each a model and its step, a function of party and batch.
    """
    ours = build_model(setting, anonymizer, args.width, args.stages, args.seed)
    published = copy.deepcopy(ours)
    published.recognizer.requires_grad_(True)
    alpha = ANONYMIZERS[anonymizer][1]
    wrappers = build_wrappers(ours, 'OptimWrapper', args.lr)
    theirs = build_wrappers(published, 'OptimWrapper', args.lr)
    optimizers = {party: theirs[party].optimizer for party in PARTIES}
    return dict(
        published=(
            published,
            lambda party, data: published_step(
                party, published, optimizers, data, alpha, args.published_modes
            ),
        ),
        ours=(ours, lambda party, data: ours.phase_step(party, data, wrappers)),
    )


def as_cycle(step: Callable[[str, dict], object]) -> Callable[[dict], None]:
    """A function of a batch that takes a step of each party on it."""

    def cycle(batch: dict) -> None:
        for party in PARTIES:
            step(party, dict(batch))

    return cycle


def differences(
    start: dict, one: AdversarialAnonymization, other: AdversarialAnonymization
) -> tuple[float, float]:
    """How far two models that started alike have come apart.

    Args:
        start (dict): State dict from before.
        one (AdversarialAnonymization): A model.
        other (AdversarialAnonymization): The other.

    Returns:
        tuple[float, float]: The largest difference of any parameter or BatchNorm statistic over the largest value in the same
        tensor, and the norm of the difference of all parameter updates over the norm of the updates.
    """
    worst = apart = moved = 0.0
    other_state = other.state_dict()
    parameters = dict(one.named_parameters())
    for key, value in one.state_dict().items():
        if not value.is_floating_point():
            continue
        a, b, origin = value.double(), other_state[key].double(), start[key].double()
        worst = max(worst, float((a - b).abs().max() / a.abs().max().clamp(min=1e-3)))
        if key in parameters:
            apart += float(((a - b) ** 2).sum())
            moved += float(((a - origin) ** 2).sum())
    return worst, (apart / moved) ** 0.5 if moved else float('nan')


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
    sides = both_ways(args, setting, anonymizer)
    start = copy.deepcopy(sides['ours'][0].state_dict())
    cycles = {name: as_cycle(step) for name, (_, step) in sides.items()}
    for i in range(args.check_cycles):
        for cycle in cycles.values():
            cycle(batches[i % len(batches)])
    worst, update = differences(start, sides['ours'][0], sides['published'][0])
    medians = time_in_turn(cycles, batches, args.cycles)
    (wall, cpu), (our_wall, our_cpu) = medians['published'], medians['ours']
    ratio = wall / our_wall
    print(
        f'{setting} {anonymizer}: published {wall:.4f} s a cycle, ours {our_wall:.4f} s, ratio {ratio:.2f}x '
        f'(CPU time {cpu:.4f} s, {our_cpu:.4f} s, {cpu / our_cpu:.2f}x)'
    )
    peaks = []
    for party in PARTIES:
        peak = {}
        for name, (model, step) in sides.items():
            model.zero_grad()
            peak[name] = peak_tensor_bytes(lambda: step(party, dict(batches[0]))) / 2**20  # noqa: B023
        peaks.append(
            f'{party} update {peak["published"]:.1f} and {peak["ours"]:.1f} MiB '
            f'({peak["published"] / peak["ours"]:.2f}x)'
        )
    print(f'  peak memory, published and ours: {", ".join(peaks)}')
    problems = []
    if not args.published_modes:
        print(
            f'  after {args.check_cycles} cycles parameters differ by at most {worst:.1e} of the largest in their tensor, '
            f'updates by {update:.1e} of their norm'
        )
        if not worst <= args.tolerance:
            problems.append(f'parameters differ by more than {args.tolerance:g}')
    required = args.require_resnet if anonymizer == 'resnet' else args.require_unet
    if ratio < required:
        problems.append(f'the ratio is below the {required:g} required')
    return [f'{setting} {anonymizer}: {problem}' for problem in problems]


def main(argv: list[str] | None = None) -> int:
    """Print the table; return the exit status."""
    args = parse_args(argv)
    print(describe(args))
    if args.published_modes:
        print('published side in train mode throughout')
    return measure_all(args, measure)


if __name__ == '__main__':
    sys.exit(main())
