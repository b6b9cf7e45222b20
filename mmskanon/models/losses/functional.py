# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Loss terms of adversarial anonymization as pure functions."""

import math

import torch
import torch.nn.functional as F


def softmax_entropy(logits: torch.Tensor) -> torch.Tensor:
    """Mean entropy of the softmax, H = -mean_n sum_k p_nk log p_nk, in nats.

    Range [0, log K]; the upper end means that the classifier has no opinion.

    Args:
        logits (Tensor): Shape (N, K).
    """
    log_p = logits.log_softmax(-1)
    return -(log_p.exp() * log_p).sum(-1).mean()


def uniform_kl(logits: torch.Tensor) -> torch.Tensor:
    """Mean Kullback-Leibler divergence KL(uniform || softmax), in nats.

    Range [0, inf); 0 means that the classifier has no opinion. Unlike the entropy its gradient does not vanish where the
    classifier is certain.

    Args:
        logits (Tensor): Shape (N, K).
    """
    return -(logits.log_softmax(-1).mean(-1)).mean() - math.log(logits.shape[-1])


def squared_estimate(estimates: torch.Tensor) -> torch.Tensor:
    """Mean square of standardized estimates of a number.

    Range [0, inf); 0 means that the estimator says the mean of the population for everybody, so has no opinion on a person.

    Args:
        estimates (Tensor): Shape (N, 1), in standard deviations from the mean.
    """
    return estimates.float().square().mean()


def present_mse(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean squared error over the coordinates of persons and frames that are present in the target, in squared metres.

    Args:
        output (Tensor): Shape (N, M, T, V, C).
        target (Tensor): Same shape; a person-frame whose coordinates are all zero counts as absent.
    """
    present = (target != 0).any(-1).any(-1)[..., None, None]
    count = present.sum() * target.shape[-1] * target.shape[-2]
    return (F.mse_loss(output, target, reduction='none') * present).sum() / count.clamp(min=1)


def neighbour_divergence(
    vectors: torch.Tensor,
    classes: torch.Tensor,
    groups: torch.Tensor,
    temperature: float,
    recordings: torch.Tensor | None = None,
) -> torch.Tensor:
    """How far the neighbours of a vector within its class depend on its group, in nats.

    The weights exp(-d^2 / tau) of the vectors of other recordings of the class, normalized, give the share p of its own group among its
    neighbours; q is the share of its group among those vectors. The divergence is that of two coins, KL(q || p), averaged over the vectors
    that have others of both kinds; 0 where there are none.

    Args:
        vectors (Tensor): Shape (N, D).
        classes (Tensor): Shape (N,).
        groups (Tensor): Shape (N,).
        temperature (float): tau as a multiple of the mean squared distance to the nearest vector of another recording of the class.
        recordings (Tensor, optional): Shape (N,), equal where vectors are of one recording, which are alike whoever it shows. Defaults to
            None, all different.
    """
    if recordings is None:
        recordings = torch.arange(len(vectors), device=vectors.device)
    others = (classes[:, None] == classes[None]) & (recordings[:, None] != recordings[None])
    own = others & (groups[:, None] == groups[None])
    usable = own.any(1) & (others & ~own).any(1)
    if not usable.any():
        return vectors.sum() * 0
    # Differences rather than products of the vectors: neighbours are close, and products would cancel.
    square = torch.cdist(vectors, vectors, compute_mode='donot_use_mm_for_euclid_dist').square()
    square, others, own = square[usable], others[usable], own[usable]
    nearest = square.detach().masked_fill(~others, torch.inf).amin(1).mean()
    logits = (-square / (temperature * nearest + 1e-12)).masked_fill(~others, -torch.inf)
    log_weights = logits.log_softmax(1)
    log_p = log_weights.masked_fill(~own, -torch.inf).logsumexp(1)
    log_rest = log_weights.masked_fill(own, -torch.inf).logsumexp(1)
    q = own.sum(1) / others.sum(1)
    return (q * (q.log() - log_p) + (1 - q) * ((1 - q).log() - log_rest)).mean()


def between_group_share(
    vectors: torch.Tensor,
    classes: torch.Tensor,
    groups: torch.Tensor,
    recordings: torch.Tensor | None = None,
) -> torch.Tensor:
    """Share of the variance within classes that lies between groups, beyond what chance gives, in [0, 1].

    Vectors of one recording are averaged, and the mean of its class is taken from each recording. With S_c the sum of the squared lengths
    of what is left in class c, S that over all classes, and B the sum over recordings of the squared length of their group's mean, the
    share is R = B / S. It is above 0 also where groups mean nothing: if they were dealt out anew within each class, it would be on average

        E = sum_c S_c / S * sum_g n_cg (n_c - n_cg) / (n_g n_c (n_c - 1)),

    n counting recordings, which is (P - 1) / (n - 1) for P groups in one class of n. The result is max(0, (R - E) / (1 - E)), in one class
    the adjusted R^2 of the analysis of variance; 0 where each recording is a group of its own.

    Args:
        vectors (Tensor): Shape (N, D).
        classes (Tensor): Shape (N,).
        groups (Tensor): Shape (N,).
        recordings (Tensor, optional): Shape (N,), equal where vectors are of one recording. Defaults to None, all different.
    """
    if recordings is not None:
        vectors, first = _group_means(vectors, recordings), _first_of_each(recordings)
        vectors, classes, groups = vectors[first], classes[first], groups[first]
    of_class, of_group = classes[:, None] == classes[None], groups[:, None] == groups[None]
    same = torch.stack([of_class, of_group, of_class & of_group]).to(vectors.dtype)
    n_c, n_g, n_cg = same.sum(-1)
    left = vectors - _group_means(vectors, classes)
    square = left.square().sum(1)
    total = square.sum().clamp(min=1e-12)
    share = _group_means(left, groups).square().sum() / total
    # A sum over the recordings of c takes each group n_cg times; the mean over them stands for the sum over groups.
    of_chance = _group_means(((n_c - n_cg) / (n_g * (n_c - 1).clamp(min=1)))[:, None], classes)
    by_chance = (square * of_chance[:, 0]).sum() / total
    return ((share - by_chance) / (1 - by_chance).clamp(min=1e-3)).clamp(min=0)


def _group_means(vectors: torch.Tensor, groups: torch.Tensor) -> torch.Tensor:
    """For each vector the mean of its group, shape (N, D)."""
    same = (groups[:, None] == groups[None]).to(vectors.dtype)
    return (same / same.sum(1, keepdim=True)) @ vectors


def _first_of_each(values: torch.Tensor) -> torch.Tensor:
    """Whether no equal value stands before, shape (N,)."""
    return ~(values[:, None] == values[None]).tril(-1).any(1)
