# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""How networks read clips: in batches straight from the file, cut in time, averaged over several cuts when they judge."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from mmskanon.audit.clips import View


def crop_time(clips: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Cut a piece out of each clip and stretch it to the clip's length, linearly between frames.

    Where a person is absent in one of the two frames between which a new one falls, the nearer of them counts alone.

    Args:
        clips (Tensor): Shape (N, M, T, V, C).
        start (Tensor): Where the piece begins, in [0, 1], shape (N,).
        end (Tensor): Where it ends, in [0, 1], shape (N,).

    Returns:
        Tensor: Shape (N, M, T, V, C).
    """
    num, persons, frames = clips.shape[:3]
    steps = torch.linspace(0, 1, frames, device=clips.device)
    at = (start[:, None] + (end - start)[:, None] * steps).clamp(0, 1) * (frames - 1)
    low = at.floor().long()
    high = (low + 1).clamp(max=frames - 1)
    share = at - low

    def take(index: Tensor) -> Tensor:
        rows = torch.arange(num, device=clips.device)[:, None]
        return clips.transpose(1, 2)[rows, index].transpose(1, 2)

    first, second, share = take(low), take(high), share[:, None, :, None, None]
    mixed = first + (second - first) * share
    if persons == 1 and bool(clips.flatten(3).any(-1).all()):
        return mixed
    there = [x.flatten(3).any(-1)[..., None, None] for x in (first, second)]
    return torch.where(there[0] & there[1], mixed, torch.where(share < 0.5, first, second))


def batches(
    view: View, length: int, size: int, device: str, order: np.ndarray | None = None
) -> Iterator[tuple[np.ndarray, Tensor, Tensor]]:
    """Read clips in parts of about equal size, straight from the file that is mapped into memory.

    Args:
        view (View): The n clips.
        length (int): Frames T of each.
        size (int): Largest number of clips at a time.
        device (str): Where to put them.
        order (np.ndarray, optional): Positions in the view, in the order wanted. Defaults to None, all as they come.

    Yields:
        tuple: Positions (N,), clips (N, M, T, V, C) and their numbers of frames in the file (N,).
    """
    order = np.arange(len(view)) if order is None else order
    frames = view.num_frames()
    for rows in np.array_split(order, max(math.ceil(len(order) / size), 1)):
        clips = torch.from_numpy(view[rows].clips(length)).to(device)
        yield rows, clips, torch.from_numpy(frames[rows].astype(np.float32)).to(device)


@torch.no_grad()
def predict(
    net: nn.Module, view: View, length: int, device: str, windows: int = 1, size: int = 128
) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities and embeddings of clips, averaged over crops of each.

    Args:
        net (nn.Module): Answers clips (N, M, T, V, C) and numbers of frames (N,) with logits (N, K) and embeddings (N, E).
        view (View): The n clips.
        length (int): Frames T.
        device (str): Where the net is.
        windows (int): Crops: the whole clip and, beyond one, pieces of nine tenths. Defaults to 1.
        size (int): Clips at a time. Defaults to 128.

    Returns:
        tuple[np.ndarray, np.ndarray]: Shapes (n, K) and (n, E), float32.
    """
    net.eval()
    pieces = [(0.0, 1.0)]
    pieces += [
        (0.1 * i / max(windows - 2, 1), 0.9 + 0.1 * i / max(windows - 2, 1))
        for i in range(windows - 1)
    ]
    scores, vectors = [], []
    for _, clips, frames in batches(view, length, size, device):
        answers = []
        for start, end in pieces:
            ones = torch.ones_like(frames)
            cut = clips if (start, end) == (0, 1) else crop_time(clips, start * ones, end * ones)
            logits, embedding = net(cut, frames * (end - start))
            answers.append((logits.log_softmax(-1), embedding))
        score, vector = (torch.stack(x) for x in zip(*answers, strict=True))
        scores.append((score.logsumexp(0) - math.log(len(pieces))).cpu().numpy())
        vectors.append(vector.mean(0).cpu().numpy())
    return np.concatenate(scores), np.concatenate(vectors)


def accuracy_of(log_posterior: np.ndarray, labels: np.ndarray) -> float:
    """Share of clips of which the likeliest class (n, K) is the right one (n,)."""
    return float((log_posterior.argmax(axis=1) == labels).mean())
