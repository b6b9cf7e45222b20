# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""Skeleton layouts: one definition of each body model, from which graph, bones, normalization and plots derive."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

_UNITS = ('m', 'px')
# Joints of the graphs that MMAction2 knows by name.
_STOCK_GRAPHS = {'nturgb+d': 25, 'openpose': 18, 'coco': 17}


def _sentence(name: str, what: str) -> ValueError:
    return ValueError(f'skeleton layout {name!r}: {what}')


def _joint_index(value: Any, joints: tuple[str, ...], name: str, key: str) -> int:
    """Turn a joint given by index or by name into an index."""
    if isinstance(value, str):
        if value not in joints:
            raise _sentence(
                name, f'{key} names the joint {value!r}, which is not one of {list(joints)}'
            )
        return joints.index(value)
    if isinstance(value, bool):
        raise _sentence(name, f'{key} must be a joint index or a joint name, found {value!r}')
    try:
        index = operator.index(value)
    except TypeError:
        raise _sentence(
            name, f'{key} must be a joint index or a joint name, found {value!r}'
        ) from None
    if not 0 <= index < len(joints):
        raise _sentence(
            name,
            f'{key} is joint {index}, expected 0 to {len(joints) - 1} for {len(joints)} joints',
        )
    return index


def _index_pair(value: Any, joints: tuple[str, ...], name: str, key: str) -> tuple[int, int]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise _sentence(name, f'{key} must be a pair of joints, found {value!r}')
    first, second = (_joint_index(v, joints, name, key) for v in value)
    return first, second


@dataclass(frozen=True, kw_only=True)
class SkeletonLayout:
    """One body model: joint names, the tree they form, and the joints that orient the body.

    Wherever a joint is expected, its index or its name may be given; indices are stored. Lists become tuples.

    Args:
        name (str): Name of the layout.
        joints (tuple[str]): Joint names, in the order of the V axis.
        parents (tuple[int]): Parent of each joint; the root is its own parent. Every joint must lead to the one root.
        center (int): Joint that normalization moves to the origin.
        pairs (tuple[tuple[int, int]]): (left, right) joints that a mirror image swaps. Defaults to ().
        spine (tuple[int, int], optional): (lower, upper) joints whose direction normalization turns to the z axis.
            Defaults to None.
        shoulders (tuple[int, int], optional): (right, left) joints whose direction it turns to the x axis. Defaults to None.
        dims (int): Spatial coordinates of a joint, 2 or 3; further channels are scores. Defaults to 3.
        unit (str): ``'m'`` (metres in camera space) or ``'px'`` (pixels). Defaults to ``'m'``.
        bone_pairs (tuple[tuple[int, int]], optional): (joint, joint it is measured from) for each joint, where bone features
            do not follow the tree. Defaults to None, the tree.

    Raises:
        ValueError: If the parts contradict each other.

    Example:
        >>> layout = get_layout('kinect_v1')
        >>> layout.num_joints, layout.joints[layout.center]
        (20, 'spine')
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    center: int
    pairs: tuple[tuple[int, int], ...] = ()
    spine: tuple[int, int] | None = None
    shoulders: tuple[int, int] | None = None
    dims: int = 3
    unit: str = 'm'
    bone_pairs: tuple[tuple[int, int], ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f'a skeleton layout needs a name, found {self.name!r}')
        joints = self._sequence('joints')
        self._set('joints', joints)
        if not joints or not all(isinstance(j, str) for j in joints):
            raise _sentence(self.name, f'joints must be a list of names, found {self.joints!r}')
        if len(set(joints)) != len(joints):
            twice = sorted({j for j in joints if joints.count(j) > 1})
            raise _sentence(self.name, f'joint names must differ, found {twice} more than once')
        self._set('parents', self._checked_parents())
        self._set('center', _joint_index(self.center, joints, self.name, 'center'))
        self._set('pairs', self._checked_pairs())
        for key in ('spine', 'shoulders'):
            value = getattr(self, key)
            if value is None:
                continue
            value = _index_pair(value, joints, self.name, key)
            if value[0] == value[1]:
                raise _sentence(
                    self.name, f'{key} must be two different joints, found {value[0]} twice'
                )
            self._set(key, value)
        if self.dims not in (2, 3) or isinstance(self.dims, bool):
            raise _sentence(self.name, f'dims must be 2 or 3, found {self.dims!r}')
        if self.unit not in _UNITS:
            raise _sentence(self.name, f'unit must be one of {list(_UNITS)}, found {self.unit!r}')
        self._set('bone_pairs', self._checked_bone_pairs())

    def _set(self, key: str, value: Any) -> None:
        object.__setattr__(self, key, value)

    def _sequence(self, key: str) -> tuple:
        value = getattr(self, key)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise _sentence(self.name, f'{key} must be a list, found {value!r}')
        return tuple(value)

    def _checked_parents(self) -> tuple[int, ...]:
        parents = self._sequence('parents')
        num = len(self.joints)
        if len(parents) != num:
            raise _sentence(
                self.name, f'{num} joints need {num} parents, found {len(parents)} parents'
            )
        parents = tuple(_joint_index(p, self.joints, self.name, 'parents') for p in parents)
        roots = [j for j, parent in enumerate(parents) if j == parent]
        if len(roots) != 1:
            raise _sentence(
                self.name,
                f'exactly one joint must be its own parent (the root), found {len(roots)}: {roots}',
            )
        for joint in range(num):
            current = joint
            for _ in range(num):
                current = parents[current]
            if current != roots[0]:
                raise _sentence(
                    self.name,
                    f'the parents of joint {joint} ({self.joints[joint]}) run in a circle and never reach the root {roots[0]}',
                )
        return parents

    def _checked_pairs(self) -> tuple[tuple[int, int], ...]:
        pairs = tuple(
            _index_pair(p, self.joints, self.name, 'pairs') for p in self._sequence('pairs')
        )
        flat = [j for pair in pairs for j in pair]
        if len(set(flat)) != len(flat):
            twice = sorted({j for j in flat if flat.count(j) > 1})
            raise _sentence(
                self.name, f'a joint may stand in one left/right pair only, found {twice} in more'
            )
        return pairs

    def _checked_bone_pairs(self) -> tuple[tuple[int, int], ...]:
        if self.bone_pairs is None:
            return self.bones
        pairs = tuple(
            _index_pair(p, self.joints, self.name, 'bone_pairs')
            for p in self._sequence('bone_pairs')
        )
        if sorted(p[0] for p in pairs) != list(range(self.num_joints)):
            raise _sentence(
                self.name,
                f'bone_pairs must hold each of the {self.num_joints} joints once as first member, '
                f'found first members {[p[0] for p in pairs]}',
            )
        return tuple(sorted(pairs))

    @property
    def num_joints(self) -> int:
        """int: Number of joints V."""
        return len(self.joints)

    @property
    def root(self) -> int:
        """int: The joint that is its own parent."""
        return next(j for j, parent in enumerate(self.parents) if j == parent)

    @property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """tuple[tuple[int, int]]: (joint, parent) for each joint in order, the root with itself."""
        return tuple(enumerate(self.parents))

    @property
    def mirror(self) -> tuple[int, ...]:
        """tuple[int]: The joint that takes each joint's place in a mirror image: ``keypoint[..., mirror, :]``."""
        order = list(range(self.num_joints))
        for left, right in self.pairs:
            order[left], order[right] = right, left
        return tuple(order)

    @property
    def graph_inward(self) -> tuple[tuple[int, int], ...]:
        """tuple[tuple[int, int]]: Edges of the graph, towards the root: the bones without the root's own."""
        return tuple((joint, parent) for joint, parent in self.bones if joint != parent)

    @property
    def graph_center(self) -> int:
        """int: Joint from which the graph counts hops, the root of the tree."""
        return self.root

    def graph_layout(self) -> str | dict:
        """Return what ``graph_cfg=dict(layout=...)`` of an MMAction2 GCN backbone expects.

        Returns:
            str | dict: The name where MMAction2's ``Graph`` knows this layout, else ``dict(num_node, inward, center)``.
        """
        if LAYOUTS.get(self.name) is self and self.name in _STOCK_GRAPHS:
            return self.name
        return dict(
            num_node=self.num_joints, inward=list(self.graph_inward), center=self.graph_center
        )


def _sides(*parts: str) -> tuple[str, ...]:
    return tuple(f'{side}_{part}' for side in ('left', 'right') for part in parts)


_NTU = SkeletonLayout(
    name='nturgb+d',
    joints=(
        *('spine_base', 'spine_mid', 'neck', 'head'),
        *_sides('shoulder', 'elbow', 'wrist', 'hand'),
        *_sides('hip', 'knee', 'ankle', 'foot'),
        'spine_shoulder',
        *_sides('hand_tip', 'thumb'),
    ),
    parents=(
        *(1, 20, 20, 2),
        *(20, 4, 5, 6, 20, 8, 9, 10),
        *(0, 12, 13, 14, 0, 16, 17, 18),
        20,
        *(7, 7, 11, 11),
    ),
    pairs=(
        *((4, 8), (5, 9), (6, 10), (7, 11)),
        *((12, 16), (13, 17), (14, 18), (15, 19)),
        *((21, 23), (22, 24)),
    ),
    center=1,
    spine=(0, 1),
    shoulders=(8, 4),
    # MMAction2 measures each hand tip from the thumb.
    bone_pairs=(
        *((0, 1), (1, 20), (2, 20), (3, 2)),
        *((4, 20), (5, 4), (6, 5), (7, 6), (8, 20), (9, 8), (10, 9), (11, 10)),
        *((12, 0), (13, 12), (14, 13), (15, 14), (16, 0), (17, 16), (18, 17), (19, 18)),
        (20, 20),
        *((21, 22), (22, 7), (23, 24), (24, 11)),
    ),
)

_KINECT_V1 = SkeletonLayout(
    name='kinect_v1',
    joints=(
        *('head', 'shoulder_center', 'spine', 'hip_center'),
        *_sides('shoulder', 'elbow', 'wrist', 'hand'),
        *_sides('hip', 'knee', 'ankle', 'foot'),
    ),
    parents=(
        *(1, 1, 1, 2),
        *(1, 4, 5, 6, 1, 8, 9, 10),
        *(3, 12, 13, 14, 3, 16, 17, 18),
    ),
    pairs=((4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18), (15, 19)),
    center=2,
    spine=(3, 2),
    shoulders=(8, 4),
)

_COCO = SkeletonLayout(
    name='coco',
    joints=(
        'nose',
        *(
            f'{side}_{part}'
            for part in ('eye', 'ear', 'shoulder', 'elbow')
            for side in ('left', 'right')
        ),
        *(
            f'{side}_{part}'
            for part in ('wrist', 'hip', 'knee', 'ankle')
            for side in ('left', 'right')
        ),
    ),
    parents=(0, 0, 0, 1, 2, 0, 0, 5, 6, 7, 8, 5, 6, 11, 12, 13, 14),
    pairs=((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
    center=0,
    shoulders=(6, 5),
    dims=2,
    unit='px',
    # MMAction2 draws the graph from hip to shoulder, but measures the hips from the nose.
    bone_pairs=(
        *((0, 0), (1, 0), (2, 0), (3, 1), (4, 2), (5, 0), (6, 0), (7, 5), (8, 6)),
        *((9, 7), (10, 8), (11, 0), (12, 0), (13, 11), (14, 12), (15, 13), (16, 14)),
    ),
)

_OPENPOSE = SkeletonLayout(
    name='openpose',
    joints=(
        *('nose', 'neck'),
        *(
            f'{side}_{part}'
            for side in ('right', 'left')
            for part in ('shoulder', 'elbow', 'wrist')
        ),
        *(f'{side}_{part}' for side in ('right', 'left') for part in ('hip', 'knee', 'ankle')),
        *('right_eye', 'left_eye', 'right_ear', 'left_ear'),
    ),
    parents=(1, 1, 1, 2, 3, 1, 5, 6, 2, 8, 9, 5, 11, 12, 0, 0, 14, 15),
    pairs=((5, 2), (6, 3), (7, 4), (11, 8), (12, 9), (13, 10), (15, 14), (17, 16)),
    center=1,
    shoulders=(2, 5),
    dims=2,
    unit='px',
    # MMAction2's graph is rooted at the neck, its bones at the nose.
    bone_pairs=(
        *((0, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 6), (8, 2)),
        *((9, 8), (10, 9), (11, 5), (12, 11), (13, 12), (14, 0), (15, 0), (16, 14), (17, 15)),
    ),
)

LAYOUTS: dict[str, SkeletonLayout] = {
    layout.name: layout for layout in (_NTU, _KINECT_V1, _COCO, _OPENPOSE)
}
"""dict[str, SkeletonLayout]: The layouts known by name."""


def get_layout(layout: str | Mapping | SkeletonLayout) -> SkeletonLayout:
    """Return a layout by name, or build one from a dict with the arguments of :class:`SkeletonLayout`.

    Args:
        layout (str | dict | SkeletonLayout): Name, definition, or a layout, which is returned as it is.

    Returns:
        SkeletonLayout: The layout.

    Raises:
        KeyError: If no layout has that name.
        TypeError: If ``layout`` is of another type.
        ValueError: If a definition lacks a part, has an unknown one, or contradicts itself.

    Example:
        >>> arm = get_layout(
        ...     dict(name='arm', joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 'elbow'], center='shoulder')
        ... )
        >>> arm.graph_layout()
        {'num_node': 3, 'inward': [(1, 0), (2, 1)], 'center': 0}
    """
    if isinstance(layout, SkeletonLayout):
        return layout
    if isinstance(layout, str):
        if layout not in LAYOUTS:
            raise KeyError(
                f'no skeleton layout is called {layout!r}: choose one of {sorted(LAYOUTS)}, or give a dict'
            )
        return LAYOUTS[layout]
    if not isinstance(layout, Mapping):
        raise TypeError(
            f'a skeleton layout is given as a name or a dict, found {type(layout).__name__}'
        )
    known = {f.name for f in fields(SkeletonLayout)}
    missing = {'joints', 'parents', 'center'} - set(layout)
    unknown = set(layout) - known
    name = layout.get('name', 'custom')
    if missing or unknown:
        raise _sentence(
            name,
            f'the dict lacks {sorted(missing)} and has unknown keys {sorted(map(str, unknown))}; it may have {sorted(known)}',
        )
    return SkeletonLayout(**{'name': 'custom', **layout})


def check_joint_count(layout: str | Mapping | SkeletonLayout, num_joints: int, where: str) -> None:
    """Refuse a number of joints that is not the layout's.

    Args:
        layout (str | dict | SkeletonLayout): The layout.
        num_joints (int): Number of joints found.
        where (str): What has them, for the message, such as ``"sample 'a1_s1_t1' of train.pkl"``.

    Raises:
        ValueError: If the numbers differ; names both.
    """
    layout = get_layout(layout)
    if num_joints != layout.num_joints:
        fitting = [n for n, other in LAYOUTS.items() if other.num_joints == num_joints]
        advice = f'{fitting[0]!r} has {num_joints}' if fitting else 'set the layout of the data'
        raise ValueError(
            f'{where} has {num_joints} joints, but the skeleton layout {layout.name!r} has {layout.num_joints}: {advice}'
        )


def check_graph_layout(
    layout: str | Mapping | SkeletonLayout, graph_layout: str | Mapping, where: str
) -> None:
    """Refuse a backbone graph with another number of joints than the layout.

    Args:
        layout (str | dict | SkeletonLayout): The layout of the data.
        graph_layout (str | dict): ``layout`` of the backbone's ``graph_cfg``.
        where (str): What has that graph, for the message, such as ``"backbone of the recognizer"``.

    Raises:
        ValueError: If the numbers of joints differ, or MMAction2 has no graph of that name.
    """
    if isinstance(graph_layout, str):
        if graph_layout not in _STOCK_GRAPHS:
            raise ValueError(
                f'{where}: MMAction2 has no graph {graph_layout!r}, only {sorted(_STOCK_GRAPHS)}; give '
                f'dict(num_node, inward, center), which get_layout(...).graph_layout() returns'
            )
        num_joints = _STOCK_GRAPHS[graph_layout]
    else:
        num_joints = graph_layout['num_node']
    check_joint_count(layout, num_joints, f'the graph of the {where}')
