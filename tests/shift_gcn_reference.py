# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Shift-GCN as its authors' code computes it, in float64 NumPy with loops, and random weights under the authors' names.

An independent statement of what their CUDA operator and their modules do on (N, C, T, V); nothing of mmskanon is used here.
"""

import math

import numpy as np
import torch

EPS = 1e-5


def bilinear_shift(x, xpos, ypos, stride):
    """The compiled operator: channel by channel, four corners weighted, zero outside, floor(T / stride) frames."""
    N, C, T, V = x.shape
    out = np.zeros((N, C, T // stride, V))
    if stride != 1:
        ypos = ypos + 0.5
    for c in range(C):
        left, top = math.floor(xpos[c]), math.floor(ypos[c])
        dx, dy = float(xpos[c]) - left, float(ypos[c]) - top
        for frame, row_weight in ((top, 1 - dy), (top + 1, dy)):
            for shift, weight in ((left, 1 - dx), (left + 1, dx)):
                kept = [h for h in range(T // stride) if 0 <= h * stride + frame < T]
                first, last = max(0, -shift), min(V, V - shift)
                if not kept or first >= last:
                    continue
                rows = slice(kept[0] * stride + frame, kept[-1] * stride + frame + 1, stride)
                read = x[:, c, rows, first + shift : last + shift]
                out[:, c, kept[0] : kept[-1] + 1, first:last] += row_weight * weight * read
    return out


def _norm(state, prefix, x):
    """Evaluation-mode batch normalization over axis 1."""
    weight, bias, mean, var = (
        state[f'{prefix}.{part}'].reshape(-1, *[1] * (x.ndim - 2))
        for part in ('weight', 'bias', 'running_mean', 'running_var')
    )
    return (x - mean) / np.sqrt(var + EPS) * weight + bias


def _conv(state, prefix, x):
    """A 1x1 convolution."""
    weight, bias = state[f'{prefix}.weight'][:, :, 0, 0], state[f'{prefix}.bias']
    return np.einsum('dc,nctv->ndtv', weight, x, optimize=True) + bias[:, None, None]


def _shift_entries(flat, channels, sign):
    """Entries of the flattened (V, C) axis that the spatial shift reads."""
    columns = np.ascontiguousarray(flat.T)
    total = len(columns)
    out = np.empty_like(columns)
    for v in range(total // channels):
        for c in range(channels):
            out[v * channels + c] = columns[(v * channels + c + sign * c * channels) % total]
    return out.T


def _gcn(state, p, x):
    N, C, T, V = x.shape
    flat = x.transpose(0, 2, 3, 1).reshape(N * T, V * C)
    mixed = _shift_entries(flat, C, 1).reshape(N * T, V, C)
    mixed = mixed * (np.tanh(state[f'{p}.Feature_Mask']) + 1)
    mixed = mixed @ state[f'{p}.Linear_weight'] + state[f'{p}.Linear_bias']
    D = mixed.shape[2]
    flat = _norm(state, f'{p}.bn', _shift_entries(mixed.reshape(N * T, V * D), D, -1))
    out = flat.reshape(N, T, V, D).transpose(0, 3, 1, 2)
    if f'{p}.down.0.weight' in state:
        x = _norm(state, f'{p}.down.1', _conv(state, f'{p}.down.0', x))
    return np.maximum(out + x, 0)


def _tcn(state, p, x, stride):
    x = _norm(state, f'{p}.bn', x)
    x = bilinear_shift(x, state[f'{p}.shift_in.xpos'], state[f'{p}.shift_in.ypos'], 1)
    x = np.maximum(_conv(state, f'{p}.temporal_linear', x), 0)
    x = bilinear_shift(x, state[f'{p}.shift_out.xpos'], state[f'{p}.shift_out.ypos'], stride)
    return _norm(state, f'{p}.bn2', x)


def features(state, x):
    """Features of the last stage.

    Args:
        state (dict): State dict under the authors' names.
        x (np.ndarray): Skeletons (N, M, T, V, C), T a multiple of the product of the strides.

    Returns:
        np.ndarray: Shape (N, M, C', T', V).
    """
    state = {k: v.numpy().astype(np.float64) for k, v in state.items()}
    N, M, T, V, C = x.shape
    rows = x.astype(np.float64).transpose(0, 1, 3, 4, 2).reshape(N, M * V * C, T)
    rows = _norm(state, 'data_bn', rows).reshape(N, M, V, C, T)
    x = rows.transpose(0, 1, 3, 4, 2).reshape(N * M, C, T, V)
    stage = 1
    while f'l{stage}.gcn1.Linear_weight' in state:
        p = f'l{stage}'
        stride, skip = 1, x
        if stage == 1:
            skip = 0
        elif f'{p}.residual.conv.weight' in state:
            stride = 2
            skip = _norm(
                state, f'{p}.residual.bn', _conv(state, f'{p}.residual.conv', x[:, :, ::2])
            )
        x = np.maximum(_tcn(state, f'{p}.tcn1', _gcn(state, f'{p}.gcn1', x), stride) + skip, 0)
        stage += 1
    return x.reshape(N, M, *x.shape[1:])


def logits(state, x):
    """Logits (N, K) of skeletons (N, M, T, V, C)."""
    pooled = features(state, x).mean((3, 4)).mean(1)
    return pooled @ state['fc.weight'].double().numpy().T + state['fc.bias'].double().numpy()


def random_state(
    widths=(3, 4, 8, 8),
    down=(2,),
    joints=5,
    persons=2,
    classes=3,
    seed=0,
    xpos_scale=1e-9,
    reach=3.0,
):
    """A state dict with the authors' names and shapes and random values.

    ``widths`` are the coordinates, then the channels of each stage; ``down`` the stages with stride 2.
    """
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape, scale=1.0):
        return torch.randn(*shape, generator=rng) * scale

    def norm(prefix, channels):
        return {
            f'{prefix}.weight': 1 + normal(channels, scale=0.2),
            f'{prefix}.bias': normal(channels, scale=0.2),
            f'{prefix}.running_mean': normal(channels, scale=0.2),
            f'{prefix}.running_var': torch.rand(channels, generator=rng) + 0.5,
            f'{prefix}.num_batches_tracked': torch.tensor(7),
        }

    def conv(prefix, before, after):
        weight = normal(after, before, 1, 1, scale=before**-0.5)
        return {f'{prefix}.weight': weight, f'{prefix}.bias': normal(after, scale=0.1)}

    def entries(channels, sign):
        at = torch.arange(joints * channels)
        return (at + sign * (at % channels) * channels) % (joints * channels)

    state = norm('data_bn', persons * joints * widths[0])
    for stage, (before, after) in enumerate(zip(widths, widths[1:], strict=False), 1):
        gcn, tcn = f'l{stage}.gcn1', f'l{stage}.tcn1'
        state |= {
            f'{gcn}.Linear_weight': normal(before, after, scale=before**-0.5),
            f'{gcn}.Linear_bias': normal(1, 1, after, scale=0.1),
            f'{gcn}.Feature_Mask': normal(1, joints, before),
            f'{gcn}.shift_in': entries(before, 1),
            f'{gcn}.shift_out': entries(after, -1),
            **norm(f'{gcn}.bn', joints * after),
        }
        if before != after:
            state |= conv(f'{gcn}.down.0', before, after) | norm(f'{gcn}.down.1', after)
        for shift in ('shift_in', 'shift_out'):
            state[f'{tcn}.{shift}.xpos'] = normal(after, scale=xpos_scale)
            state[f'{tcn}.{shift}.ypos'] = (torch.rand(after, generator=rng) * 2 - 1) * reach
        state |= conv(f'{tcn}.temporal_linear', after, after)
        state |= norm(f'{tcn}.bn', after) | norm(f'{tcn}.bn2', after)
        if stage > 1 and (before != after or stage in down):
            skip = f'l{stage}.residual'
            state |= conv(f'{skip}.conv', before, after) | norm(f'{skip}.bn', after)
    state['fc.weight'], state['fc.bias'] = normal(classes, widths[-1]), normal(classes)
    return state
