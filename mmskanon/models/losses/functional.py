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
