# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Training of attackers that are networks, to the end: to the accuracy asked for, or to a plateau over seeds and rates."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmskanon.audit.clips import View

from .base import FitReport
from .reading import batches, crop_time

_PLATEAU = 0.01
"""A doubling of the epochs that gains less training accuracy than this shows a plateau."""


@dataclass(frozen=True)
class Training:
    """How networks are trained.

    A round is a schedule of AdamW whose rate rises and falls once. Rounds follow, each from the weights of the last and twice as long, until
    the accuracy is reached, a round gains less than one point, or there have been ``max_rounds``. Where the accuracy is not
    reached, the next seed and the next rate are tried.

    Args:
        epochs (int): Passes over the clips in the first round. Defaults to 40.
        max_updates (int): Updates of the weights in the first round, which shorten it on large sets. Defaults to 20000.
        batch_size (int): Clips in an update. Defaults to 32.
        learning_rates (Sequence[float]): Highest rates, tried in this order. Defaults to (3e-3, 1e-3).
        seeds (int): Initializations tried with each rate. Defaults to 1.
        target (float): Training accuracy that ends the training. Defaults to 0.95.
        max_rounds (int): Rounds of each try. Defaults to 3.
        weight_decay (float): Weight decay. Defaults to 0.01.
        label_smoothing (float): Share of the label given to all classes. Defaults to 0.1.
        crop (float): Largest share of a clip that is cut off in training, at random. Defaults to 0.2.
        stretch (float): Largest share by which a clip is made faster or slower in training, at random. Defaults to 0.1.
        noise (float): Standard deviation of noise added to joints in training, in the unit of the clips. Defaults to 0.
        windows (int): Crops over which the judgement of a clip is averaged. Defaults to 3.
    """

    epochs: int = 40
    max_updates: int = 20000
    batch_size: int = 32
    learning_rates: Sequence[float] = (3e-3, 1e-3)
    seeds: int = 1
    target: float = 0.95
    max_rounds: int = 3
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    crop: float = 0.2
    stretch: float = 0.1
    noise: float = 0.0
    windows: int = 3


def train_to_the_end(
    build: Callable[[], nn.Module],
    train: Callable[[nn.Module, float, int, int], None],
    measure: Callable[[nn.Module], float],
    num_clips: int,
    options: Training,
    seed: int,
    device: str,
) -> tuple[nn.Module, FitReport]:
    """Train a network until it knows its training clips or can be shown not to learn them.

    The weights kept are the last ones of the try with the highest training accuracy; no other clip has a say.

    Args:
        build (Callable): Makes the network, initialized at random or from weights.
        train (Callable): Trains a network with a rate for a number of epochs from a seed, ``train(net, rate, epochs, seed)``.
        measure (Callable): Training accuracy of a network.
        num_clips (int): Number of training clips.
        options (Training): How.
        seed (int): Seed.
        device (str): Where.

    Returns:
        tuple[nn.Module, FitReport]: The network in eval mode, and how it went.
    """
    per_epoch = math.ceil(num_clips / options.batch_size)
    epochs = max(min(options.epochs, options.max_updates // per_epoch), 2)
    tries, best = [], None
    for rate, number in product(options.learning_rates, range(options.seeds)):
        own = _mix(seed, number)
        with torch.random.fork_rng(_cuda(device)):
            torch.manual_seed(own)
            net = build().to(device)
            log = _rounds(net, train, measure, rate, epochs, own, options)
        tries.append(dict(seed=number, learning_rate=rate, **log))
        if best is None or log['train_accuracy'] > best[1]['train_accuracy']:
            best = (net, tries[-1])
        if log['end'] == 'target':
            break
    return best[0].eval(), report(tries, best[1], options.target)


def report(tries: list[dict], chosen: dict, target: float) -> FitReport:
    """Say in words how the tries of a network ended.

    Args:
        tries (list[dict]): Each with ``end`` (``'target'``, ``'plateau'`` or ``'budget'``), ``epochs`` and ``train_accuracy``.
        chosen (dict): The one whose weights are kept.
        target (float): Accuracy asked for.

    Returns:
        FitReport: The report.
    """
    accuracy, count = chosen['train_accuracy'], len(tries)
    if chosen['end'] == 'target':
        how = f'reached {accuracy:.1%} of its training clips after {chosen["epochs"]} epochs'
    elif all(t['end'] == 'plateau' for t in tries):
        how = f'plateau at {accuracy:.1%} of its training clips: in none of {count} tries did the last doubling gain a point'
    else:
        how = f'stopped by the budget at {accuracy:.1%} of its training clips, {target:.0%} wanted, while still gaining'
    converged = chosen['end'] == 'target' or all(t['end'] == 'plateau' for t in tries)
    return FitReport(accuracy, converged, how, sum(t['epochs'] for t in tries), tries)


def _rounds(
    net: nn.Module,
    train: Callable[[nn.Module, float, int, int], None],
    measure: Callable[[nn.Module], float],
    rate: float,
    epochs: int,
    seed: int,
    options: Training,
) -> dict:
    """Train in rounds, each twice as long as the last, until the target, a plateau or the end of the budget."""
    accuracies, spent, end = [], 0, 'budget'
    for number in range(options.max_rounds):
        train(net, rate, epochs * 2**number, _mix(seed, number))
        spent += epochs * 2**number
        accuracies.append(measure(net))
        if accuracies[-1] >= options.target:
            end = 'target'
            break
        if number and accuracies[-1] < accuracies[-2] + _PLATEAU:
            end = 'plateau'
            break
    return dict(end=end, epochs=spent, train_accuracy=accuracies[-1], rounds=accuracies)


def rise_and_fall(update: int, updates: int) -> float:
    """Share of the highest rate at an update: rising in a line over the first fifth, then falling to zero as half a cosine."""
    rise = max(updates // 5, 1)
    if update < rise:
        return (update + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * min((update - rise) / max(updates - rise, 1), 1)))


def train_round(
    net: nn.Module,
    view: View,
    labels: np.ndarray,
    length: int,
    options: Training,
    device: str,
    rate: float,
    epochs: int,
    seed: int,
) -> None:
    """Train a network for one schedule of AdamW whose rate rises and falls once.

    Args:
        net (nn.Module): Answers clips (N, M, T, V, C) and numbers of frames (N,) with logits (N, K) and embeddings (N, E).
        view (View): The n clips.
        labels (np.ndarray): Class of each, shape (n,).
        length (int): Frames T.
        options (Training): Sizes and augmentation.
        device (str): Where the net is.
        rate (float): Highest rate.
        epochs (int): Passes over the clips.
        seed (int): Seed of order and augmentation.
    """
    order = np.random.default_rng(seed)
    net.train()
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [
            dict(params=decayed, weight_decay=options.weight_decay),
            dict(params=plain, weight_decay=0.0),
        ],
        lr=rate,
    )
    updates = epochs * max(math.ceil(len(view) / options.batch_size), 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(rise_and_fall, updates=updates))
    for _ in range(epochs):
        shuffled = order.permutation(len(view))
        for rows, clips, frames in batches(view, length, options.batch_size, device, shuffled):
            clips, frames = _augment(clips, frames, options, order)
            logits, _ = net(clips, frames)
            answer = torch.from_numpy(labels[rows].astype(np.int64)).to(device)
            loss = F.cross_entropy(logits, answer, label_smoothing=options.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimizer.step()
            schedule.step()


def _augment(
    clips: Tensor, frames: Tensor, options: Training, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Cut pieces out of clips, change their tempo, add noise to joints that are there."""

    def draw(low: float, high: float) -> Tensor:
        values = random.uniform(low, high, len(clips)).astype(np.float32)
        return torch.from_numpy(values).to(clips.device)

    kept = 1 - draw(0, options.crop)
    start = draw(0, 1) * (1 - kept)
    if options.crop:
        clips = crop_time(clips, start, start + kept)
    if options.noise:
        noise = random.standard_normal(clips.shape, np.float32) * np.float32(options.noise)
        clips = clips + torch.from_numpy(noise).to(clips.device) * clips.any(-1, keepdim=True)
    return clips, frames * kept * (1 + draw(-options.stretch, options.stretch))


def _mix(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _cuda(device: str) -> list[int]:
    index = torch.device(device)
    return [index.index or 0] if index.type == 'cuda' else []


def matching(state: dict[str, Tensor], net: nn.Module) -> dict[str, Tensor]:
    """The tensors of a state that fit a network: all, or all but those of a head with other classes."""
    own = net.state_dict()
    return {k: copy.deepcopy(v) for k, v in state.items() if k in own and own[k].shape == v.shape}
