# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""The class of skeleton layouts: one definition of a body model, from which graph, bones, normalization and plots derive."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_UNITS = ('m', 'px')
# Joints of the graphs that MMAction2 knows by name.
STOCK_GRAPHS = {'nturgb+d': 25, 'openpose': 18, 'coco': 17}


def layout_error(name: str, what: str) -> ValueError:
    """The error that a definition deserves, for the caller to raise."""
    return ValueError(f'skeleton layout {name!r}: {what}')


def _joint_index(value: Any, joints: tuple[str, ...], name: str, key: str) -> int:
    """Turn a joint given by index or by name into an index."""
    if isinstance(value, str):
        if value not in joints:
            raise layout_error(
                name, f'{key} names the joint {value!r}, which is not one of {list(joints)}'
            )
        return joints.index(value)
    if isinstance(value, bool):
        raise layout_error(name, f'{key} must be a joint index or a joint name, found {value!r}')
    try:
        index = operator.index(value)
    except TypeError:
        raise layout_error(
            name, f'{key} must be a joint index or a joint name, found {value!r}'
        ) from None
    if not 0 <= index < len(joints):
        raise layout_error(
            name,
            f'{key} is joint {index}, expected 0 to {len(joints) - 1} for {len(joints)} joints',
        )
    return index


def _index_pair(value: Any, joints: tuple[str, ...], name: str, key: str) -> tuple[int, int]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise layout_error(name, f'{key} must be a pair of joints, found {value!r}')
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
        >>> layout = SkeletonLayout(name='arm', joints=['shoulder', 'elbow', 'wrist'], parents=[0, 0, 'elbow'], center='shoulder')
        >>> layout.num_joints, layout.joints[layout.center]
        (3, 'shoulder')
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
            raise layout_error(self.name, f'joints must be a list of names, found {self.joints!r}')
        if len(set(joints)) != len(joints):
            twice = sorted({j for j in joints if joints.count(j) > 1})
            raise layout_error(self.name, f'joint names must differ, found {twice} more than once')
        self._set('parents', self._checked_parents())
        self._set('center', _joint_index(self.center, joints, self.name, 'center'))
        self._set('pairs', self._checked_pairs())
        for key in ('spine', 'shoulders'):
            value = getattr(self, key)
            if value is None:
                continue
            value = _index_pair(value, joints, self.name, key)
            if value[0] == value[1]:
                raise layout_error(
                    self.name, f'{key} must be two different joints, found {value[0]} twice'
                )
            self._set(key, value)
        if self.dims not in (2, 3) or isinstance(self.dims, bool):
            raise layout_error(self.name, f'dims must be 2 or 3, found {self.dims!r}')
        if self.unit not in _UNITS:
            raise layout_error(
                self.name, f'unit must be one of {list(_UNITS)}, found {self.unit!r}'
            )
        self._set('bone_pairs', self._checked_bone_pairs())

    def _set(self, key: str, value: Any) -> None:
        object.__setattr__(self, key, value)

    def _sequence(self, key: str) -> tuple:
        value = getattr(self, key)
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise layout_error(self.name, f'{key} must be a list, found {value!r}')
        return tuple(value)

    def _checked_parents(self) -> tuple[int, ...]:
        parents = self._sequence('parents')
        num = len(self.joints)
        if len(parents) != num:
            raise layout_error(
                self.name, f'{num} joints need {num} parents, found {len(parents)} parents'
            )
        parents = tuple(_joint_index(p, self.joints, self.name, 'parents') for p in parents)
        roots = [j for j, parent in enumerate(parents) if j == parent]
        if len(roots) != 1:
            raise layout_error(
                self.name,
                f'exactly one joint must be its own parent (the root), found {len(roots)}: {roots}',
            )
        for joint in range(num):
            current = joint
            for _ in range(num):
                current = parents[current]
            if current != roots[0]:
                raise layout_error(
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
            raise layout_error(
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
            raise layout_error(
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
    def mirrored_bones(self) -> tuple[int, ...]:
        """tuple[int]: For each joint the one whose bone is the same on the other side of the body; itself where there is none."""
        mirror = self.mirror
        return tuple(
            other if self.parents[other] == mirror[self.parents[joint]] else joint
            for joint, other in enumerate(mirror)
        )

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
        from .layouts import LAYOUTS  # which are made of this class

        if LAYOUTS.get(self.name) is self and self.name in STOCK_GRAPHS:
            return self.name
        return dict(
            num_node=self.num_joints, inward=list(self.graph_inward), center=self.graph_center
        )
