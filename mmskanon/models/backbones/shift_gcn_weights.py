# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""From the state dict of the authors' Shift-GCN to that of a recognizer with our :class:`~.shift_gcn.ShiftGCN`.

Everything is read from names and shapes: stages, widths, strides, joints, persons, coordinates, classes. The names are those of the code
that Cheng et al. (CVPR 2020) and Moon et al. (AAAI 2023) released: ``data_bn``, ``l1`` to ``l10`` with ``gcn1``, ``tcn1`` and
``residual``, ``fc``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .shift_gcn_sizes import STAGE_KEY, ShiftGCNSizes, expected_tensors, read_sizes


def convert_shift_gcn(
    state: Mapping[str, Tensor], where: str, down_stages: Sequence[int] | None = None
) -> tuple[dict[str, Tensor], ShiftGCNSizes]:
    """Rename and reorder the weights of a released Shift-GCN.

    Args:
        state (Mapping[str, Tensor]): Its state dict; names may have a prefix that ends in ``module.``.
        where (str): How messages name the file.
        down_stages (Sequence[int], optional): Stages with stride 2. Defaults to None, those with a projection in their skip connection.

    Returns:
        tuple[dict[str, Tensor], ShiftGCNSizes]: State dict of a recognizer with backbone and head, and the sizes of the net.

    Raises:
        ValueError: If a key is missing, unknown, or of another shape or content than in a Shift-GCN; names it.
    """
    state = _without_prefix(state, where)
    sizes = read_sizes(state, where, down_stages)
    shapes, optional = expected_tensors(sizes)
    _check(state, shapes, optional, where)
    out = {}
    for key in shapes:
        if key.endswith('num_batches_tracked'):
            value = state.get(key, torch.zeros((), dtype=torch.int64)).long()
        elif key in optional:
            _check_roll(state, key, sizes.joints, where)
            continue
        else:
            value = state[key].float()
        name = _new_name(key)
        if name.endswith('.xpos') and not sizes.joint_shift:
            continue
        if '.gcn.bn.' in name and value.ndim:
            value = value.view(sizes.joints, -1).t().reshape(-1)
        elif name.endswith(('linear_bias', 'feature_mask')):
            value = value.reshape(-1) if name.endswith('bias') else value[0]
        elif name.endswith('linear_weight'):
            value = value.t()
        elif value.ndim == 4:
            value = value[:, :, 0, 0]
        out[name] = value.clone(memory_format=torch.contiguous_format)
    return out, sizes


def _without_prefix(state: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """The state dict with names cut after the last ``module.``."""
    out = {}
    for key, value in state.items():
        name = key.split('module.')[-1]
        if name in out:
            raise ValueError(
                f'{where} has {name} twice, once as {key}; keep the weights of one net'
            )
        out[name] = value
    return out


def _check(
    state: Mapping[str, Tensor], shapes: Mapping[str, tuple], optional: set[str], where: str
) -> None:
    """Raise unless the keys are exactly those expected, with their shapes."""
    missing = [key for key in shapes if key not in state and key not in optional]
    unknown = [key for key in state if key not in shapes]
    if missing:
        more = f' and {len(missing) - 1} more' if len(missing) > 1 else ''
        raise ValueError(
            f'{where} lacks {missing[0]} of shape {shapes[missing[0]]}{more}; is the file complete?'
        )
    if unknown:
        more = f' and {len(unknown) - 1} more' if len(unknown) > 1 else ''
        raise ValueError(
            f'{where} has {unknown[0]}{more}, which a Shift-GCN of these sizes does not have; is it of another network?'
        )
    for key, value in state.items():
        if tuple(value.shape) != shapes[key]:
            raise ValueError(
                f'{where} has {key} of shape {tuple(value.shape)}; expected {shapes[key]} beside the other tensors'
            )
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ValueError(
                f'{where} has values in {key} that are not finite; the file is of no use'
            )


def _check_roll(state: Mapping[str, Tensor], key: str, joints: int, where: str) -> None:
    """Raise if the entries that a spatial shift reads, over the flattened (V, C) axis, are not those of the non-local shift."""
    if key not in state:
        return
    channels = state[key].numel() // joints
    sign = 1 if key.endswith('shift_in') else -1
    entry = torch.arange(joints * channels)
    channel = entry % channels
    rule = (entry + sign * channel * channels) % (joints * channels)
    if not torch.equal(state[key].cpu().long(), rule):
        raise ValueError(
            f'{where} has another order of joints and channels in {key} than the non-local shift of Shift-GCN, the only one that ShiftGCN has'
        )


def _new_name(key: str) -> str:
    """Our name of a tensor."""
    match = STAGE_KEY.fullmatch(key)
    if match is None:
        return f'cls_head.{key}' if key.startswith('fc.') else f'backbone.{key}'
    name = match[2]
    for old, new in (
        ('gcn1.down.0.', 'gcn.down.linear.'),
        ('gcn1.down.1.', 'gcn.down.bn.'),
        ('gcn1.Linear_', 'gcn.linear_'),
        ('gcn1.Feature_Mask', 'gcn.feature_mask'),
        ('gcn1.', 'gcn.'),
        ('tcn1.bn2.', 'tcn.bn_out.'),
        ('tcn1.temporal_linear.', 'tcn.linear.'),
        ('tcn1.', 'tcn.'),
        ('residual.conv.', 'residual.linear.'),
    ):
        if name.startswith(old):
            name = new + name[len(old) :]
            break
    return f'backbone.blocks.{int(match[1]) - 1}.{name}'
