# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""What the tensors of a released Shift-GCN say about the net, and which tensors such a net has.

Two rules that no tensor states: a stage with a projection in its skip connection has stride 2, and the entries of ``data_bn`` are in the
order (M, V, C).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from mmskanon.skeletons.features import check_features
from mmskanon.skeletons.layouts import LAYOUTS

#: Offsets along the joints up to this many joints are the noise that the authors start from, and are the identity.
IDENTITY = 1e-6
STAGE_KEY = re.compile(r'l(\d+)\.(.+)')

_NORM = ('weight', 'bias', 'running_mean', 'running_var')


@dataclass(frozen=True)
class ShiftGCNSizes:
    """What the tensors of a released Shift-GCN say about the net.

    Args:
        joints (int): V.
        persons (int): M.
        widths (tuple[int]): Coordinates C of the input, then the channels of each stage.
        down_stages (tuple[int]): Stages with stride 2, counted from 1.
        classes (int): Number of classes.
        joint_shift (bool): Whether the net shifts along the joints in its temporal part.
    """

    joints: int
    persons: int
    widths: tuple[int, ...]
    down_stages: tuple[int, ...]
    classes: int
    joint_shift: bool

    def model(self, attribute: str | None = None, features: Sequence[str] = ('j',)) -> dict:
        """Config of the recognizer that the converted weights fit.

        Args:
            attribute (str, optional): Private attribute that the net reads. Defaults to None, for a net that reads actions.
            features (Sequence[str]): Streams that the net reads, of :data:`mmskanon.skeletons.features.FEATURES`. Defaults to
                ``('j',)``.

        Returns:
            dict: A ``SkeletonRecognizer``, or a ``RecognizerGCN`` where no layout is known that has as many joints.

        Raises:
            ValueError: If the widths do not grow by one factor, or the net cannot read such streams.
        """
        features = list(check_features(features))
        base, *widths = self.widths[1:]
        growth = {b / a for a, b in zip([base, *widths], widths, strict=False) if a != b}
        if len(growth) > 1:
            raise ValueError(
                f'the stages have the widths {list(self.widths[1:])}; ShiftGCN can be built only where one factor leads from each to the next wider'
            )
        layout = next((n for n, known in LAYOUTS.items() if known.num_joints == self.joints), None)
        if self.widths[0] % len(features) or (layout is None and features != ['j']):
            raise ValueError(
                f'the net reads {self.widths[0]} numbers of each of {self.joints} joints, which cannot be the streams {features}; '
                'streams are of equal width, and are known for layouts with a name'
            )
        if layout is None:  # of the graph, only the number of joints counts
            inward = [(joint, 0) for joint in range(1, self.joints)]
            graph = dict(num_node=self.joints, inward=inward, center=0)
            model = dict(type='RecognizerGCN')
        else:
            graph = layout
            model = dict(type='SkeletonRecognizer', layout=layout, features=features)
        factor = growth.pop() if growth else 2
        inflate = [
            i for i, (a, b) in enumerate(zip([base, *widths], widths, strict=False), 2) if a != b
        ]
        head = dict(type='GCNHead')
        if attribute is not None:
            head = dict(type='PrivacyHead', attribute=attribute)
        return dict(
            model,
            backbone=dict(
                type='ShiftGCN',
                graph_cfg=dict(layout=graph, mode='spatial'),
                in_channels=self.widths[0],
                base_channels=base,
                ch_ratio=int(factor) if factor == int(factor) else factor,
                num_person=self.persons,
                num_stages=len(self.widths) - 1,
                inflate_stages=inflate,
                down_stages=list(self.down_stages),
                joint_shift=self.joint_shift,
            ),
            cls_head=dict(head, num_classes=self.classes, in_channels=self.widths[-1]),
        )


def read_sizes(
    state: Mapping[str, Tensor], where: str, down_stages: Sequence[int] | None = None
) -> ShiftGCNSizes:
    """Read the sizes of a released Shift-GCN from its tensors.

    Args:
        state (Mapping[str, Tensor]): Its state dict, without prefix.
        where (str): How messages name the file.
        down_stages (Sequence[int], optional): See :func:`convert_shift_gcn`. Defaults to None.

    Returns:
        ShiftGCNSizes: The sizes; whether all tensors have them is not checked.

    Raises:
        ValueError: If a tensor that states one of them is missing or of the wrong kind.
    """
    stages = sorted({int(m[1]) for key in state if (m := STAGE_KEY.fullmatch(key))})
    if not stages or stages != list(range(1, len(stages) + 1)):
        raise ValueError(
            f'{where} is no Shift-GCN: expected stages l1, l2, ... without a gap, found {stages or "none"} among keys such as {sorted(state)[:3]}'
        )
    mask = _get(state, 'l1.gcn1.Feature_Mask', 3, where)
    joints, coordinates = mask.shape[1:]
    widths = [coordinates]
    for stage in stages:
        widths.append(_get(state, f'l{stage}.gcn1.Linear_weight', 2, where).shape[1])
    entries = _get(state, 'data_bn.weight', 1, where).shape[0]
    if joints * coordinates == 0 or entries == 0 or entries % (joints * coordinates):
        raise ValueError(
            f'{where} has data_bn.weight of {entries} entries; expected a multiple of {joints} joints times {coordinates} coordinates, '
            'as in l1.gcn1.Feature_Mask'
        )
    if down_stages is None:
        down_stages = [s for s in stages if f'l{s}.residual.conv.weight' in state]
    outside = [s for s in down_stages if s not in stages[1:]]
    if outside:
        raise ValueError(
            f'{where} has stages 1 to {len(stages)}; stage {outside[0]} cannot have stride 2'
        )
    xpos = [value for key, value in state.items() if key.endswith('.xpos')]
    return ShiftGCNSizes(
        joints=joints,
        persons=entries // (joints * coordinates),
        widths=tuple(widths),
        down_stages=tuple(sorted(down_stages)),
        classes=_get(state, 'fc.weight', 2, where).shape[0],
        joint_shift=any(bool((value.abs() > IDENTITY).any()) for value in xpos),
    )


def _get(state: Mapping[str, Tensor], key: str, ndim: int, where: str) -> Tensor:
    """A tensor with so many axes."""
    if key not in state:
        raise ValueError(f'{where} lacks {key}, which every released Shift-GCN has')
    if state[key].ndim != ndim:
        raise ValueError(
            f'{where} has {key} of shape {tuple(state[key].shape)}; expected {ndim} axes'
        )
    return state[key]


def _norm(prefix: str, channels: int) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of a batch normalization."""
    return {
        **{f'{prefix}.{part}': (channels,) for part in _NORM},
        f'{prefix}.num_batches_tracked': (),
    }


def _conv(prefix: str, before: int, after: int) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of a 1x1 convolution."""
    return {f'{prefix}.weight': (after, before, 1, 1), f'{prefix}.bias': (after,)}


def expected_tensors(sizes: ShiftGCNSizes) -> tuple[dict[str, tuple[int, ...]], set[str]]:
    """List the tensors of a Shift-GCN.

    Args:
        sizes (ShiftGCNSizes): Sizes of the net.

    Returns:
        tuple[dict[str, tuple[int, ...]], set[str]]: All keys with their shapes, and those that may be absent because they follow from
        a rule.
    """
    joints = sizes.joints
    shapes = _norm('data_bn', sizes.persons * joints * sizes.widths[0])
    for stage, (before, after) in enumerate(zip(sizes.widths, sizes.widths[1:], strict=False), 1):
        gcn, tcn, skip = (f'l{stage}.{part}' for part in ('gcn1', 'tcn1', 'residual'))
        shapes |= {
            f'{gcn}.Linear_weight': (before, after),
            f'{gcn}.Linear_bias': (1, 1, after),
            f'{gcn}.Feature_Mask': (1, joints, before),
            f'{gcn}.shift_in': (joints * before,),
            f'{gcn}.shift_out': (joints * after,),
            **_norm(f'{gcn}.bn', joints * after),
        }
        if before != after:
            shapes |= _conv(f'{gcn}.down.0', before, after) | _norm(f'{gcn}.down.1', after)
        for shift in ('shift_in', 'shift_out'):
            shapes |= {f'{tcn}.{shift}.{axis}pos': (after,) for axis in 'xy'}
        shapes |= _conv(f'{tcn}.temporal_linear', after, after)
        shapes |= _norm(f'{tcn}.bn', after) | _norm(f'{tcn}.bn2', after)
        if stage > 1 and (before != after or stage in sizes.down_stages):
            shapes |= _conv(f'{skip}.conv', before, after) | _norm(f'{skip}.bn', after)
    shapes |= {'fc.weight': (sizes.classes, sizes.widths[-1]), 'fc.bias': (sizes.classes,)}
    ruled = ('num_batches_tracked', 'gcn1.shift_in', 'gcn1.shift_out')
    return shapes, {key for key in shapes if key.endswith(ruled)}
